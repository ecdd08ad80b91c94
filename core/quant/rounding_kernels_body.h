// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// The loops of rounding_kernels.h; kernel_math.h says how they are written.

#include "core/quant/kernel_math.h"
#include "core/quant/rounding_kernels.h"

namespace quantarium::quant {

namespace {

/// Sums of floats in as many rows as a block has places, so that the compiler adds them side by side.
struct RowSums {
    float rows[kBlock] = {};

    QUANTARIUM_INLINE void addTo(double& total) const {
        for (std::int64_t i = 0; i < kBlock; ++i)
            total += static_cast<double>(rows[i]);
    }
};

/// Nearest whole number of |x| ≤ 2^22, a tie to the even one.
QUANTARIUM_INLINE float wholeNear(float x) {
    constexpr float kRound = 12582912.0F; // 1.5 · 2^23
    return (x + kRound) - kRound;
}

QUANTARIUM_INLINE float floorOf(float x) {
    const float near = wholeNear(x);
    const float over = near > x ? 1.0F : 0.0F;
    return near - over;
}

QUANTARIUM_INLINE float clampTo(float x, float lowest, float highest) {
    const float raised = x < lowest ? lowest : x;
    return raised > highest ? highest : raised;
}

template <Rounding kRounding> QUANTARIUM_INLINE float rounded(float x) {
    if constexpr (kRounding == Rounding::ToEven) return wholeNear(x);
    if constexpr (kRounding == Rounding::HalfUp) return floorOf(x);
    const float size = __builtin_fabsf(x);
    const float below = floorOf(size);
    const float up = size - below >= 0.5F ? 1.0F : 0.0F;
    return __builtin_copysignf(below + up, x);
}

template <Rounding kRounding>
QUANTARIUM_INLINE void roundUniformAs(const UniformRule& rule, const float* __restrict x, float* __restrict y,
                                      std::int64_t count) {
    const auto step = static_cast<float>(rule.step);
    const auto divisor = static_cast<float>(rule.divisor);
    const auto lowest = static_cast<float>(rule.lowest);
    const auto highest = static_cast<float>(rule.highest);
    const auto threshold = static_cast<float>(rule.threshold);
    const float half = kRounding == Rounding::HalfUp ? 0.5F : 0.0F;
    for (std::int64_t i = 0; i < count; ++i) {
        // bounds are whole numbers: rounding can't leave them
        const float place = clampTo(x[i] * divisor / step + half, lowest, highest);
        const float value = rounded<kRounding>(place) * step / divisor + 0.0F; // no −0
        y[i] = x[i] < threshold ? 0.0F : value;
    }
}

void roundUniform(const UniformRule& rule, const float* x, float* y, std::int64_t count) {
    switch (rule.rounding) {
    case Rounding::ToEven:
        roundUniformAs<Rounding::ToEven>(rule, x, y, count);
        break;
    case Rounding::HalfUp:
        roundUniformAs<Rounding::HalfUp>(rule, x, y, count);
        break;
    case Rounding::HalfAway:
        roundUniformAs<Rounding::HalfAway>(rule, x, y, count);
        break;
    }
}

/// Compares with every border: side by side that is faster than a search, up to 256 values.
template <bool kSums>
QUANTARIUM_INLINE void compareLevels(const LevelRule& rule, const float* x, float* y, const LevelSums& sums,
                                     std::int64_t count) {
    RowSums above[kSums ? kLargestSummed : 1];
    RowSums counts[kSums ? kLargestSummed : 1];
    overBlocks(
        0, count, [&](std::int64_t first, std::int64_t block) __attribute__((always_inline)) {
            const float* __restrict in = x + first;
            float* __restrict out = y + first;
            const float lowest = rule.values[0];
            float value[kBlock];
            for (std::int64_t i = 0; i < block; ++i)
                value[i] = lowest;
            for (std::int64_t j = 0; j + 1 < rule.count; ++j) {
                const float border = rule.borders[j];
                const float next = rule.values[j + 1];
                for (std::int64_t i = 0; i < block; ++i)
                    value[i] = in[i] > border ? next : value[i];
                if constexpr (kSums)
                    for (std::int64_t i = 0; i < block; ++i) {
                        above[j].rows[i] += in[i] > border ? in[i] : 0.0F;
                        counts[j].rows[i] += in[i] > border ? 1.0F : 0.0F;
                    }
            }
            for (std::int64_t i = 0; i < block; ++i)
                out[i] = in[i] == in[i] ? value[i] : in[i];
        });
    if constexpr (kSums)
        for (std::int64_t j = 0; j + 1 < rule.count; ++j) {
            above[j].addTo(sums.sums[j]);
            counts[j].addTo(sums.counts[j]);
        }
}

void takeLevels(const LevelRule& rule, const float* x, float* y, const LevelSums& sums, std::int64_t count) {
    if (sums.sums != nullptr)
        compareLevels<true>(rule, x, y, sums, count);
    else
        compareLevels<false>(rule, x, y, sums, count);
}

void passInside(float lowest, float highest, const float* __restrict x, const float* __restrict g,
                float* __restrict out, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        const float kept = x[i] >= lowest ? g[i] : 0.0F;
        out[i] = x[i] <= highest ? kept : 0.0F;
    }
}

template <bool kValues>
QUANTARIUM_INLINE void clippedAs(float lowest, float highest, const float* x, const float* q, const float* g,
                                 float* out, ClipSums& sums, std::int64_t count) {
    RowSums inside;
    RowSums below;
    RowSums above;
    overBlocks(
        0, count, [&](std::int64_t first, std::int64_t block) __attribute__((always_inline)) {
            const float* __restrict at = x + first;
            const float* __restrict in = g + first;
            float* __restrict to = out + first;
            for (std::int64_t i = 0; i < block; ++i) {
                const float kept = at[i] >= lowest ? in[i] : 0.0F;
                const float passed = at[i] <= highest ? kept : 0.0F;
                to[i] = passed;
                below.rows[i] += at[i] < lowest ? in[i] : 0.0F;
                above.rows[i] += at[i] > highest ? in[i] : 0.0F;
                if constexpr (kValues) inside.rows[i] += passed * (q[first + i] - at[i]);
            }
        });
    inside.addTo(sums.inside);
    below.addTo(sums.below);
    above.addTo(sums.above);
}

void clipped(float lowest, float highest, const float* x, const float* q, const float* g, float* out,
             ClipSums& sums, std::int64_t count) {
    if (q == nullptr)
        clippedAs<false>(lowest, highest, x, q, g, out, sums, count);
    else
        clippedAs<true>(lowest, highest, x, q, g, out, sums, count);
}

/// The numbers of StaircaseRule as the loops take them.
struct StaircaseNumbers {
    float lower, upper, width, intervals, inverse, steepness, bend;

    explicit StaircaseNumbers(const StaircaseRule& rule)
        : lower(static_cast<float>(rule.lower)), upper(static_cast<float>(rule.upper)),
          width(static_cast<float>(rule.width)), intervals(static_cast<float>(rule.intervals)),
          inverse(static_cast<float>(rule.inverse)), steepness(static_cast<float>(rule.steepness)),
          bend(static_cast<float>(rule.bend)) {}
};

void staircase(const StaircaseRule& rule, const float* __restrict x, float* __restrict y,
               std::int64_t count) {
    const StaircaseNumbers r(rule);
    for (std::int64_t i = 0; i < count; ++i) {
        const float position = (x[i] - r.lower) / r.width;
        const float interval = floorOf(clampTo(position, 0.0F, r.intervals - 1.0F));
        const float up = position - interval - 0.5F >= 0.0F ? 1.0F : 0.0F;
        y[i] = clampTo(interval + up, 0.0F, r.intervals) * r.width + r.lower;
    }
}

void staircaseGradient(const StaircaseRule& rule, const float* x, const float* g, float* out,
                       StaircaseSums& sums, std::int64_t count) {
    const StaircaseNumbers r(rule);
    const float slopeScale = r.inverse * r.steepness * 0.5F;
    const float halfInverse = r.inverse * 0.5F;
    const float squared = r.inverse * r.inverse;
    const float perInterval = 1.0F / r.intervals;
    const float perWidth = 1.0F / r.width; // near the end of an interval either side gives the same
    const float last = r.intervals - 1.0F;
    const float decay = -2.0F * r.steepness;
    RowSums lower;
    RowSums upper;
    RowSums gap;
    overBlocks(
        0, count, [&](std::int64_t first, std::int64_t block) __attribute__((always_inline)) {
            const float* __restrict at = x + first;
            const float* __restrict in = g + first;
            float* __restrict to = out + first;
            for (std::int64_t i = 0; i < block; ++i) {
                const float position = (at[i] - r.lower) * perWidth;
                const float within = clampTo(position, 0.0F, r.intervals); // what is outside is not used
                const float interval = floorOf(within > last ? last : within);
                const float offset = within - interval - 0.5F; // f
                const float e = exponentialOf(decay * __builtin_fabsf(offset));
                const float bend = __builtin_copysignf((1.0F - e) / (1.0F + e), offset); // T
                const float left = 1.0F - bend * bend;                                   // 1 − T²
                const float slope = left * slopeScale;                                   // p
                const float soft = interval + 0.5F + bend * halfInverse;                 // h
                const float byUpper = (soft - slope * within) * perInterval;             // e
                const float byGap = bend * squared - left * offset * r.bend;
                const float kept = at[i] >= r.lower ? in[i] : 0.0F;
                const float passed = at[i] <= r.upper ? kept : 0.0F;
                to[i] = passed * slope;
                upper.rows[i] += passed * byUpper + (at[i] > r.upper ? in[i] : 0.0F);
                lower.rows[i] += passed * (1.0F - slope - byUpper) + (at[i] < r.lower ? in[i] : 0.0F);
                gap.rows[i] += passed * byGap;
            }
        });
    lower.addTo(sums.lower);
    upper.addTo(sums.upper);
    gap.addTo(sums.gap);
}

void bases(const BasesRule& rule, const float* x, float* y, std::int64_t count) {
    overBlocks(
        0, count, [&](std::int64_t first, std::int64_t block) __attribute__((always_inline)) {
            const float* __restrict in = x + first;
            float* __restrict out = y + first;
            float sum[kBlock];
            for (std::int64_t i = 0; i < block; ++i)
                sum[i] = 0.0F;
            for (std::int64_t n = 0; n < rule.count; ++n) {
                const float shift = rule.shifts[n];
                const float scale = rule.scales[n];
                for (std::int64_t i = 0; i < block; ++i)
                    sum[i] += in[i] + shift >= 0.5F ? scale : -scale;
            }
            for (std::int64_t i = 0; i < block; ++i)
                out[i] = in[i] == in[i] ? sum[i] : in[i];
        });
}

void basesGradient(const BasesRule& rule, const float* x, const float* g, float* out, double* byShift,
                   double* byScale, std::int64_t count) {
    RowSums shifts[kMostBases];
    RowSums scales[kMostBases];
    overBlocks(
        0, count, [&](std::int64_t first, std::int64_t block) __attribute__((always_inline)) {
            const float* __restrict at = x + first;
            const float* __restrict in = g + first;
            float* __restrict to = out + first;
            float sum[kBlock];
            for (std::int64_t i = 0; i < block; ++i)
                sum[i] = 0.0F;
            for (std::int64_t n = 0; n < rule.count; ++n) {
                const float shift = rule.shifts[n];
                const float scale = rule.scales[n];
                float* __restrict byThisShift = shifts[n].rows;
                float* __restrict byThisScale = scales[n].rows;
                for (std::int64_t i = 0; i < block; ++i) {
                    const float shifted = at[i] + shift;
                    const float kept = shifted >= 0.0F ? in[i] : 0.0F;
                    const float passed = (shifted <= 1.0F ? kept : 0.0F) * scale;
                    sum[i] += passed;
                    byThisShift[i] += passed;
                    byThisScale[i] += shifted >= 0.5F ? in[i] : -in[i];
                }
            }
            for (std::int64_t i = 0; i < block; ++i)
                to[i] = sum[i];
        });
    for (std::int64_t n = 0; n < rule.count; ++n) {
        shifts[n].addTo(byShift[n]);
        scales[n].addTo(byScale[n]);
    }
}

constexpr RoundingKernels kRoundingKernels{roundUniform, takeLevels,        passInside, clipped,
                                           staircase,    staircaseGradient, bases,      basesGradient};

} // namespace

} // namespace quantarium::quant
