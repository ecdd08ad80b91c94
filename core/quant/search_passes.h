// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <torch/types.h>

#include "core/quant/search_kernels.h"
#include "core/quant/weight_quantizer.h"

namespace quantarium::quant {

/// Logits of one weight tensor as the passes below take them. N weights, m values.
struct SearchLogits {
    torch::Tensor logits; ///< [m, N]
    torch::Tensor noise;  ///< [m, N] Gumbel draws, or undefined
    double noiseWeight = 0;
    torch::Tensor values; ///< [m] ascending, of the same type and device
};

/// Each of these runs the vectorized loops of search_kernels.h where everything is float32, contiguous and on
/// the CPU, and `aten` (the same formulas in ATen operations) elsewhere. Under NoGradGuard; thread: the
/// run's.
torch::Tensor chosenValues(const SearchLogits& search);
torch::Tensor chosenCodes(const SearchLogits& search); ///< int16 [N]
/// Writes the chosen values into `weight` (contiguous [N], the kernels' or any type).
void chooseInto(const SearchLogits& search, const torch::Tensor& weight);
/// g [N] -> [m, N]. Equations in rdhs.cpp and sgt.cpp; SGT has no noise.
void rdhsGradient(const SearchLogits& search, double tau, const torch::Tensor& g, torch::Tensor& gradient);
void sgtGradient(const SearchLogits& search, bool byDistance, const torch::Tensor& g,
                 torch::Tensor& gradient);

namespace aten {
torch::Tensor chosenCodes(const SearchLogits& search);
torch::Tensor chosenValues(const SearchLogits& search);
torch::Tensor rdhsGradient(const SearchLogits& search, double tau, const torch::Tensor& g);
torch::Tensor sgtGradient(const SearchLogits& search, bool byDistance, const torch::Tensor& g);
} // namespace aten

/// Whether the loops take this tensor.
bool runsKernels(const torch::Tensor& tensor);

/// The kernels' view of logits for which runsKernels holds.
SearchPlanes planesOf(const SearchLogits& search);

StepRule stepRule(const SgdSettings& settings, double clip);

/// Soft weight, mean entropy (nats), mean largest probability and mean gap of the two largest logits of
/// softmax(u / τ).
struct SearchSummary {
    torch::Tensor soft; ///< float32 [N] on the CPU
    double meanEntropy = 0;
    double meanLargest = 0;
    double meanGap = 0;
};
SearchSummary summarize(const SearchLogits& search, double tau);

} // namespace quantarium::quant
