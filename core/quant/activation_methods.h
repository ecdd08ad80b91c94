// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/quant/activation_quantizer.h"
#include "core/quant/layer_statistics.h"

namespace quantarium::quant {

// One function a method; builtin.cpp lists them.
ActivationMethod dorefaActivation();
ActivationMethod pactActivation();
ActivationMethod lsqActivation();
ActivationMethod dsqActivation();
ActivationMethod apotActivation();
ActivationMethod lqActivation();
ActivationMethod abcActivation();
ActivationMethod sparseActivation();
ActivationMethod qnnActivation();
ActivationMethod fixedPointActivation();
ActivationMethod minMaxActivation();
ActivationMethod signActivation();

/// XNOR-Net's K (Rastegari et al. 2016, section 3.2, Eq. 11): the mean over channels of |input| [N, C, H, W],
/// averaged over each position of the layer's filter with its stride and zero padding, [N, 1, H', W']; for
/// inputs [N, features] their mean, [N, 1]. Differentiable.
torch::Tensor meanAbsoluteInput(const torch::Tensor& input, const LayerContext& layer);

/// DoReFa's gradient rule (Zhou et al. 2016, Eq. 12) for gradients [N, …]: with r = 2 max|g| of each sample,
/// r (round(steps · clip(g / r + 1/2 + noise, 0, 1)) / steps − 1/2). Undefined noise: none.
torch::Tensor quantizedGradient(const torch::Tensor& gradient, double steps, const torch::Tensor& noise);
/// Uniform in ±1 / (2 steps), of the gradient's shape; the seed alone decides.
torch::Tensor gradientNoise(const torch::Tensor& gradient, double steps, std::uint64_t seed);

} // namespace quantarium::quant
