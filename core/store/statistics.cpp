// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/statistics.h"

#include <cmath>

namespace quantarium::store {

namespace {

constexpr double kConfidence = 0.95;
constexpr double kTiny = 1e-300;
constexpr double kPrecision = 1e-16;

/// The continued fraction of the incomplete beta function, by Lentz's method (Press et al., Numerical
/// Recipes, §6.4). Converges quickly for x < (a + 1) / (a + b + 2).
double betaFraction(double x, double a, double b) {
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (std::fabs(d) < kTiny ? kTiny : d);
    double result = d;
    const auto step = [&](double numerator) {
        d = 1 + numerator * d;
        d = 1 / (std::fabs(d) < kTiny ? kTiny : d);
        c = 1 + numerator / c;
        if (std::fabs(c) < kTiny) c = kTiny;
        result *= c * d;
    };
    for (int m = 1; m <= 100000; ++m) {
        step(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)));
        step(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)));
        if (std::fabs(c * d - 1) < kPrecision * 10) break;
    }
    return result;
}

/// The regularized incomplete beta function I_x(a, b); `rest` is 1 − x, given apart because it may be tiny.
double incompleteBeta(double x, double rest, double a, double b) {
    if (x <= 0) return 0;
    if (rest <= 0) return 1;
    const double front =
        std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log(rest));
    if (x < (a + 1) / (a + b + 2)) return front * betaFraction(x, a, b) / a;
    return 1 - front * betaFraction(rest, b, a) / b;
}

/// P(T > t), t ≥ 0: no cancellation in the tail.
double upperTail(double t, double degrees) {
    const double square = t * t;
    return 0.5 * incompleteBeta(degrees / (degrees + square), square / (degrees + square), degrees / 2, 0.5);
}

double criticalValue(double degrees) {
    return studentQuantile(0.5 + kConfidence / 2, degrees);
}

Interval around(double centre, double halfWidth) {
    return {centre - halfWidth, centre + halfWidth};
}

double square(double value) {
    return value * value;
}

} // namespace

std::optional<Summary> summarize(const std::vector<double>& values) {
    if (values.empty()) return std::nullopt;
    Summary summary;
    summary.count = values.size();
    for (const double value : values)
        summary.mean += value / static_cast<double>(values.size());
    if (values.size() < 2) return summary;
    double squares = 0;
    for (const double value : values)
        squares += square(value - summary.mean);
    summary.deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
    return summary;
}

double studentCdf(double t, double degrees) {
    return t < 0 ? upperTail(-t, degrees) : 1 - upperTail(t, degrees);
}

double studentQuantile(double probability, double degrees) {
    if (probability == 0.5) return 0;
    const double tail = probability < 0.5 ? probability : 1 - probability;
    double low = 0;
    double high = 1;
    while (upperTail(high, degrees) > tail && high < 1e300)
        high *= 2;
    for (int i = 0; i < 200 && high - low > kPrecision * high; ++i) {
        const double middle = low + (high - low) / 2;
        (upperTail(middle, degrees) > tail ? low : high) = middle;
    }
    const double t = low + (high - low) / 2;
    return probability < 0.5 ? -t : t;
}

std::optional<Interval> pairedInterval(const std::vector<double>& differences) {
    const auto summary = summarize(differences);
    if (!summary || !summary->deviation) return std::nullopt;
    const auto n = static_cast<double>(summary->count);
    return around(summary->mean, criticalValue(n - 1) * *summary->deviation / std::sqrt(n));
}

std::optional<Interval> welchInterval(const std::vector<double>& a, const std::vector<double>& b) {
    const auto first = summarize(a);
    const auto second = summarize(b);
    if (!first || !second || !first->deviation || !second->deviation) return std::nullopt;
    const double n = static_cast<double>(first->count);
    const double m = static_cast<double>(second->count);
    const double u = square(*first->deviation) / n;
    const double v = square(*second->deviation) / m;
    const double centre = first->mean - second->mean;
    if (u + v == 0) return around(centre, 0);
    const double degrees = square(u + v) / (square(u) / (n - 1) + square(v) / (m - 1)); // Welch-Satterthwaite
    return around(centre, criticalValue(degrees) * std::sqrt(u + v));
}

} // namespace quantarium::store
