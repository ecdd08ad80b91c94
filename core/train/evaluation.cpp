// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/evaluation.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include <torch/nn/modules/batchnorm.h>

#include "core/train/buffer_keeper.h"

namespace quantarium::train {

namespace {

/// An optional number: LibTorch 1.13 has its own type for it, 2.x the standard's.
using Momentum = std::decay_t<decltype(std::declval<torch::nn::BatchNormOptions&>().momentum())>;

} // namespace

std::map<std::string, double> evaluate(Session& session, const std::shared_ptr<const data::Dataset>& dataset,
                                       quant::Mode mode, const std::string& prefix) {
    if (dataset == nullptr || dataset->size() == 0) return {};
    torch::NoGradGuard guard;
    const bool blurred = mode == quant::Mode::Eval && anyBlursBatchNorm(session);
    const BufferKeeper keeper(*session.network, blurred);
    if (blurred) reestimateBatchNorm(session, kBatchNormBatches);
    session.network->eval();
    session.materialize(mode);
    const auto sum = session.task->newSum();
    const auto loader = session.loader(dataset, LoaderUse::Evaluate);
    loader->start(0);
    while (auto batch = loader->next()) {
        const auto [images, targets] = session.onDevice(std::move(*batch));
        const auto predictions = session.network->forward(images);
        sum->add(predictions, targets, session.task->loss(predictions, targets).item<double>());
    }
    std::map<std::string, double> values;
    for (const auto& [name, value] : sum->values())
        values[prefix + name] = value;
    return values;
}

bool anyBlursBatchNorm(const Session& session) {
    return std::any_of(session.layers.begin(), session.layers.end(),
                       [](const QuantizedLayer& layer) { return layer.quantizer->blursBatchNorm(); });
}

void reestimateBatchNorm(Session& session, std::int64_t batches) {
    torch::NoGradGuard guard;
    session.materialize(quant::Mode::Eval);
    std::vector<std::pair<torch::nn::BatchNorm2d, Momentum>> norms;
    for (const auto& module : session.network->modules(/*include_self=*/false))
        if (auto norm = std::dynamic_pointer_cast<torch::nn::BatchNorm2dImpl>(module)) {
            norms.emplace_back(torch::nn::BatchNorm2d(norm), norm->options.momentum());
            norm->reset_running_stats();
            norm->options.momentum(Momentum()); // a cumulative average over the batches
        }
    if (norms.empty()) return;
    session.network->train();
    const auto loader = session.loader(session.splits.train, LoaderUse::Train);
    loader->start(0);
    for (std::int64_t i = 0; i < batches; ++i) {
        auto batch = loader->next();
        if (!batch) break;
        session.network->forward(session.onDevice(std::move(*batch)).images);
    }
    for (auto& [norm, momentum] : norms)
        norm->options.momentum(momentum);
    session.network->eval();
}

} // namespace quantarium::train
