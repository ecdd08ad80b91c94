// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

namespace quantarium::benchmarks {

/// Geometric mean of paired ratios with its 95 % interval (Student's t on the logarithms).
struct PairedRatio {
    double ratio = 1;
    double low = 1;
    double high = 1;
};

/// seconds[i] / reference[i] over the rounds i. Needs at least two rounds.
PairedRatio pairedRatio(const std::vector<double>& seconds, const std::vector<double>& reference);

double median(std::vector<double> values);

/// "1.012 [1.008, 1.016]"
std::string toString(const PairedRatio& ratio);

} // namespace quantarium::benchmarks
