// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/layer_graph.h"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <numeric>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include "core/nn/trace.h"

namespace quantarium::nn {

namespace {

using torch::jit::Node;
using torch::jit::Value;

std::int64_t elements(const std::vector<std::int64_t>& shape) {
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

bool isConvolution(const Node& node) {
    return isKind(node, "aten::_convolution");
}

bool isLinear(const Node& node) {
    return isKind(node, "aten::linear");
}

/// The last module of "layer1.0.conv1.weight" is "layer1.0.conv1"; a parameter of the network itself stands
/// for itself.
std::string layerName(const std::string& parameter) {
    const auto dot = parameter.rfind('.');
    return dot == std::string::npos ? parameter : parameter.substr(0, dot);
}

/// Whether a convolution other than this one takes the value, too.
bool feedsOtherConvolution(const Value& value, const Node& node) {
    return std::any_of(value.uses().begin(), value.uses().end(), [&](const torch::jit::Use& use) {
        return use.user != &node && use.offset == 0 && isConvolution(*use.user);
    });
}

bool isAnyKind(const Node& node, std::initializer_list<const char*> kinds) {
    return std::any_of(kinds.begin(), kinds.end(), [&](const char* kind) { return isKind(node, kind); });
}

/// A constant number among an operation's inputs.
std::optional<double> constantNumber(const Node& node, std::size_t index) {
    if (index >= node.inputs().size()) return std::nullopt;
    const auto value = torch::jit::toIValue(node.inputs()[index]);
    return value && value->isScalar() ? std::optional(value->toScalar().toDouble()) : std::nullopt;
}

/// Whether a value can't be below 0, judged by the operations that made it.
bool neverNegative(const Value& value) {
    const Node& node = *value.node();
    if (isAnyKind(node, {"aten::relu", "aten::relu_", "aten::relu6", "aten::relu6_", "aten::sigmoid",
                         "aten::abs", "aten::softmax"}))
        return true;
    if (isAnyKind(node, {"aten::hardtanh", "aten::hardtanh_", "aten::clamp", "aten::clamp_",
                         "aten::clamp_min", "aten::clamp_min_"}))
        return constantNumber(node, 1).value_or(-1) >= 0;
    if (isAnyKind(node, {"aten::add", "aten::add_"}))
        return neverNegative(*node.inputs()[0]) && neverNegative(*node.inputs()[1]);
    if (isAnyKind(node, {"aten::max_pool2d", "aten::avg_pool2d", "aten::adaptive_avg_pool2d", "aten::mean",
                         "aten::flatten", "aten::view", "aten::reshape", "aten::dropout", "aten::dropout_",
                         "aten::contiguous", "aten::slice"}))
        return neverNegative(*node.inputs()[0]);
    return false;
}

/// Reads the nodes out of a traced graph.
class GraphReader {
public:
    explicit GraphReader(Network& network) {
        for (const auto& item : network.named_parameters())
            if (m_names.emplace(item.value().data_ptr(), item.key()).second)
                m_graph.parameters += item.value().numel();
    }

    LayerGraph read(const torch::jit::Graph& graph) {
        for (const Node* node : graph.nodes())
            visit(*node);
        markEnds();
        for (const auto& node : m_graph.nodes)
            m_graph.macs += node.macs;
        return std::move(m_graph);
    }

private:
    void visit(const Node& node) {
        countActivations(node);
        if (isConvolution(node) || isLinear(node)) {
            visitWeighted(node);
        } else if (isKind(node, "aten::batch_norm")) {
            visitBatchNorm(node);
        }
    }

    /// Results that have memory of their own: operators whose schema lets them return an input's memory
    /// (views, in-place ones) are left out.
    void countActivations(const Node& node) {
        const auto* schema = node.maybeSchema();
        if (schema == nullptr) return;
        for (std::size_t i = 0; i < node.outputs().size() && i < schema->returns().size(); ++i)
            if (schema->returns()[i].alias_info() == nullptr &&
                node.outputs()[i]->type()->cast<torch::jit::TensorType>())
                m_graph.activationElements += elements(sizesOf(*node.outputs()[i]));
    }

    /// The network's tensor at one of an operation's inputs; undefined if there is none or it is computed.
    torch::Tensor operand(const Node& node, std::size_t index) const {
        const auto constant = torch::jit::toIValue(node.inputs()[index]);
        if (!constant || !constant->isTensor() || !constant->toTensor().defined()) return {};
        const auto& tensor = constant->toTensor();
        return m_names.count(tensor.data_ptr()) ? tensor : torch::Tensor();
    }

    void visitWeighted(const Node& node) {
        const torch::Tensor weight = operand(node, 1);
        if (!weight.defined()) return;
        LayerNode layer = describe(node, weight);
        layer.inputElements = elements(sizesOf(*node.inputs()[0]));
        layer.inputNeverNegative = neverNegative(*node.inputs()[0]);
        if (const Node* norm = onlyBatchNorm(*node.output())) {
            layer.followedByBatchNorm = true;
            const auto scale = operand(*norm, 1);
            if (scale.defined()) layer.batchNorm = layerName(m_names.at(scale.data_ptr()));
        }
        m_last = merge(std::move(layer));
        if (!m_first) m_first = m_last;
    }

    LayerNode describe(const Node& node, const torch::Tensor& weight) const {
        LayerNode layer = named(node, weight);
        const std::int64_t positions = elements(layer.outputShape);
        if (isLinear(node)) {
            layer.kind = "linear";
            layer.fanIn = weight.size(1);
            layer.fanOut = weight.size(0);
            layer.macs = positions / std::max<std::int64_t>(weight.size(0), 1) * weight.numel();
            return layer;
        }
        const bool transposed = torch::jit::toIValue(node.inputs()[6])->toBool();
        layer.groups = torch::jit::toIValue(node.inputs()[8])->toInt();
        const bool depthwise = layer.groups > 1 && layer.groups == weight.size(0) && weight.size(1) == 1;
        layer.kind = depthwise ? "depthwise conv" : "conv";
        layer.stride = constantIntegers(*node.inputs()[3]).value_or(std::vector<std::int64_t>{1}).front();
        layer.padding = constantIntegers(*node.inputs()[4]).value_or(std::vector<std::int64_t>{0}).front();
        const std::int64_t kernel = weight[0][0].numel();
        layer.shortcut = kernel == 1 && feedsOtherConvolution(*node.inputs()[0], node);
        layer.fanIn = (transposed ? weight.size(0) / layer.groups : weight.size(1)) * kernel;
        layer.fanOut = (transposed ? weight.size(1) : weight.size(0) / layer.groups) * kernel;
        // each weight meets every position of the output, or of the input if the convolution is transposed
        const auto moved = transposed ? sizesOf(*node.inputs()[0]) : sizesOf(*node.output());
        layer.macs = elements({moved.begin() + 2, moved.end()}) * weight.numel();
        return layer;
    }

    LayerNode named(const Node& node, const torch::Tensor& weight) const {
        LayerNode layer;
        layer.parameter = m_names.at(weight.data_ptr());
        layer.layer = layerName(layer.parameter);
        layer.weightShape = weight.sizes().vec();
        const torch::Tensor bias = operand(node, 2);
        layer.parameters = weight.numel() + (bias.defined() ? bias.numel() : 0);
        const auto shape = sizesOf(*node.output());
        layer.outputShape.assign(shape.begin() + (shape.empty() ? 0 : 1), shape.end());
        return layer;
    }

    void visitBatchNorm(const Node& node) {
        const torch::Tensor weight = operand(node, 1);
        if (!weight.defined()) return;
        LayerNode layer = named(node, weight);
        layer.kind = "batch norm";
        merge(std::move(layer));
    }

    /// Appends a layer, or adds to the one that has the same weight. Returns its place.
    std::size_t merge(LayerNode layer) {
        const auto known = m_places.emplace(layer.parameter, m_graph.nodes.size());
        if (known.second) {
            m_graph.nodes.push_back(std::move(layer));
        } else {
            auto& earlier = m_graph.nodes[known.first->second];
            earlier.macs += layer.macs;
            earlier.followedByBatchNorm = earlier.followedByBatchNorm && layer.followedByBatchNorm;
            if (earlier.batchNorm != layer.batchNorm) earlier.batchNorm.clear();
        }
        return known.first->second;
    }

    void markEnds() {
        if (!m_first) return;
        m_graph.nodes[*m_first].first = true;
        m_graph.nodes[m_last].last = true;
    }

    LayerGraph m_graph;
    std::unordered_map<const void*, std::string> m_names;
    std::unordered_map<std::string, std::size_t> m_places; ///< by parameter, in m_graph.nodes
    std::optional<std::size_t> m_first;
    std::size_t m_last = 0;
};

} // namespace

const LayerNode* LayerGraph::find(const std::string& parameter) const {
    const auto found = std::find_if(nodes.begin(), nodes.end(),
                                    [&](const LayerNode& node) { return node.parameter == parameter; });
    return found == nodes.end() ? nullptr : &*found;
}

LayerGraph traceLayers(Network& network, const InputShape& shape) {
    return GraphReader(network).read(*traceForward(network, shape));
}

} // namespace quantarium::nn
