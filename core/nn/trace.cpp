// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/trace.h"

#include <string>
#include <vector>

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/constants.h>

#include "core/base/error.h"

namespace quantarium::nn {

namespace {

/// Evaluation mode without gradients for the life of the object: the tracer can't record tensors that require
/// them.
class TracingMode {
public:
    explicit TracingMode(Network& network)
        : m_network(network), m_training(network.is_training()), m_modules(network.modules(false)) {
        for (const auto& module : m_modules)
            m_moduleTraining.push_back(module->is_training());
        for (const auto& parameter : network.parameters())
            if (parameter.requires_grad()) m_learnable.push_back(parameter);
        network.eval();
        for (auto& parameter : m_learnable)
            parameter.set_requires_grad(false);
    }

    ~TracingMode() {
        for (auto& parameter : m_learnable)
            parameter.set_requires_grad(true);
        m_network.train(m_training);
        for (std::size_t i = 0; i < m_modules.size(); ++i) // parents come before their children
            m_modules[i]->train(m_moduleTraining[i]);
    }

    TracingMode(const TracingMode&) = delete;
    TracingMode& operator=(const TracingMode&) = delete;

private:
    Network& m_network;
    bool m_training;
    std::vector<std::shared_ptr<torch::nn::Module>> m_modules;
    std::vector<bool> m_moduleTraining;
    std::vector<torch::Tensor> m_learnable;
};

std::shared_ptr<torch::jit::Graph> trace(Network& network, const torch::Tensor& images) {
    const TracingMode mode(network);
    const torch::NoGradGuard noGradients;
    const c10::impl::ExcludeDispatchKeyGuard noAutocast(c10::autocast_dispatch_keyset);
    const auto run = [&network](torch::jit::Stack inputs) -> torch::jit::Stack {
        return {network.forward(inputs.at(0).toTensor())};
    };
    const auto traced =
        torch::jit::tracer::trace({images}, run, [](const torch::Tensor&) { return std::string(); });
    return traced.first->graph;
}

} // namespace

std::shared_ptr<torch::jit::Graph> traceForward(Network& network, const InputShape& shape) {
    const auto parameters = network.parameters();
    const auto options = parameters.empty() ? torch::TensorOptions() : parameters.front().options();
    try {
        return trace(network, torch::zeros({1, shape.channels, shape.height, shape.width},
                                           options.requires_grad(false)));
    } catch (const c10::Error& error) {
        const std::string text = error.what_without_backtrace();
        throw Error(ErrorKind::Config,
                    "the network can't be run on images of " + std::to_string(shape.channels) + " x " +
                        std::to_string(shape.height) + " x " + std::to_string(shape.width) + ": " +
                        text.substr(0, text.find('\n')),
                    "network");
    }
}

bool isKind(const torch::jit::Node& node, std::string_view name) {
    return node.kind().toQualString() == name;
}

std::vector<std::int64_t> sizesOf(const torch::jit::Value& value) {
    const auto type = value.type()->cast<torch::jit::TensorType>();
    if (!type) return {};
    const auto sizes = type->sizes().concrete_sizes();
    if (!sizes) return {};
    return {sizes->begin(), sizes->end()};
}

std::optional<std::vector<std::int64_t>> constantIntegers(const torch::jit::Value& value) {
    if (const auto constant = torch::jit::toIValue(&value)) {
        if (constant->isIntList()) return constant->toIntVector();
        return std::nullopt;
    }
    if (!isKind(*value.node(), "prim::ListConstruct")) return std::nullopt;
    std::vector<std::int64_t> integers;
    for (const auto* item : value.node()->inputs()) {
        const auto constant = torch::jit::toIValue(item);
        if (!constant || !constant->isInt()) return std::nullopt;
        integers.push_back(constant->toInt());
    }
    return integers;
}

const torch::jit::Node* onlyBatchNorm(const torch::jit::Value& value) {
    if (value.uses().size() != 1) return nullptr;
    const auto& use = value.uses().front();
    if (isKind(*use.user, "aten::max_pool2d")) return onlyBatchNorm(*use.user->output());
    return isKind(*use.user, "aten::batch_norm") && use.offset == 0 ? use.user : nullptr;
}

} // namespace quantarium::nn
