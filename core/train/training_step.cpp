// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/training_step.h"

#include <algorithm>
#include <map>
#include <set>

#include <torch/nn/utils/clip_grad.h>

#include "core/train/buffer_keeper.h"
#include "core/train/calibration.h"
#include "core/train/evaluation.h"
#include "core/train/mixed_precision.h"

namespace quantarium::train {

namespace {

struct Forwarded {
    torch::Tensor predictions; ///< float32
    torch::Tensor loss;
};

Forwarded forward(Session& session, const data::Batch& batch) {
    torch::Tensor predictions;
    {
        const MixedPrecision mixed(session.mixedPrecision, session.device.type());
        predictions = session.network->forward(batch.images).to(torch::kFloat32);
    }
    return {predictions, session.task->loss(predictions, batch.targets)};
}

void updateWeights(Session& session, int pass, bool last) {
    const auto sgd = session.optimizer->sgdSettings();
    const bool mayFuse = last && pass == 0 && sgd.has_value();
    for (auto& layer : session.layers) {
        const auto& g = layer.parameter.grad();
        if (!g.defined()) continue; // a layer that this loss doesn't reach
        if (!mayFuse || !layer.quantizer->tryFusedStep(g, *sgd)) layer.quantizer->backward(g, pass);
    }
}

} // namespace

double trainingStep(Session& session, const data::Batch& batch, tasks::MetricSum& sum) {
    const int passes = session.passes();
    const auto parameters = session.parameters();
    double loss = 0;
    for (int pass = 0; pass < passes; ++pass) {
        const bool last = pass + 1 == passes;
        const BufferKeeper keeper(*session.network, !last);
        session.materialize(quant::Mode::Train, pass);
        if (session.mixedPrecision) MixedPrecision::forgetCopies();
        session.optimizer->zeroGradients();
        for (const auto& parameter : parameters)
            parameter.mutable_grad() = torch::Tensor();
        auto forwarded = forward(session, batch);
        forwarded.loss.backward();
        if (session.config.training.gradientClip)
            torch::nn::utils::clip_grad_norm_(parameters, *session.config.training.gradientClip);
        updateWeights(session, pass, last);
        loss = forwarded.loss.item<double>();
        if (last) sum.add(forwarded.predictions.detach(), batch.targets, loss);
    }
    session.optimizer->step();
    for (auto& layer : session.layers) {
        layer.quantizer->afterStep();
        if (layer.activation) layer.activation->afterStep();
    }
    return loss;
}

std::vector<std::int64_t> scheduleRestarts(const Session& session) {
    std::set<std::int64_t> epochs{0};
    for (const auto& layer : session.layers)
        for (const auto epoch : layer.quantizer->scheduleRestarts(session.config.training.epochs))
            epochs.insert(epoch);
    return {epochs.begin(), epochs.end()};
}

SchedulePoint schedulePoint(const std::vector<std::int64_t>& restarts, std::int64_t epochs,
                            std::int64_t stepsPerEpoch, std::int64_t step) {
    const auto epoch = step / std::max<std::int64_t>(1, stepsPerEpoch);
    const auto next = std::upper_bound(restarts.begin(), restarts.end(), epoch);
    const auto begin = *std::prev(next);
    const auto end = next == restarts.end() ? epochs : std::min(*next, epochs);
    return {step - begin * stepsPerEpoch, std::max<std::int64_t>(1, (end - begin) * stepsPerEpoch),
            stepsPerEpoch};
}

void applyRequests(Session& session, const quant::TrainingPoint& point) {
    bool reset = false;
    for (auto& layer : session.layers) {
        reset |= layer.quantizer->onEpoch(point).resetOptimizerState;
        if (layer.activation) layer.activation->onEpoch(point);
    }
    if (!reset) return;
    session.optimizer->resetState();
    for (auto& layer : session.layers)
        layer.quantizer->resetFusedState();
}

void runProcedures(Session& session, quant::Procedure quant::WeightMethod::*procedure) {
    std::map<const quant::WeightMethod*, std::vector<quant::WeightQuantizer*>> methods;
    for (auto& layer : session.layers)
        methods[layer.method].push_back(layer.quantizer.get());
    for (auto& [method, layers] : methods) {
        if (!(method->*procedure)) continue;
        SessionCalibration context(session);
        (method->*procedure)(context, layers);
    }
}

void finishMethods(Session& session) {
    const auto epochs = session.config.training.epochs;
    applyRequests(session, {epochs, epochs});
    runProcedures(session, &quant::WeightMethod::after);
    if (anyBlursBatchNorm(session)) reestimateBatchNorm(session, kBatchNormBatches);
}

bool anyFinishesAfterwards(const Session& session) {
    return std::any_of(session.layers.begin(), session.layers.end(),
                       [](const QuantizedLayer& layer) { return static_cast<bool>(layer.method->after); });
}

bool anyTrainFormDiffers(const Session& session) {
    return std::any_of(session.layers.begin(), session.layers.end(),
                       [](const QuantizedLayer& layer) { return layer.quantizer->trainFormDiffers(); });
}

void addMethodValues(const Session& session, std::map<std::string, double>& values) {
    std::map<std::string, std::pair<double, double>> sums; // weighted sum, weights
    for (const auto& layer : session.layers)
        for (const auto& [name, value] : layer.quantizer->epochValues()) {
            const auto weights = static_cast<double>(layer.parameter.numel());
            sums[name].first += value * weights;
            sums[name].second += weights;
        }
    for (const auto& [name, sum] : sums)
        values[name] = sum.first / sum.second;
}

void addFlipRate(const WeightSnapshot& snapshot, std::map<std::string, double>& values) {
    double flips = 0;
    double weights = 0;
    for (const auto& layer : snapshot.layers)
        if (layer.flips) {
            flips += static_cast<double>(*layer.flips);
            weights += static_cast<double>(layer.elements);
        }
    if (weights > 0) values["flip_rate"] = flips / weights;
}

} // namespace quantarium::train
