// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include <torch/types.h>

#include "core/quant/rounding_kernels.h"

namespace quantarium::quant {

/// Whether the loops of rounding_kernels.h take this tensor: float32, on the CPU, its elements side by side
/// in any order (channels-last, too).
bool runsInMemoryOrder(const torch::Tensor& tensor);

/// Calls loop for each stretch (parallel.h) of x, for which runsInMemoryOrder holds, and of the result, which
/// is like it.
torch::Tensor forwardByLoops(
    const torch::Tensor& x,
    const std::function<void(std::int64_t stretch, const float* x, float* y, std::int64_t count)>& loop);

/// The same for a gradient g of x's shape, of any layout.
torch::Tensor backwardByLoops(const torch::Tensor& x, const torch::Tensor& g,
                              const std::function<void(std::int64_t stretch, const float* x, const float* g,
                                                       float* out, std::int64_t count)>& loop);

/// Whether backwardByLoops takes both.
bool runsInMemoryOrder(const torch::Tensor& x, const torch::Tensor& g);

// Each pass below runs the loops where it can and the same formulas in ATen operations elsewhere. x of any
// shape; results have its shape and layout and carry no gradient. Thread: the run's.

/// Evenly spaced values.
torch::Tensor roundedUniform(const torch::Tensor& x, const UniformRule& rule);

/// Values by their borders, ascending; of any type and device.
struct Levels {
    torch::Tensor values;  ///< [n], 2 or more
    torch::Tensor borders; ///< [n − 1]; a border itself belongs to the value below

    /// Each border in the middle of two values.
    static Levels nearest(const torch::Tensor& values);
};
torch::Tensor levelsOf(const torch::Tensor& x, const Levels& levels);

/// How many elements take each value, and their sum; float64 [n] on the CPU.
struct LevelTotals {
    torch::Tensor counts;
    torch::Tensor sums;
};
/// levelsOf with the totals; at most kLargestSummed values.
torch::Tensor levelsOf(const torch::Tensor& x, const Levels& levels, LevelTotals& totals);

/// lowest ≤ x ≤ highest ? g : 0.
torch::Tensor insideGradient(const torch::Tensor& x, const torch::Tensor& g, double lowest, double highest);

/// insideGradient with what a trained range needs of it.
struct ClippedGradient {
    torch::Tensor input;
    torch::Tensor inside; ///< Σ g (q − x) inside the range, []
    torch::Tensor below;  ///< Σ g below it, []
    torch::Tensor above;  ///< Σ g above it, []
};
/// q: the forward pass's values, or undefined (`inside` is 0 then).
ClippedGradient clippedGradient(const torch::Tensor& x, const torch::Tensor& q, const torch::Tensor& g,
                                double lowest, double highest);

} // namespace quantarium::quant
