// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace quantarium::quant {

/// The exponent p of the power of two that a magnitude is nearest to: 0.75 · 2^p ≤ |w| < 1.5 · 2^p, exactly
/// (no logarithm). INQ's n1 = floor(log2(4 s / 3)) is powerNear(s). `magnitude` > 0 and finite.
int powerNear(double magnitude);

/// INQ's values of one layer (Zhou et al. 2017, section 2.1): {0, ±2^n2, …, ±2^n1} · scale, and its rounding
/// (Eq. 4):
///
///   q(w) = 0                              |w| < 2^(n2−1)
///          sign(w) 2^n2                   2^(n2−1) ≤ |w| < 3 · 2^(n2−1)
///          sign(w) 2^min(powerNear, n1)   otherwise
///
/// Codes ascend with the value: −2^n1 is 0, zero is exponents(), 2^n1 is 2 · exponents(). A plain value;
/// thread: any.
///
/// Differs from the paper: Eq. 4 as printed sends |w| ≥ 1.5 · 2^n1 to zero; here it saturates, because a
/// weight may grow past the range that the pretrained weights set.
struct PowerGrid {
    int n1 = 0;         ///< largest exponent
    int n2 = 0;         ///< smallest exponent, ≥ kSmallest
    double scale = 1.0; ///< 1 unless weights are rescaled

    /// Smallest exponent whose rounding threshold 2^(n2−1) is still a float32.
    static constexpr int kSmallest = -148;

    /// n2 = n1 + 1 − 2^(bits−2) as published (2^(bits−1) powers and zero), or, when all codes are used,
    /// n1 + 2 − 2^(bits−1) (2^bits − 1 values).
    static PowerGrid of(int n1, std::int64_t bits, bool allCodes);

    int exponents() const { return n1 - n2 + 1; }

    /// The code of a weight; NaN becomes zero.
    std::int16_t code(double weight) const;

    /// Values by code.
    std::vector<float> codebook() const;

    bool operator==(const PowerGrid&) const = default;
};

} // namespace quantarium::quant
