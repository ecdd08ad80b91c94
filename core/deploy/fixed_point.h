// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace quantarium::deploy {

/// a · b / 2³¹ to the nearest whole number, halves up; saturates in the one case that overflows, both −2³¹.
/// ARM's SQRDMULH as gemmlowp defines it (fixedpoint.h, SaturatingRoundingDoublingHighMul).
std::int32_t doublingHighProduct(std::int32_t a, std::int32_t b);

/// x / 2^exponent to the nearest whole number, halves away from zero; exponent 0 … 31 (gemmlowp,
/// RoundingDivideByPOT).
std::int32_t dividedByPowerOfTwo(std::int32_t x, int exponent);

/// A positive real factor as integer arithmetic has it: M = 2^−n · M₀ with M₀ in [½, 1) as a 32-bit fixed
/// point number (Jacob et al. 2018, arXiv 1712.05877, section 2.2, eq. 6). A plain value; thread: any.
struct FixedPointFactor {
    std::int32_t mantissa = 0; ///< M₀ · 2³¹
    int shift = 0;             ///< n: bits to the right; below 0, to the left

    /// @param real finite, 0 or above
    static FixedPointFactor of(double real);

    /// x · M, rounded twice, after the product and after the shift. Where M is 1 or above and x · M takes
    /// more than 32 bits, a number of its sign and at least 2³⁰ in size.
    std::int32_t times(std::int32_t x) const;
};

} // namespace quantarium::deploy
