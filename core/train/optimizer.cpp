// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/optimizer.h"

#include <sstream>
#include <type_traits>

#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include "core/base/error.h"

namespace quantarium::train {

namespace {

using torch::Tensor;

/// The key of a parameter in torch's optimizer state: its address, as a text in LibTorch 1.13, as a pointer
/// in 2.x.
template <class Map> typename Map::key_type stateKey(const Map&, const Tensor& parameter) {
    const void* address = parameter.unsafeGetTensorImpl();
    if constexpr (std::is_same_v<typename Map::key_type, std::string>) {
        std::ostringstream text;
        text << address;
        return text.str();
    } else {
        return const_cast<typename Map::key_type>(address);
    }
}

/// Calls `use(index, parameter)` over all groups in order: the stable numbering of stored state.
template <class Use> void forEachParameter(torch::optim::Optimizer& optimizer, Use use) {
    std::int64_t index = 0;
    for (auto& group : optimizer.param_groups())
        for (auto& parameter : group.params())
            use(index++, parameter);
}

Tensor required(const torch::OrderedDict<std::string, Tensor>& tensors, const std::string& name,
                const Tensor& like) {
    const auto* tensor = tensors.find(name);
    if (tensor == nullptr || tensor->sizes() != like.sizes())
        throw Error(ErrorKind::Data, "the optimizer state \"" + name + "\" is missing or has another shape",
                    "checkpoint", "The checkpoint belongs to another network or method.");
    return tensor->to(like.device()).clone();
}

using SgdState = torch::optim::SGDParamState;
using AdamState = torch::optim::AdamParamState;

torch::optim::SGDOptions sgdOptions(const Options& options) {
    return torch::optim::SGDOptions(options.real("lr"))
        .momentum(options.real("momentum"))
        .weight_decay(options.real("weight_decay"))
        .nesterov(options.boolean("nesterov"));
}

torch::optim::AdamOptions adamOptions(const Options& options) {
    return torch::optim::AdamOptions(options.real("lr"))
        .betas({options.real("beta1"), options.real("beta2")})
        .eps(options.real("eps"))
        .weight_decay(options.real("weight_decay"));
}

/// Torch groups with each method's own weight decay; the learning rates follow in setLearningRate.
template <class TorchOptions>
std::vector<torch::optim::OptimizerParamGroup> torchGroups(std::vector<quant::ParameterGroup>& groups,
                                                           const TorchOptions& options) {
    std::vector<torch::optim::OptimizerParamGroup> result;
    for (auto& group : groups) {
        auto own = std::make_unique<TorchOptions>(options);
        if (group.weightDecay) own->weight_decay(*group.weightDecay);
        result.emplace_back(std::move(group.tensors), std::move(own));
    }
    return result;
}

std::vector<double> multipliers(const std::vector<quant::ParameterGroup>& groups) {
    std::vector<double> result;
    for (const auto& group : groups)
        result.push_back(group.learningRateMultiplier);
    return result;
}

OptionSpec decaySpec() {
    return OptionSpec::real("weight_decay", "Weight decay", 1e-4, 0.0, 10.0,
                            "L2 penalty; search logits are exempt");
}

OptimizerEntry sgdEntry() {
    OptimizerEntry entry;
    entry.schema = {
        "sgd",
        "SGD",
        "Stochastic gradient descent with momentum",
        "paper B 3.1; paper A 3.2",
        {OptionSpec::real("lr", "Learning rate", 0.1, 0.0, 1000.0, "Multiplied by the schedule's factor"),
         OptionSpec::real("momentum", "Momentum", 0.9, 0.0, 0.9999, "Share of the last update that is kept"),
         OptionSpec::boolean("nesterov", "Nesterov", false,
                             "Look ahead along the momentum; needs momentum above 0"),
         decaySpec()}};
    entry.stateFloatsPerParameter = 1;
    entry.make = [](std::vector<quant::ParameterGroup> groups, const Options& options) {
        const auto factors = multipliers(groups);
        const auto settings = sgdOptions(options);
        return std::make_unique<Optimizer>(
            std::make_unique<torch::optim::SGD>(torchGroups(groups, settings), settings), factors,
            options.real("lr"),
            quant::SgdSettings{options.real("lr"), options.real("momentum"), options.real("weight_decay"),
                               options.boolean("nesterov")});
    };
    return entry;
}

OptimizerEntry adamEntry() {
    OptimizerEntry entry;
    entry.schema = {
        "adam",
        "Adam",
        "Adaptive moments",
        "Kingma, Ba 2015",
        {OptionSpec::real("lr", "Learning rate", 1e-3, 0.0, 1000.0, "Multiplied by the schedule's factor"),
         OptionSpec::real("beta1", "Beta 1", 0.9, 0.0, 0.999999, "Decay of the first moment").asAdvanced(),
         OptionSpec::real("beta2", "Beta 2", 0.999, 0.0, 0.99999999, "Decay of the second moment")
             .asAdvanced(),
         OptionSpec::real("eps", "Epsilon", 1e-8, 1e-30, 1.0, "Added to the root of the second moment")
             .asAdvanced(),
         decaySpec()}};
    entry.stateFloatsPerParameter = 2;
    entry.make = [](std::vector<quant::ParameterGroup> groups, const Options& options) {
        const auto factors = multipliers(groups);
        const auto settings = adamOptions(options);
        return std::make_unique<Optimizer>(
            std::make_unique<torch::optim::Adam>(torchGroups(groups, settings), settings), factors,
            options.real("lr"), std::nullopt);
    };
    return entry;
}

} // namespace

Optimizer::Optimizer(std::unique_ptr<torch::optim::Optimizer> optimizer, std::vector<double> multipliers,
                     double learningRate, std::optional<quant::SgdSettings> sgd)
    : m_optimizer(std::move(optimizer)), m_multipliers(std::move(multipliers)), m_baseRate(learningRate),
      m_learningRate(learningRate), m_sgd(sgd) {}

void Optimizer::setLearningRate(double factor) {
    m_learningRate = m_baseRate * factor;
    if (m_sgd) m_sgd->learningRate = m_learningRate;
    auto& groups = m_optimizer->param_groups();
    for (std::size_t i = 0; i < groups.size(); ++i)
        groups[i].options().set_lr(m_learningRate * m_multipliers[i]);
}

void Optimizer::step() {
    m_optimizer->step();
}

void Optimizer::zeroGradients() {
    // Undefined instead of zero: parameters that a fused step has moved are then skipped by step().
    forEachParameter(*m_optimizer,
                     [](std::int64_t, Tensor& parameter) { parameter.mutable_grad() = Tensor(); });
}

void Optimizer::resetState() {
    m_optimizer->state().clear();
}

std::optional<quant::SgdSettings> Optimizer::sgdSettings() const {
    return m_sgd;
}

void Optimizer::save(torch::OrderedDict<std::string, Tensor>& tensors, Json& numbers) const {
    auto& state = m_optimizer->state();
    forEachParameter(*m_optimizer, [&](std::int64_t index, Tensor& parameter) {
        const auto found = state.find(stateKey(state, parameter));
        if (found == state.end()) return;
        const std::string key = std::to_string(index);
        if (const auto* sgd = dynamic_cast<const SgdState*>(found->second.get())) {
            if (sgd->momentum_buffer().defined()) tensors.insert(key + ".momentum", sgd->momentum_buffer());
        } else if (const auto* adam = dynamic_cast<const AdamState*>(found->second.get())) {
            numbers[key] = adam->step();
            tensors.insert(key + ".first", adam->exp_avg());
            tensors.insert(key + ".second", adam->exp_avg_sq());
        }
    });
}

void Optimizer::load(const torch::OrderedDict<std::string, Tensor>& tensors, const Json& numbers) {
    auto& state = m_optimizer->state();
    state.clear();
    forEachParameter(*m_optimizer, [&](std::int64_t index, Tensor& parameter) {
        const std::string key = std::to_string(index);
        if (m_sgd) {
            if (!tensors.contains(key + ".momentum")) return;
            auto own = std::make_unique<SgdState>();
            own->momentum_buffer(required(tensors, key + ".momentum", parameter));
            state[stateKey(state, parameter)] = std::move(own);
        } else if (numbers.contains(key)) {
            auto own = std::make_unique<AdamState>();
            own->step(numbers.at(key).get<std::int64_t>());
            own->exp_avg(required(tensors, key + ".first", parameter));
            own->exp_avg_sq(required(tensors, key + ".second", parameter));
            state[stateKey(state, parameter)] = std::move(own);
        }
    });
}

const Optimizers& builtinOptimizers() {
    static const Optimizers optimizers("optimizer", {sgdEntry(), adamEntry()});
    return optimizers;
}

} // namespace quantarium::train
