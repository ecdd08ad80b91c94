// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/deploy/layer_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/text.h"

namespace quantarium::deploy {

namespace {

constexpr double kLargestSum = std::numeric_limits<std::int32_t>::max();
constexpr double kBiasUnits = 0x1p24; ///< of the largest bias, in a layer whose weights are all 0

torch::Tensor plain(const torch::Tensor& tensor) {
    return tensor.detach().to(torch::kCPU, torch::kFloat64).contiguous();
}

torch::Tensor foldedBias(const torch::Tensor& bias, const NormConstants* norm, std::int64_t channels) {
    auto folded = bias.defined() ? plain(bias) : torch::zeros({channels}, torch::kFloat64);
    if (norm == nullptr) return folded;
    return plain(norm->bias) + (folded - plain(norm->mean)) * norm->factor();
}

/// Σ |w − Zw| of each filter, float64.
torch::Tensor filterSizes(const quant::IntegerWeight& weight) {
    return (weight.integers.to(torch::kFloat64) - static_cast<double>(weight.zeroPoint))
        .abs()
        .view({weight.integers.size(0), -1})
        .sum(1);
}

} // namespace

std::map<std::string, LayerGrids> gridsOf(const std::vector<QuantizedLayerParts>& layers) {
    std::map<std::string, LayerGrids> grids;
    std::vector<std::string> floatLayers;
    std::vector<std::string> floatWeights;
    std::vector<std::string> floatInputs;
    for (const auto& layer : layers) {
        const auto weight = layer.weight->freeze().integer;
        const auto input = layer.input == nullptr ? std::nullopt : layer.input->grid();
        if (weight && input)
            grids[layer.name] = {*weight, *input};
        else
            (weight ? floatInputs : input ? floatWeights : floatLayers).push_back(layer.name);
    }
    std::vector<std::string> problems;
    if (!floatLayers.empty())
        problems.push_back("neither integer weights nor integer inputs: " + join(floatLayers));
    if (!floatWeights.empty()) problems.push_back("no integer weights: " + join(floatWeights));
    if (!floatInputs.empty()) problems.push_back("no integer inputs: " + join(floatInputs));
    if (!problems.empty())
        throw Error(ErrorKind::Config, "not all layers compute with integers; " + join(problems, "; "),
                    "network",
                    "Train with weights.method = integer and activations.method = minmax in all layers, and "
                    "with a delay of minmax shorter than the run. An input that was 0 throughout has no "
                    "range either: look at the layer's activations.");
    return grids;
}

torch::Tensor NormConstants::factor() const {
    return plain(weight) / (plain(variance) + epsilon).sqrt();
}

SummedLayer summedLayer(const std::string& name, const LayerGrids& grids, const torch::Tensor& bias,
                        const NormConstants* norm) {
    const auto& integers = grids.weight.integers;
    const auto folded = foldedBias(bias, norm, integers.size(0));
    const auto sizes = filterSizes(grids.weight);
    SummedLayer layer;
    layer.scale = grids.weight.scale * grids.input.step;
    if (sizes.max().item<double>() == 0) { // the sums are the bias alone, in units of our choice
        const double largest = folded.abs().max().item<double>();
        layer.scale = largest > 0 ? largest / kBiasUnits : 1.0;
    }
    const auto rounded = (folded / layer.scale).round();
    const auto reach = std::max(grids.input.zeroPoint, grids.input.highest - grids.input.zeroPoint);
    layer.largestSum = (sizes * static_cast<double>(reach) + rounded.abs()).max().item<double>();
    if (!(layer.largestSum <= kLargestSum))
        throw Error(ErrorKind::Config,
                    "sums of up to 2^" + std::to_string(std::ilogb(layer.largestSum) + 1) +
                        " units don't fit 32 bits",
                    name, "Use fewer bits for this layer's weights or input.");
    const auto bits = integers.contiguous();
    const auto* codes = bits.data_ptr<std::int8_t>();
    layer.weights.weights.assign(codes, codes + bits.numel());
    layer.weights.zeroPoint = static_cast<std::int32_t>(grids.weight.zeroPoint);
    const auto units = rounded.to(torch::kInt32);
    layer.weights.bias.assign(units.data_ptr<std::int32_t>(), units.data_ptr<std::int32_t>() + units.numel());
    return layer;
}

} // namespace quantarium::deploy
