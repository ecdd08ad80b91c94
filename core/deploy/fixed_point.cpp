// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/deploy/fixed_point.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quantarium::deploy {

namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kSmallest = std::numeric_limits<std::int32_t>::min();
constexpr int kBits = 31;

} // namespace

std::int32_t doublingHighProduct(std::int32_t a, std::int32_t b) {
    if (a == kSmallest && b == kSmallest) return static_cast<std::int32_t>(kLargest);
    const std::int64_t product = std::int64_t{a} * b;
    const std::int64_t nudge = product >= 0 ? std::int64_t{1} << 30 : 1 - (std::int64_t{1} << 30);
    return static_cast<std::int32_t>((product + nudge) / (std::int64_t{1} << kBits)); // towards zero
}

std::int32_t dividedByPowerOfTwo(std::int32_t x, int exponent) {
    const std::int64_t mask = (std::int64_t{1} << exponent) - 1;
    const std::int64_t remainder = x & mask;
    const std::int64_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

FixedPointFactor FixedPointFactor::of(double real) {
    if (!(real > 0)) return {};
    int exponent = 0;
    const double fraction = std::frexp(real, &exponent); // [1/2, 1)
    auto mantissa = std::llround(std::ldexp(fraction, kBits));
    if (mantissa > kLargest) { // rounded up to 1
        mantissa /= 2;
        ++exponent;
    }
    if (-exponent > kBits) return {}; // less than half a unit for all 32-bit numbers
    return {static_cast<std::int32_t>(mantissa), -exponent};
}

std::int32_t FixedPointFactor::times(std::int32_t x) const {
    if (shift >= 0) return dividedByPowerOfTwo(doublingHighProduct(x, mantissa), shift);
    const auto left = std::min(-shift, kBits);
    const auto shifted = std::clamp(std::int64_t{x} << left, kSmallest, kLargest);
    return doublingHighProduct(static_cast<std::int32_t>(shifted), mantissa);
}

} // namespace quantarium::deploy
