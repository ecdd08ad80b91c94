// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <vector>

namespace quantarium::store {

/// Mean and sample standard deviation (divided by n − 1; absent for one value).
struct Summary {
    double mean = 0;
    std::optional<double> deviation;
    std::size_t count = 0;
};

/// Nothing for no values.
std::optional<Summary> summarize(const std::vector<double>& values);

/// A 95 % confidence interval.
struct Interval {
    double low = 0;
    double high = 0;

    bool contains(double value) const { return low <= value && value <= high; }
};

/// P(T ≤ t) for Student's t with `degrees` > 0 degrees of freedom (any real number).
double studentCdf(double t, double degrees);

/// Its inverse, 0 < probability < 1, to about 12 digits.
double studentQuantile(double probability, double degrees);

/// Of the mean of paired differences; needs two at least.
std::optional<Interval> pairedInterval(const std::vector<double>& differences);

/// Of mean(a) − mean(b) for independent samples of unequal variance (Welch 1947); needs two values each.
std::optional<Interval> welchInterval(const std::vector<double>& a, const std::vector<double>& b);

} // namespace quantarium::store
