// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include <torch/types.h>

namespace quantarium::quant {

/// Ternary filters: filter f is scales[f] · codes[f].
struct TernaryFilters {
    torch::Tensor codes;  ///< float64 [filters, n], each −1, 0 or +1
    torch::Tensor scales; ///< float64 [filters], at least 0
};

/// The exact solution of min ‖w_f − α_f t_f‖² with t in {−1, 0, 1} for each filter (Wang et al. 2018,
/// "Two-Step Quantization for Low-bit Neural Networks", section 3.2): with |w| descending and S_r the sum of
/// the first r, r maximizes S_r² / r, α = S_r / r, and the r largest weights keep their signs.
/// @param weights float64 [filters, n]
TernaryFilters optimalTernary(const torch::Tensor& weights);

/// Lowers Σ (y_f − α_f t_fᵀ x)² over samples for each filter, never raising it: in turn each t_j takes the
/// nearest of −1, 0, 1 to x_j·(y − α Σ_{i≠j} t_i x_i) / (α ‖x_j‖²), then α = (t·Xᵀy) / (t·XᵀX t), until
/// nothing changes or `sweeps` are through (same section, with Z = Y). Filters without a solution (no signal)
/// stay as they are.
/// @param gram XᵀX, float64 [n, n]
/// @param cross XᵀY, float64 [filters, n]
void solveTernary(TernaryFilters& filters, const torch::Tensor& gram, const torch::Tensor& cross,
                  std::int64_t sweeps);

} // namespace quantarium::quant
