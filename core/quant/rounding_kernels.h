// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace quantarium::quant {

/// How a quotient becomes a code.
enum class Rounding {
    ToEven,  ///< nearest, a tie to the even code
    HalfUp,  ///< floor(x + 1/2)
    HalfAway ///< nearest, a tie away from zero
};

/// Evenly spaced values: code = rounded(x · divisor / step), kept in [lowest, highest], and code · step /
/// divisor. Both factors are there so that steps such as 1 / 15 need not be rounded first.
struct UniformRule {
    double step = 1;
    double divisor = 1;
    double lowest = 0;                   ///< code, at least −2^22
    double highest = 0;                  ///< code, at most 2^22
    double threshold = -__builtin_inf(); ///< below it everything is 0
    Rounding rounding = Rounding::ToEven;
};

/// Any values, ascending; x takes values[j], where j of the borders, ascending, lie below it.
struct LevelRule {
    const float* values = nullptr;  ///< count
    const float* borders = nullptr; ///< count − 1
    std::int64_t count = 0;         ///< 2 or more
};

/// By border: how many inputs lie above it, and their sum. Added to.
struct LevelSums {
    double* counts = nullptr;
    double* sums = nullptr;
};
constexpr std::int64_t kLargestSummed = 16; ///< values that LevelSums is for

/// Sums over the inputs within, below and above a range. Added to.
struct ClipSums {
    double inside = 0; ///< Σ g (q − x); without q nothing
    double below = 0;  ///< Σ g
    double above = 0;  ///< Σ g
};

/// SoftStaircase (soft_staircase.h) in numbers.
struct StaircaseRule {
    double lower = 0;     ///< l
    double upper = 1;     ///< u
    double width = 1;     ///< D
    double intervals = 1; ///< n
    double inverse = 1;   ///< s = 1 / (1 − α)
    double steepness = 1; ///< L = ln(2/α − 1)
    double bend = 1;      ///< 2 s / (α (2 − α))
};
struct StaircaseSums {
    double lower = 0;
    double upper = 0;
    double gap = 0; ///< without its factor D / 2
};

/// ABC-Net's bases (abc_activation.cpp): Σ_n scales[n] · (x + shifts[n] ≥ 1/2 ? 1 : −1).
struct BasesRule {
    const float* shifts = nullptr;
    const float* scales = nullptr;
    std::int64_t count = 0; ///< at most kMostBases
};
constexpr std::int64_t kMostBases = 8;

/// The passes of quantizers that round (all activation methods, and weight methods that share their values)
/// over `count` values in the order in which they lie in memory: one forward, one backward. A NaN stays one.
/// Every value is computed by itself; sums are of floats within 64 interleaved rows, then of doubles, in an
/// order that the count alone decides.
struct RoundingKernels {
    void (*roundUniform)(const UniformRule&, const float* x, float* y, std::int64_t count);
    /// `sums` may hold null pointers.
    void (*takeLevels)(const LevelRule&, const float* x, float* y, const LevelSums& sums, std::int64_t count);

    /// out = lowest ≤ x ≤ highest ? g : 0.
    void (*passInside)(float lowest, float highest, const float* x, const float* g, float* out,
                       std::int64_t count);
    /// The same with the sums that a trained range needs; q, the forward pass's values, may be null.
    void (*clipped)(float lowest, float highest, const float* x, const float* q, const float* g, float* out,
                    ClipSums& sums, std::int64_t count);

    void (*staircase)(const StaircaseRule&, const float* x, float* y, std::int64_t count);
    void (*staircaseGradient)(const StaircaseRule&, const float* x, const float* g, float* out,
                              StaircaseSums& sums, std::int64_t count);

    void (*bases)(const BasesRule&, const float* x, float* y, std::int64_t count);
    /// byShift and byScale: `count` of the rule; added to.
    void (*basesGradient)(const BasesRule&, const float* x, const float* g, float* out, double* byShift,
                          double* byScale, std::int64_t count);
};

} // namespace quantarium::quant
