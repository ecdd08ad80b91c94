// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// What the loops of the …_kernels_body.h files share. They are included by each file that compiles them for
// an instruction set. Everything is in an anonymous namespace and nothing of the standard library is called,
// for the reason that kernels.h gives. The inner loops are written so that the compiler turns them into
// vector code: over a block of numbers, without branches.

#include <cstdint>

namespace quantarium::quant {

namespace {

constexpr std::int64_t kBlock = 64;

#define QUANTARIUM_INLINE inline __attribute__((always_inline))

QUANTARIUM_INLINE float floatOfBits(std::int32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

QUANTARIUM_INLINE std::int32_t bitsOfFloat(float value) {
    std::int32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

/// exp(x) for x ≤ 0: x = n ln 2 + r, a polynomial in r (Cephes' coefficients), and n added to the exponent.
QUANTARIUM_INLINE float exponentialOf(float x) {
    constexpr float kRound =
        12582912.0F; // 1.5 · 2^23: adding it rounds to a whole number, which its low bits then hold
    const float clamped = x > -87.0F ? x : -87.0F;
    const float shifted = clamped * 1.44269504F + kRound;
    const float n = shifted - kRound;
    const float r = (clamped - n * 0.693359375F) - n * -2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * (r * r) + r + 1.0F;
    const std::int32_t exponent = (bitsOfFloat(shifted) - bitsOfFloat(kRound)) * (1 << 23);
    const float result = floatOfBits(bitsOfFloat(p) + exponent);
    return x < -87.0F ? 0.0F : result;
}

/// Calls use(first, count) over blocks; whole blocks with a constant count, so that their loops have no
/// remainders.
template <class Use> QUANTARIUM_INLINE void overBlocks(std::int64_t begin, std::int64_t end, Use use) {
    std::int64_t first = begin;
    for (; first + kBlock <= end; first += kBlock)
        use(first, kBlock);
    if (first < end) use(first, end - first);
}

} // namespace

} // namespace quantarium::quant
