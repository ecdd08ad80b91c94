// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/deploy/graph_translation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <torch/csrc/jit/ir/constants.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/deploy/graph_operands.h"
#include "core/nn/trace.h"

namespace quantarium::deploy {

namespace {

using torch::jit::Node;
using torch::jit::Value;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kSumOfTwo = 0x1p29;  ///< units that the sum of two branches may take: one bit is left free
constexpr double kSumOfMany = 0x1p30; ///< units that the mean of a window may take

/// What a value of the traced graph has become: the image, or sums with one scale.
struct Source {
    bool image = false;
    std::size_t id = 0;
    MapShape shape;
    double scale = 1;        ///< of one unit
    double bound = 0;        ///< no sum is larger, as a real number
    double low = -kInfinity; ///< what the value has still to be clamped to, as real numbers: ReLU waits here
    double high = kInfinity; ///< for the next rounding, which does it for nothing
    const Node* norm = nullptr; ///< a batch norm that is folded in already and still to come
    std::vector<bool> turned;   ///< channels that it turns around

    bool clamped() const { return low > -kInfinity || high < kInfinity; }
    double clampedBound() const {
        return std::max(std::abs(std::clamp(-bound, low, high)), std::abs(std::clamp(bound, low, high)));
    }
};

/// A real limit in units, halves up as evaluation rounds.
std::int32_t limitInUnits(double limit, double scale) {
    constexpr double kMost = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(std::clamp(std::floor(limit / scale + 0.5), -kMost - 1, kMost));
}

SumLimits limitsOf(const Source& source, double scale) {
    return {limitInUnits(source.low, scale), limitInUnits(source.high, scale)};
}

class GraphTranslation {
public:
    GraphTranslation(const ParameterNames& names, const std::map<std::string, LayerGrids>& layers)
        : m_names(names), m_layers(layers) {}

    IntegerNetwork::Parts translate(const torch::jit::Graph& graph, const MapShape& image) {
        m_parts.image = image;
        Source source;
        source.image = true;
        source.shape = image;
        m_sources[graph.inputs().at(0)] = source;
        for (const Node* node : graph.nodes())
            visit(*node);
        const auto logits = finished(sums(*graph.outputs().at(0), *graph.return_node()));
        m_parts.logits = logits.id;
        m_parts.logitScale = logits.scale;
        return std::move(m_parts);
    }

private:
    using Translator = void (GraphTranslation::*)(const Node&);

    void visit(const Node& node) {
        static const std::map<std::string, Translator> kTranslators{
            {"prim::Constant", &GraphTranslation::skip},
            {"prim::ListConstruct", &GraphTranslation::skip},
            {"aten::_convolution", &GraphTranslation::convolution},
            {"aten::linear", &GraphTranslation::linear},
            {"aten::batch_norm", &GraphTranslation::batchNorm},
            {"aten::relu", &GraphTranslation::relu},
            {"aten::relu_", &GraphTranslation::relu},
            {"aten::relu6", &GraphTranslation::relu6},
            {"aten::relu6_", &GraphTranslation::relu6},
            {"aten::hardtanh", &GraphTranslation::clamp},
            {"aten::hardtanh_", &GraphTranslation::clamp},
            {"aten::clamp", &GraphTranslation::clamp},
            {"aten::clamp_", &GraphTranslation::clamp},
            {"aten::add", &GraphTranslation::add},
            {"aten::add_", &GraphTranslation::add},
            {"aten::max_pool2d", &GraphTranslation::maxPool},
            {"aten::avg_pool2d", &GraphTranslation::meanPool},
            {"aten::adaptive_avg_pool2d", &GraphTranslation::adaptiveMeanPool},
            {"aten::mean", &GraphTranslation::globalMean},
            {"aten::flatten", &GraphTranslation::flatten},
            {"aten::slice", &GraphTranslation::slice},
            {"aten::constant_pad_nd", &GraphTranslation::pad},
        };
        const auto found = kTranslators.find(node.kind().toQualString());
        if (found == kTranslators.end()) {
            std::vector<std::string> known;
            for (const auto& entry : kTranslators)
                if (entry.first.starts_with("aten::")) known.push_back(entry.first);
            throw Error(ErrorKind::Config,
                        std::string("the integer network has no operation ") + node.kind().toQualString(),
                        "network", "It has: " + join(known) + ".");
        }
        (this->*found->second)(node);
    }

    void skip(const Node&) {}

    const Source& source(const Value& value, const Node& user) const {
        const auto found = m_sources.find(&value);
        if (found == m_sources.end()) refuse(user, "with an input that is neither image nor map");
        return found->second;
    }

    /// A value that layers have made; the image itself goes into layers only.
    const Source& sums(const Value& value, const Node& user) const {
        const auto& found = source(value, user);
        if (found.image) refuse(user, "on the images themselves");
        return found;
    }

    template <class Operation> void append(Operation operation) {
        m_parts.operations.push_back(std::make_unique<const Operation>(std::move(operation)));
    }

    std::size_t newValue() { return m_parts.values++; }

    /// The value with its clamps done.
    Source finished(Source from) {
        if (!from.clamped()) return from;
        ClampSums clamp;
        clamp.in = from.id;
        clamp.out = from.id = newValue();
        clamp.limits = limitsOf(from, from.scale);
        append(std::move(clamp));
        from.bound = from.clampedBound();
        from.low = -kInfinity;
        from.high = kInfinity;
        return from;
    }

    /// The value as codes of a grid; returns their id.
    std::size_t codes(const Source& from, const quant::ActivationGrid& grid) {
        const auto zero = static_cast<std::int32_t>(grid.zeroPoint);
        const auto highest = static_cast<std::int32_t>(grid.highest);
        if (from.image) {
            QuantizeImage quantize;
            quantize.out = newValue();
            quantize.step = static_cast<float>(grid.step);
            quantize.zeroPoint = zero;
            quantize.highest = highest;
            append(quantize);
            return quantize.out;
        }
        const auto codeOf = [&](double limit) {
            return static_cast<std::int32_t>(
                std::clamp(std::floor(limit / grid.step + 0.5) + zero, 0.0, static_cast<double>(highest)));
        };
        Requantize requantize;
        requantize.in = from.id;
        requantize.out = newValue();
        requantize.factor = FixedPointFactor::of(from.scale / grid.step);
        requantize.zeroPoint = zero;
        requantize.low = codeOf(from.low);
        requantize.high = codeOf(from.high);
        append(requantize);
        return requantize.out;
    }

    void convolution(const Node& node) {
        const auto& from = source(*node.inputs()[0], node);
        ConvolutionShape shape;
        shape.in = from.shape;
        shape.out = mapOf(*node.output(), node);
        readPair(*node.inputs()[3], shape.stride, node);
        readPair(*node.inputs()[4], shape.padding, node);
        readPair(*node.inputs()[5], shape.dilation, node);
        if (boolOf(*node.inputs()[6])) refuse(node, "transposed");
        shape.groups = integerOf(*node.inputs()[8], node);
        layer(node, from, shape);
    }

    void linear(const Node& node) {
        const auto& from = source(*node.inputs()[0], node);
        if (nn::sizesOf(*node.inputs()[0]).size() != 2) refuse(node, "on maps that aren't flattened");
        ConvolutionShape shape;
        shape.in = {from.shape.elements(), 1, 1};
        shape.out = mapOf(*node.output(), node);
        layer(node, from, shape);
    }

    /// Codes of the input, then weights and bias, with the batch norm behind them where it is folded in.
    void layer(const Node& node, const Source& from, ConvolutionShape shape) {
        const auto name = layerName(node);
        const auto& grids = m_layers.at(name);
        const auto sizes = grids.weight.integers.sizes();
        if (sizes.size() == 4) std::copy(sizes.begin() + 2, sizes.end(), shape.kernel);
        Source out;
        std::optional<NormConstants> constants;
        if (grids.weight.foldsBatchNorm) {
            out.norm = nn::onlyBatchNorm(*node.output());
            if (out.norm == nullptr) refuse(node, "with a folded batch norm that doesn't follow", name);
            constants = normConstants(*out.norm);
            const auto turned = constants->factor() < 0;
            for (std::int64_t i = 0; i < turned.numel(); ++i)
                out.turned.push_back(turned[i].item<bool>());
        }
        auto summed =
            summedLayer(name, grids, tensorOf(*node.inputs()[2]), constants ? &*constants : nullptr);
        Convolution convolution;
        convolution.in = m_parts.layerInputs[name] = codes(from, grids.input);
        convolution.out = out.id = newValue();
        convolution.shape = shape;
        convolution.weights = std::move(summed.weights);
        convolution.zeroPoint = static_cast<std::int32_t>(grids.input.zeroPoint);
        m_parts.weightBytes += static_cast<std::int64_t>(convolution.weights.weights.size());
        append(std::move(convolution));
        out.shape = shape.out;
        out.scale = summed.scale;
        out.bound = summed.largestSum * summed.scale;
        m_sources[node.output()] = std::move(out);
    }

    std::string layerName(const Node& node) const {
        const auto weight = tensorOf(*node.inputs()[1]);
        const auto found = weight.defined() ? m_names.find(weight.data_ptr()) : m_names.end();
        if (found == m_names.end()) refuse(node, "whose weight is no parameter of the network");
        const auto name = found->second.substr(0, found->second.rfind('.'));
        if (!m_layers.contains(name)) refuse(node, "without quantizers", name);
        return name;
    }

    void batchNorm(const Node& node) {
        auto from = sums(*node.inputs()[0], node);
        if (from.norm != &node)
            refuse(node, "that isn't folded into a layer directly before it",
                   nameOf(tensorOf(*node.inputs()[1])));
        from.norm = nullptr;
        from.turned.clear();
        m_sources[node.output()] = std::move(from);
    }

    std::string nameOf(const torch::Tensor& tensor) const {
        const auto found = tensor.defined() ? m_names.find(tensor.data_ptr()) : m_names.end();
        return found == m_names.end() ? "network" : found->second.substr(0, found->second.rfind('.'));
    }

    void relu(const Node& node) { clampTo(node, 0, kInfinity); }
    void relu6(const Node& node) { clampTo(node, 0, 6); }
    void clamp(const Node& node) {
        clampTo(node, numberOf(*node.inputs()[1], -kInfinity, node),
                numberOf(*node.inputs()[2], kInfinity, node));
    }

    void clampTo(const Node& node, double low, double high) {
        auto from = sums(*node.inputs()[0], node);
        from.low = std::clamp(from.low, low, high);
        from.high = std::clamp(from.high, low, high);
        m_sources[node.output()] = std::move(from);
    }

    void add(const Node& node) {
        const Source* terms[2] = {&sums(*node.inputs()[0], node), &sums(*node.inputs()[1], node)};
        if (!(terms[0]->shape == terms[1]->shape)) refuse(node, "of maps of different sizes");
        if (numberOf(*node.inputs()[2], 1, node) != 1) refuse(node, "with a factor");
        Source out;
        out.shape = terms[0]->shape;
        out.bound = terms[0]->clampedBound() + terms[1]->clampedBound();
        out.scale = out.bound > 0 ? out.bound / kSumOfTwo : 1.0;
        AddSums sum;
        for (int i = 0; i < 2; ++i)
            sum.operands[i] = {terms[i]->id, FixedPointFactor::of(terms[i]->scale / out.scale),
                               limitsOf(*terms[i], out.scale)};
        sum.out = out.id = newValue();
        append(std::move(sum));
        m_sources[node.output()] = std::move(out);
    }

    void maxPool(const Node& node) {
        auto from = sums(*node.inputs()[0], node);
        MaxPool pool;
        pool.in = from.id;
        pool.windows = slidingWindows(node, from.shape, mapOf(*node.output(), node));
        std::int64_t dilation[2];
        readPair(*node.inputs()[4], dilation, node);
        if (dilation[0] != 1 || dilation[1] != 1) refuse(node, "with dilation");
        pool.turned = from.turned;
        pool.out = from.id = newValue();
        append(std::move(pool));
        from.shape = mapOf(*node.output(), node);
        m_sources[node.output()] = std::move(from);
    }

    void meanPool(const Node& node) {
        if (numberOf(*node.inputs()[6], 0, node) != 0) refuse(node, "with a divisor of its own");
        const auto& from = sums(*node.inputs()[0], node);
        meanOver(node, slidingWindows(node, from.shape, mapOf(*node.output(), node)));
    }

    void adaptiveMeanPool(const Node& node) {
        const auto& from = sums(*node.inputs()[0], node);
        meanOver(node, adaptiveWindows(from.shape, mapOf(*node.output(), node)));
    }

    void globalMean(const Node& node) {
        auto dims = nn::constantIntegers(*node.inputs()[1]).value_or(std::vector<std::int64_t>{});
        for (auto& dim : dims)
            if (dim < 0) dim += 4;
        std::sort(dims.begin(), dims.end());
        const auto& from = sums(*node.inputs()[0], node);
        if (dims != std::vector<std::int64_t>{2, 3} || nn::sizesOf(*node.inputs()[0]).size() != 4)
            refuse(node, "over other dimensions than height and width");
        meanOver(node, {from.shape, std::vector<Window>{{0, from.shape.height}},
                        std::vector<Window>{{0, from.shape.width}}});
    }

    /// The mean is the sum in units that are smaller by the number of elements, divided only as far as 32
    /// bits ask for.
    void meanOver(const Node& node, PoolWindows windows) {
        const auto count = elementsOf(windows);
        if (!count) refuse(node, "with windows of different sizes");
        auto from = finished(sums(*node.inputs()[0], node));
        MeanPool pool;
        pool.in = from.id;
        const auto elements = static_cast<double>(*count);
        const double divisor = std::max(1.0, std::ceil(from.bound / from.scale * elements / kSumOfMany));
        pool.divisor = static_cast<std::int64_t>(divisor);
        pool.out = from.id = newValue();
        pool.windows = std::move(windows);
        append(std::move(pool));
        from.scale *= divisor / elements;
        from.shape = mapOf(*node.output(), node);
        m_sources[node.output()] = std::move(from);
    }

    void flatten(const Node& node) {
        auto from = source(*node.inputs()[0], node);
        if (nn::sizesOf(*node.output()).size() != 2)
            refuse(node, "of other dimensions than all of an image's");
        from.shape = {from.shape.elements(), 1, 1};
        m_sources[node.output()] = std::move(from);
    }

    void slice(const Node& node) {
        const auto& from = sums(*node.inputs()[0], node);
        const auto dim = integerOf(*node.inputs()[1], node);
        if (dim < 1 || dim > 3 || nn::sizesOf(*node.inputs()[0]).size() != 4)
            refuse(node, "along another dimension than channels, height and width");
        MapPlaces places(from.shape, mapOf(*node.output(), node));
        places.start[dim - 1] = static_cast<std::int64_t>(numberOf(*node.inputs()[2], 0, node));
        places.step[dim - 1] = integerOf(*node.inputs()[4], node);
        if (places.start[dim - 1] < 0) refuse(node, "counted from the end");
        pick(node, from, places);
    }

    void pad(const Node& node) {
        auto from = sums(*node.inputs()[0], node);
        const auto pads = nn::constantIntegers(*node.inputs()[1]);
        if (!pads || pads->size() > 6 || nn::sizesOf(*node.inputs()[0]).size() != 4 ||
            std::any_of(pads->begin(), pads->end(), [](std::int64_t p) { return p < 0; }))
            refuse(node, "by computed or negative amounts");
        if (numberOf(*node.inputs()[2], 0, node) != 0) refuse(node, "with another value than 0");
        if (from.low > 0 || from.high < 0) from = finished(from); // so that 0 stays 0
        MapPlaces places(from.shape, mapOf(*node.output(), node));
        for (std::size_t i = 0; 2 * i < pads->size(); ++i) // pairs come from the last dimension on
            places.start[2 - i] = -(*pads)[2 * i];
        pick(node, from, places);
    }

    void pick(const Node& node, Source from, const MapPlaces& places) {
        PickSums pick;
        pick.in = from.id;
        pick.places = places.all();
        pick.out = from.id = newValue();
        append(std::move(pick));
        from.shape = mapOf(*node.output(), node);
        m_sources[node.output()] = std::move(from);
    }

    const ParameterNames& m_names;
    const std::map<std::string, LayerGrids>& m_layers;
    std::map<const Value*, Source> m_sources;
    IntegerNetwork::Parts m_parts;
};

} // namespace

IntegerNetwork::Parts translateGraph(const torch::jit::Graph& graph, const ParameterNames& names,
                                     const std::map<std::string, LayerGrids>& layers, const MapShape& image) {
    return GraphTranslation(names, layers).translate(graph, image);
}

} // namespace quantarium::deploy
