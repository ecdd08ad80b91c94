// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/power_grid.h"

#include <algorithm>
#include <cmath>

namespace quantarium::quant {

int powerNear(double magnitude) {
    int exponent = 0;
    const double mantissa = std::frexp(magnitude, &exponent);
    return mantissa >= 0.75 ? exponent : exponent - 1;
}

PowerGrid PowerGrid::of(int n1, std::int64_t bits, bool allCodes) {
    const int below = allCodes ? (1 << (bits - 1)) - 2 : (1 << (bits - 2)) - 1;
    return {n1, std::max(n1 - below, std::min(n1, kSmallest)), 1.0};
}

std::int16_t PowerGrid::code(double weight) const {
    const double magnitude = std::abs(weight) / scale;
    const int zero = exponents();
    if (!(magnitude >= std::ldexp(1.0, n2 - 1))) return static_cast<std::int16_t>(zero);
    const int power = std::isinf(magnitude) ? n1 : std::clamp(powerNear(magnitude), n2, n1);
    const int step = power - n2 + 1;
    return static_cast<std::int16_t>(weight < 0 ? zero - step : zero + step);
}

std::vector<float> PowerGrid::codebook() const {
    const int zero = exponents();
    std::vector<float> values(2 * zero + 1, 0.0F);
    for (int step = 1; step <= zero; ++step) {
        const auto value = static_cast<float>(std::ldexp(scale, n2 + step - 1));
        values[zero + step] = value;
        values[zero - step] = -value;
    }
    return values;
}

} // namespace quantarium::quant
