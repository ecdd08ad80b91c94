// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/deploy/integer_builder.h"

namespace quantarium::deploy {

/// What a layer's quantizers say of its integers.
struct LayerGrids {
    quant::IntegerWeight weight;
    quant::ActivationGrid input;
};

/// By the layer's name. Throws Error(Config) that names all layers without integer weights, and all whose
/// input has no grid.
std::map<std::string, LayerGrids> gridsOf(const std::vector<QuantizedLayerParts>& layers);

/// A batch norm in evaluation; tensors [channels].
struct NormConstants {
    torch::Tensor weight;
    torch::Tensor bias;
    torch::Tensor mean;
    torch::Tensor variance;
    double epsilon = 1e-5;

    /// γ / √(σ² + ε), float64 on the CPU.
    torch::Tensor factor() const;
};

/// A convolution's integers and what its sums mean.
struct SummedLayer {
    ConvolutionWeights weights;
    double scale = 1;      ///< of one unit of a sum
    double largestSum = 0; ///< that any input can give, in units
};

/// Codes and bias of a layer: bias β + (b − μ) γ / √(σ² + ε) with a batch norm, else b, rounded to units of
/// S_w S_x (Jacob et al. 2018, arXiv 1712.05877, sections 2.4 and 3.2). Throws Error(Config) naming the layer
/// where a sum could exceed 32 bits.
/// @param bias of the layer, undefined if it has none
/// @param norm null: none follows
SummedLayer summedLayer(const std::string& name, const LayerGrids& grids, const torch::Tensor& bias,
                        const NormConstants* norm);

} // namespace quantarium::deploy
