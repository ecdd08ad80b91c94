// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <torch/types.h>

namespace quantarium::quant {

/// `quantized` as a function of `input` whose gradient is 1 where lowest ≤ input ≤ highest and 0 elsewhere
/// (the clipped straight-through estimator). Both of the same shape; `quantized` carries no gradient.
torch::Tensor straightThrough(const torch::Tensor& input, const torch::Tensor& quantized, double lowest,
                              double highest);

} // namespace quantarium::quant
