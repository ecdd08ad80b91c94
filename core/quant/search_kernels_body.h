// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// The loops of search_kernels.h; kernel_math.h says how they are written.

#include "core/quant/kernel_math.h"
#include "core/quant/search_kernels.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kLargestSpace = 512;

/// u of value k for a block.
template <bool kNoisy>
QUANTARIUM_INLINE void noisyLogits(const SearchPlanes& planes, std::int64_t k, std::int64_t first,
                                   std::int64_t count, float* __restrict u) {
    const float* __restrict a = planes.logits + k * planes.n + first;
    if constexpr (kNoisy) {
        const float* __restrict noise = planes.noise + k * planes.n + first;
        const float weight = planes.noiseWeight;
        for (std::int64_t i = 0; i < count; ++i)
            u[i] = a[i] + weight * noise[i];
    } else {
        for (std::int64_t i = 0; i < count; ++i)
            u[i] = a[i];
    }
}

/// Table entry of the largest u.
template <bool kNoisy, class T, class Table>
QUANTARIUM_INLINE void chooseBlock(const SearchPlanes& planes, Table table, std::int64_t first,
                                   std::int64_t count, T* __restrict out) {
    float u[kBlock];
    float best[kBlock];
    noisyLogits<kNoisy>(planes, 0, first, count, best);
    const T lowest = table(0);
    for (std::int64_t i = 0; i < count; ++i)
        out[i] = lowest;
    for (std::int64_t k = 1; k < planes.m; ++k) {
        noisyLogits<kNoisy>(planes, k, first, count, u);
        const T entry = table(k);
        for (std::int64_t i = 0; i < count; ++i) {
            const bool larger = u[i] > best[i];
            out[i] = larger ? entry : out[i];
            best[i] = larger ? u[i] : best[i];
        }
    }
}

template <class T, class Table>
QUANTARIUM_INLINE void choose(const SearchPlanes& planes, Table table, T* out, std::int64_t begin,
                              std::int64_t end) {
    if (planes.noise == nullptr)
        overBlocks(
            begin, end, [&](std::int64_t first, std::int64_t count) __attribute__((always_inline)) {
                chooseBlock<false>(planes, table, first, count, out + first);
            });
    else
        overBlocks(
            begin, end, [&](std::int64_t first, std::int64_t count) __attribute__((always_inline)) {
                chooseBlock<true>(planes, table, first, count, out + first);
            });
}

void chooseValues(const SearchPlanes& planes, float* weight, std::int64_t begin, std::int64_t end) {
    choose(
        planes, [&](std::int64_t k) __attribute__((always_inline)) { return planes.values[k]; }, weight,
        begin, end);
}

void chooseCodes(const SearchPlanes& planes, std::int16_t* code, std::int64_t begin, std::int64_t end) {
    choose(
        planes, [](std::int64_t k) __attribute__((always_inline)) { return static_cast<std::int16_t>(k); },
        code, begin, end);
}

/// What softmax(u / τ) gives for a block: exponentials by value, 1 / their sum, and the soft weight.
struct SoftBlock {
    float exponentials[kLargestSpace][kBlock];
    float inverseSum[kBlock];
    float mean[kBlock];
    float exponent[kBlock]; ///< sum_k y_k (u_k − u_max) / τ; this and the next only when asked for
    float gap[kBlock];      ///< largest u minus the second
};

template <bool kNoisy, bool kDescribe>
QUANTARIUM_INLINE void softmaxBlock(const SearchPlanes& planes, float tau, std::int64_t first,
                                    std::int64_t count, SoftBlock& soft) {
    const float inverseTau = 1.0F / tau;
    float largest[kBlock];
    float second[kBlock];
    float sum[kBlock];
    for (std::int64_t k = 0; k < planes.m; ++k)
        noisyLogits<kNoisy>(planes, k, first, count, soft.exponentials[k]);
    for (std::int64_t i = 0; i < count; ++i)
        largest[i] = soft.exponentials[0][i];
    for (std::int64_t i = 0; i < count; ++i)
        second[i] = -3.0e38F;
    for (std::int64_t k = 1; k < planes.m; ++k)
        for (std::int64_t i = 0; i < count; ++i) {
            const float u = soft.exponentials[k][i];
            const float loser = u > largest[i] ? largest[i] : u;
            largest[i] = u > largest[i] ? u : largest[i];
            if constexpr (kDescribe) second[i] = loser > second[i] ? loser : second[i];
        }
    if constexpr (kDescribe)
        for (std::int64_t i = 0; i < count; ++i)
            soft.gap[i] = largest[i] - second[i];
    for (std::int64_t i = 0; i < count; ++i)
        sum[i] = soft.mean[i] = soft.exponent[i] = 0.0F;
    for (std::int64_t k = 0; k < planes.m; ++k) {
        float* __restrict e = soft.exponentials[k];
        const float value = planes.values[k];
        for (std::int64_t i = 0; i < count; ++i) {
            const float x = (e[i] - largest[i]) * inverseTau;
            const float y = exponentialOf(x);
            e[i] = y;
            sum[i] += y;
            soft.mean[i] += y * value;
            if constexpr (kDescribe) soft.exponent[i] += y > 0.0F ? y * x : 0.0F;
        }
    }
    for (std::int64_t i = 0; i < count; ++i) {
        soft.inverseSum[i] = 1.0F / sum[i];
        soft.mean[i] *= soft.inverseSum[i];
        if constexpr (kDescribe) soft.exponent[i] *= soft.inverseSum[i];
    }
}

/// w and v of one plane's block from its gradient.
QUANTARIUM_INLINE void updateBlock(const StepRule& rule, const float* __restrict gradient, std::int64_t count,
                                   float* __restrict w, float* __restrict v) {
    const float rate = rule.learningRate;
    const float decay = rule.weightDecay;
    const float factor = rule.momentumFactor;
    if (v == nullptr) {
        for (std::int64_t i = 0; i < count; ++i)
            w[i] = w[i] - rate * (gradient[i] + decay * w[i]);
    } else if (rule.nesterov) {
        for (std::int64_t i = 0; i < count; ++i) {
            const float d = gradient[i] + decay * w[i];
            v[i] = factor * v[i] + d;
            w[i] = w[i] - rate * (d + factor * v[i]);
        }
    } else {
        for (std::int64_t i = 0; i < count; ++i) {
            v[i] = factor * v[i] + (gradient[i] + decay * w[i]);
            w[i] = w[i] - rate * v[i];
        }
    }
    if (rule.clip > 0.0F) {
        const float clip = rule.clip;
        for (std::int64_t i = 0; i < count; ++i) {
            const float low = w[i] < -clip ? -clip : w[i];
            w[i] = low > clip ? clip : low;
        }
    }
}

/// Calls use(k, gradient of value k for the block) for k = 0 … m − 1.
template <bool kNoisy, class Use>
QUANTARIUM_INLINE void rdhsBlock(const SearchPlanes& planes, float tau, const float* __restrict g,
                                 std::int64_t first, std::int64_t count, Use use) {
    SoftBlock soft;
    softmaxBlock<kNoisy, false>(planes, tau, first, count, soft);
    const float inverseTau = 1.0F / tau;
    for (std::int64_t i = 0; i < count; ++i)
        soft.inverseSum[i] *= g[first + i] * inverseTau;
    for (std::int64_t k = 0; k < planes.m; ++k) {
        float* __restrict e = soft.exponentials[k];
        const float value = planes.values[k];
        for (std::int64_t i = 0; i < count; ++i)
            e[i] = soft.inverseSum[i] * e[i] * (value - soft.mean[i]);
        use(k, e);
    }
}

template <class Use>
QUANTARIUM_INLINE void rdhs(const SearchPlanes& planes, float tau, const float* g, std::int64_t begin,
                            std::int64_t end, Use use) {
    const auto block = [&](std::int64_t first, std::int64_t count) __attribute__((always_inline)) {
        const auto take = [&](std::int64_t k, const float* gradient) __attribute__((always_inline)) {
            use(k * planes.n + first, gradient, count);
        };
        if (planes.noise == nullptr)
            rdhsBlock<false>(planes, tau, g, first, count, take);
        else
            rdhsBlock<true>(planes, tau, g, first, count, take);
    };
    overBlocks(begin, end, block);
}

void rdhsGradient(const SearchPlanes& planes, float tau, const float* g, float* gradient, std::int64_t begin,
                  std::int64_t end) {
    rdhs(
        planes, tau, g, begin,
        end, [&](std::int64_t place, const float* block, std::int64_t count) __attribute__((always_inline)) {
            for (std::int64_t i = 0; i < count; ++i)
                gradient[place + i] = block[i];
        });
}

void rdhsStep(const SearchPlanes& planes, float tau, const float* g, const StepRule& rule, float* logits,
              float* momentum, std::int64_t begin, std::int64_t end) {
    rdhs(
        planes, tau, g, begin,
        end, [&](std::int64_t place, const float* block, std::int64_t count) __attribute__((always_inline)) {
            updateBlock(rule, block, count, logits + place, momentum == nullptr ? nullptr : momentum + place);
        });
}

template <class Use>
QUANTARIUM_INLINE void sgt(const SearchPlanes& planes, bool byDistance, const float* g, std::int64_t begin,
                           std::int64_t end, Use use) {
    overBlocks(
        begin, end, [&](std::int64_t first, std::int64_t count) __attribute__((always_inline)) {
            float chosen[kBlock];
            float gradient[kBlock];
            chooseBlock<false>(
                planes, [&](std::int64_t k) __attribute__((always_inline)) { return planes.values[k]; },
                first, count, chosen);
            for (std::int64_t k = 0; k < planes.m; ++k) {
                const float value = planes.values[k];
                if (byDistance)
                    for (std::int64_t i = 0; i < count; ++i)
                        gradient[i] = g[first + i] * (value - chosen[i]);
                else
                    for (std::int64_t i = 0; i < count; ++i) {
                        const float up = value > chosen[i] ? g[first + i] : 0.0F;
                        gradient[i] = value < chosen[i] ? -g[first + i] : up;
                    }
                use(k * planes.n + first, gradient, count);
            }
        });
}

void sgtGradient(const SearchPlanes& planes, bool byDistance, const float* g, float* gradient,
                 std::int64_t begin, std::int64_t end) {
    sgt(
        planes, byDistance, g, begin,
        end, [&](std::int64_t place, const float* block, std::int64_t count) __attribute__((always_inline)) {
            for (std::int64_t i = 0; i < count; ++i)
                gradient[place + i] = block[i];
        });
}

void sgtStep(const SearchPlanes& planes, bool byDistance, const float* g, const StepRule& rule, float* logits,
             float* momentum, std::int64_t begin, std::int64_t end) {
    sgt(
        planes, byDistance, g, begin,
        end, [&](std::int64_t place, const float* block, std::int64_t count) __attribute__((always_inline)) {
            updateBlock(rule, block, count, logits + place, momentum == nullptr ? nullptr : momentum + place);
        });
}

void differenceValues(const float* difference, float low, float high, float* weight, std::int64_t begin,
                      std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
        weight[i] = difference[i] > 0.0F ? high : low;
}

void differenceStep(const float* g, float factor, const StepRule& rule, float* difference, float* momentum,
                    std::int64_t begin, std::int64_t end) {
    overBlocks(
        begin, end, [&](std::int64_t first, std::int64_t count) __attribute__((always_inline)) {
            float gradient[kBlock];
            for (std::int64_t i = 0; i < count; ++i)
                gradient[i] = factor * g[first + i];
            updateBlock(rule, gradient, count, difference + first,
                        momentum == nullptr ? nullptr : momentum + first);
        });
}

void describe(const SearchPlanes& planes, float tau, const SearchDescription& out, std::int64_t begin,
              std::int64_t end) {
    overBlocks(
        begin, end, [&](std::int64_t first, std::int64_t count) __attribute__((always_inline)) {
            SoftBlock block;
            if (planes.noise == nullptr)
                softmaxBlock<false, true>(planes, tau, first, count, block);
            else
                softmaxBlock<true, true>(planes, tau, first, count, block);
            for (std::int64_t i = 0; i < count; ++i) {
                out.soft[first + i] = block.mean[i];
                out.largest[first + i] = block.inverseSum[i];
                out.exponent[first + i] = block.exponent[i];
                out.gap[first + i] = block.gap[i];
            }
        });
}

void exponential(const float* x, float* y, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i)
        y[i] = exponentialOf(x[i]);
}

constexpr SearchKernels kSearchKernels{chooseValues, chooseCodes,      rdhsGradient,   rdhsStep, sgtGradient,
                                       sgtStep,      differenceValues, differenceStep, describe, exponential};

} // namespace

} // namespace quantarium::quant
