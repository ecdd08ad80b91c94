// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/benchmarks/paired.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace quantarium::benchmarks {

namespace {

/// 97.5 % quantile of Student's t by the Cornish-Fisher expansion; four digits from 5 degrees of freedom on.
double studentQuantile(double freedom) {
    const double z = 1.959963984540054;
    const double z3 = z * z * z;
    const double z5 = z3 * z * z;
    const double z7 = z5 * z * z;
    return z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom) +
           (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * freedom * freedom * freedom);
}

} // namespace

PairedRatio pairedRatio(const std::vector<double>& seconds, const std::vector<double>& reference) {
    const auto count = static_cast<double>(seconds.size());
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < seconds.size(); ++i) {
        const double value = std::log(seconds[i] / reference[i]);
        sum += value;
        squares += value * value;
    }
    const double mean = sum / count;
    const double variance = std::max(0.0, (squares - count * mean * mean) / (count - 1));
    const double half = studentQuantile(count - 1) * std::sqrt(variance / count);
    return {std::exp(mean), std::exp(mean - half), std::exp(mean + half)};
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

std::string toString(const PairedRatio& ratio) {
    char text[80];
    std::snprintf(text, sizeof text, "%.3f [%.3f, %.3f]", ratio.ratio, ratio.low, ratio.high);
    return text;
}

} // namespace quantarium::benchmarks
