// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <torch/types.h>

namespace quantarium::quant {

/// A fixed pattern of levels times one scale: ±α · {m_1, …, m_n} with m_1 = 0 or above. Plain value; thread:
/// any.
class ScaledLevels {
public:
    enum class Tie { Smaller, Larger }; ///< the magnitude that a weight in the middle takes

    /// `magnitudes` ascend and aren't negative; `options` give type and device of the weights.
    ScaledLevels(const std::vector<double>& magnitudes, const torch::TensorOptions& options, Tie tie);

    /// The nearest level of each weight; the very floats of levels(). Zero levels are +0.
    torch::Tensor quantize(const torch::Tensor& weight, double scale) const;

    /// All of them, ascending, [1, levels].
    torch::Tensor levels(double scale) const;

    /// The magnitude |b| of each weight's nearest level, as a share of the scale.
    torch::Tensor shares(const torch::Tensor& size, double scale) const;

    /// argmin_α Σ d (size − α |b|)², alternating with the nearest |b| from a first pattern, until the scale
    /// settles or `iterations` are through. `curvature` d may be undefined: ones. 0 for weights of zeros.
    double fit(const torch::Tensor& size, const torch::Tensor& curvature, torch::Tensor share,
               int iterations) const;

    /// The best α for the magnitudes {0, 1}: of all prefixes of the largest weights, the one that maximizes
    /// (Σ d size)² / Σ d, by which the error Σ d (size − α |b|)² shrinks.
    static double bestTernary(const torch::Tensor& size, const torch::Tensor& curvature);

private:
    /// Index of each weight's magnitude, in the weights' type.
    torch::Tensor places(const torch::Tensor& size, double scale) const;

    torch::Tensor m_magnitudes;   ///< [n]
    std::vector<double> m_shares; ///< the magnitudes as numbers
    bool m_even;                  ///< evenly spaced from 0
    Tie m_tie;
};

} // namespace quantarium::quant
