// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include <torch/types.h>

namespace quantarium::quant {

/// The two forms of a searched convolution, equal in values and gradients by linearity (groups = 1). For
/// benchmarks and their test only: training writes the composed weight into the parameter.
///
///   expanded (ASP-DAC 2023, figure 3):  Y = sum_k conv(q_k X, Z_k), as one convolution over m · in channels
///   composed:                           Y = conv(X, sum_k q_k Z_k)
///
/// @param input  [N, in, H, W]
/// @param paths  [m, out, in, kH, kW], the choice of each weight, one-hot over m (or soft)
/// @param values [m]
torch::Tensor convExpanded(const torch::Tensor& input, const torch::Tensor& paths,
                           const torch::Tensor& values, std::int64_t stride = 1, std::int64_t padding = 0);
torch::Tensor convComposed(const torch::Tensor& input, const torch::Tensor& paths,
                           const torch::Tensor& values, std::int64_t stride = 1, std::int64_t padding = 0);

} // namespace quantarium::quant
