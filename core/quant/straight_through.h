// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <torch/types.h>

namespace quantarium::quant {

/// `quantized` as a function of `input` whose gradient is 1 where lowest ≤ input ≤ highest and 0 elsewhere
/// (the clipped straight-through estimator). Both of the same shape; `quantized` carries no gradient.
torch::Tensor straightThrough(const torch::Tensor& input, const torch::Tensor& quantized, double lowest,
                              double highest);

/// How a trained scale shares in the gradient g of a range's values q: the weights of Σ g (q − x) inside the
/// range, Σ g below and Σ g above it.
struct ScaleGradient {
    double inside = 0;
    double below = 0;
    double above = 0;
};

/// straightThrough whose values and range come from a scale [1] that is trained.
torch::Tensor straightThrough(const torch::Tensor& input, const torch::Tensor& quantized, double lowest,
                              double highest, const torch::Tensor& scale, const ScaleGradient& weights);

} // namespace quantarium::quant
