// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <torch/types.h>

#include "core/quant/rounding_kernels.h"

namespace quantarium::quant {

/// The staircase of differentiable soft quantization (Gong et al. 2019, section 3.2): n intervals of width
/// D = (u − l) / n between the bounds l and u. With y = (x − l) / D, the interval i = floor(y) (the last one
/// closed), f = y − i − 1/2, L = ln(2/α − 1) and s = 1 / (1 − α):
///   soft  Q = l + D h,  h = i + 1/2 + s tanh(L f) / 2,
///   hard  q = l + D j,  j = i where f < 0, else i + 1, bounds outside [l, u].
/// Values are hard, gradients the soft function's. With T = tanh(L f), p = s L (1 − T²) / 2 and
/// e = (h − p y) / n, inside [l, u]
///   dQ/dx = p,  dQ/du = e,  dQ/dl = 1 − p − e,
///   dQ/dα = D/2 · (s² T − 2 s (1 − T²) f / (α (2 − α))),
/// and outside dQ/dl = 1 (below) or dQ/du = 1 (above), all else 0.
///
/// Plain value without gradients of its own; thread: any.
struct SoftStaircase {
    torch::Tensor lower;  ///< l, [1]
    torch::Tensor upper;  ///< u, [1]
    torch::Tensor gap;    ///< α, [1]
    double intervals = 1; ///< n

    /// Sums over all values, where they belong to l, u and α, [1].
    struct Gradients {
        torch::Tensor input;
        torch::Tensor lower;
        torch::Tensor upper;
        torch::Tensor gap;
    };

    torch::Tensor width() const { return (upper - lower).div_(intervals); }
    torch::Tensor hard(const torch::Tensor& x) const;
    /// The n + 1 values, ascending; the very floats of hard().
    torch::Tensor levels(const torch::TensorOptions& options) const;
    /// `withBounds` false: those of l and u stay undefined.
    Gradients backward(const torch::Tensor& x, const torch::Tensor& g, bool withBounds) const;

private:
    StaircaseRule numbers() const;
    Gradients gradientByLoops(const torch::Tensor& x, const torch::Tensor& g) const;

    struct Place {
        torch::Tensor position; ///< y
        torch::Tensor interval; ///< i
        torch::Tensor offset;   ///< f
    };
    Place placeOf(const torch::Tensor& x) const;
    torch::Tensor valueOf(const torch::Tensor& code) const;
};

} // namespace quantarium::quant
