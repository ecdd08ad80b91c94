// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/apot_levels.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace quantarium::quant {

std::vector<double> apotMagnitudes(std::int64_t bits) {
    const std::int64_t pairs = bits / 2;
    const bool single = bits % 2 == 1;
    std::vector<std::vector<double>> terms(static_cast<std::size_t>(pairs), {0.0});
    int exponent = 0;
    const auto next = [&exponent] { return std::ldexp(1.0, --exponent); };
    for (int power = 0; power < 3; ++power) {
        if (power == 2 && single) terms.push_back({0.0, next()});
        for (std::int64_t term = 0; term < pairs; ++term)
            terms[static_cast<std::size_t>(term)].push_back(next());
    }
    std::vector<double> sums{0.0};
    for (const auto& term : terms) {
        std::vector<double> wider;
        for (const double sum : sums)
            for (const double value : term)
                wider.push_back(sum + value);
        sums = std::move(wider);
    }
    std::sort(sums.begin(), sums.end());
    for (auto& sum : sums)
        sum /= sums.back();
    return sums;
}

} // namespace quantarium::quant
