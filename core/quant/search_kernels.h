// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace quantarium::quant {

/// Logits over m values as m planes of n floats: logits[k · n + i] belongs to value k of weight i.
struct SearchPlanes {
    const float* logits = nullptr;
    const float* noise = nullptr;  ///< Gumbel draws in the same layout, or null
    float noiseWeight = 0;         ///< μ; u = logits + μ · noise
    const float* values = nullptr; ///< m values, ascending
    std::int64_t m = 0;
    std::int64_t n = 0;
};

/// SGD as torch::optim::SGD defines it; `momentum` may be null, which means 0.
struct StepRule {
    float learningRate = 0;
    float momentumFactor = 0;
    float weightDecay = 0;
    bool nesterov = false;
    float clip = 0; ///< > 0: logits are clamped to ±clip after the update
};

/// What softmax(u / τ) says of each weight; the entropy of y is −log(largest) − exponent.
struct SearchDescription {
    float* soft = nullptr;     ///< sum_k y_k q_k
    float* largest = nullptr;  ///< max_k y_k
    float* exponent = nullptr; ///< sum_k y_k (u_k − u_max) / τ
    float* gap = nullptr;      ///< largest u minus the second
};

/// The passes of the search methods over weights begin … end of a tensor (RDHS: rdhs.cpp; SGT: sgt.cpp have
/// the formulas). Every weight is computed by itself with the same IEEE operations in the same order wherever
/// a range begins, and the files are compiled without contraction to FMA: all instruction sets give the same
/// bits.
struct SearchKernels {
    /// weight[i] = values[argmax_k u_k]; a tie takes the lowest.
    void (*chooseValues)(const SearchPlanes&, float* weight, std::int64_t begin, std::int64_t end);
    /// code[i] = argmax_k u_k.
    void (*chooseCodes)(const SearchPlanes&, std::int16_t* code, std::int64_t begin, std::int64_t end);

    /// gradient_j = (g / τ) y_j (q_j − sum_k y_k q_k), y = softmax(u / τ).
    void (*rdhsGradient)(const SearchPlanes&, float tau, const float* g, float* gradient, std::int64_t begin,
                         std::int64_t end);
    /// The same gradient, momentum and update in one pass. `logits` are those of the planes, writable.
    void (*rdhsStep)(const SearchPlanes&, float tau, const float* g, const StepRule&, float* logits,
                     float* momentum, std::int64_t begin, std::int64_t end);

    /// gradient_j = g sign(q_j − q_chosen), or g (q_j − q_chosen) when weighted by distance.
    void (*sgtGradient)(const SearchPlanes&, bool byDistance, const float* g, float* gradient,
                        std::int64_t begin, std::int64_t end);
    void (*sgtStep)(const SearchPlanes&, bool byDistance, const float* g, const StepRule&, float* logits,
                    float* momentum, std::int64_t begin, std::int64_t end);

    /// Binary search by d = a_high − a_low alone: weight = d > 0 ? high : low, and a step with gradient
    /// factor · g.
    void (*differenceValues)(const float* difference, float low, float high, float* weight,
                             std::int64_t begin, std::int64_t end);
    void (*differenceStep)(const float* g, float factor, const StepRule&, float* difference, float* momentum,
                           std::int64_t begin, std::int64_t end);

    void (*describe)(const SearchPlanes&, float tau, const SearchDescription&, std::int64_t begin,
                     std::int64_t end);

    /// y[i] = exp(x[i]) for x ≤ 0 as the loops above compute it (relative error below 2e-7; 0 below −87); for
    /// tests.
    void (*exponential)(const float* x, float* y, std::int64_t count);
};

} // namespace quantarium::quant
