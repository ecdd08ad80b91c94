// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/gumbel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "core/base/error.h"
#include "core/base/random.h"

namespace quantarium::quant {

namespace {

constexpr double kSmallestExponential = 1e-20; // noise of at most 46
constexpr double kMinimumExpected = 5.0;

struct Cell {
    double count = 0;
    double expected = 0;

    void add(const Cell& other) {
        count += other.count;
        expected += other.expected;
    }
    bool operator<(const Cell& other) const { return expected < other.expected; }
};

double sigmoid(double x) {
    return x >= 0 ? 1.0 / (1.0 + std::exp(-x)) : std::exp(x) / (1.0 + std::exp(x));
}

void requireSampling(const std::vector<double>& logits, double mu, double tau) {
    if (logits.empty()) throw Error(ErrorKind::Config, "there are no logits to sample from");
    if (!(mu >= 0)) throw Error(ErrorKind::Config, "the noise weight " + std::to_string(mu) + " is below 0");
    if (!(tau > 0))
        throw Error(ErrorKind::Config, "the temperature " + std::to_string(tau) + " is not above 0");
}

double logSumExp(const std::vector<double>& logits, double divisor) {
    const double largest = *std::max_element(logits.begin(), logits.end()) / divisor;
    double sum = 0;
    for (const double logit : logits)
        sum += std::exp(logit / divisor - largest);
    return largest + std::log(sum);
}

std::vector<double> softmax(const std::vector<double>& logits, double divisor) {
    const double total = logSumExp(logits, divisor);
    std::vector<double> probabilities;
    for (const double logit : logits)
        probabilities.push_back(std::exp(logit / divisor - total));
    return probabilities;
}

/// P(a, x), regularized lower incomplete gamma function, by its power series; good for x < a + 1.
double lowerGammaSeries(double a, double x) {
    double term = 1.0 / a;
    double sum = term;
    for (double n = a + 1; term > sum * 1e-17; ++n)
        sum += term *= x / n;
    return sum * std::exp(a * std::log(x) - x - std::lgamma(a));
}

/// Q(a, x) = 1 − P(a, x), by Lentz's continued fraction; good for x ≥ a + 1.
double upperGammaFraction(double a, double x) {
    constexpr double kTiny = 1e-300;
    double b = x + 1 - a;
    double c = 1 / kTiny;
    double d = 1 / b;
    double value = d;
    for (int i = 1; i < 10000; ++i) {
        const double numerator = -i * (i - a);
        b += 2;
        d = numerator * d + b;
        d = 1 / (std::abs(d) < kTiny ? kTiny : d);
        c = b + numerator / c;
        if (std::abs(c) < kTiny) c = kTiny;
        value *= d * c;
        if (std::abs(d * c - 1) < 1e-16) break;
    }
    return value * std::exp(a * std::log(x) - x - std::lgamma(a));
}

double chiSquareTail(double statistic, double degrees) {
    const double a = degrees / 2;
    const double x = statistic / 2;
    if (x <= 0) return 1;
    return x < a + 1 ? 1 - lowerGammaSeries(a, x) : upperGammaFraction(a, x);
}

double kolmogorovTail(double x) {
    if (x < 0.2) return 1; // 1 − 5e-13 already at 0.2
    double sum = 0;
    for (int k = 1; k <= 100; ++k) {
        const double term = std::exp(-2.0 * k * k * x * x);
        sum += k % 2 == 1 ? term : -term;
        if (term < 1e-18) break;
    }
    return std::clamp(2 * sum, 0.0, 1.0);
}

} // namespace

std::vector<double> gumbelNoise(std::size_t count, std::uint64_t seed) {
    RandomStream stream(seed);
    std::vector<double> noise(count);
    for (auto& value : noise)
        value = -std::log(std::max(kSmallestExponential, -std::log1p(-stream.uniform())));
    return noise;
}

GumbelSamples sampleGumbel(const std::vector<double>& logits, double mu, double tau, std::size_t count,
                           std::uint64_t seed) {
    requireSampling(logits, mu, tau);
    const std::size_t size = logits.size();
    const auto noise = gumbelNoise(count * size, seed);
    GumbelSamples samples;
    std::vector<double> noisy(size);
    for (std::size_t n = 0; n < count; ++n) {
        for (std::size_t k = 0; k < size; ++k)
            noisy[k] = logits[k] + mu * noise[n * size + k];
        const auto winner = std::max_element(noisy.begin(), noisy.end());
        samples.chosen.push_back(static_cast<std::size_t>(winner - noisy.begin()));
        samples.largest.push_back(*winner);
        samples.soft.push_back(softmax(noisy, tau));
    }
    return samples;
}

std::vector<double> argmaxProbabilities(const std::vector<double>& logits, double mu) {
    requireSampling(logits, mu, 1.0);
    if (mu > 0) return softmax(logits, mu);
    std::vector<double> probabilities(logits.size(), 0.0);
    probabilities[std::max_element(logits.begin(), logits.end()) - logits.begin()] = 1.0;
    return probabilities;
}

double entropy(const std::vector<double>& probabilities) {
    double sum = 0;
    for (const double p : probabilities)
        if (p > 0) sum -= p * std::log(p);
    return sum;
}

double expectedMaximum(const std::vector<double>& logits, double mu) {
    requireSampling(logits, mu, 1.0);
    if (mu == 0) return *std::max_element(logits.begin(), logits.end());
    return mu * (logSumExp(logits, mu) + std::numbers::egamma);
}

double varianceOfMaximum(double mu) {
    return mu * mu * std::numbers::pi * std::numbers::pi / 6;
}

double logisticCdf(double x) {
    return sigmoid(x);
}

double binarySoftmaxCdf(double y, double d, double lambda) {
    return sigmoid(lambda * std::log(y / (1 - y)) - d);
}

double binarySoftmaxDensity(double y, double d, double lambda) {
    const double below = binarySoftmaxCdf(y, d, lambda);
    return below * (1 - below) * lambda / (y * (1 - y));
}

double binarySoftmaxMean(double d, double lambda) {
    // The trapezoid rule converges geometrically here: the integrand is analytic and its tails fall like
    // exp(−|x|).
    constexpr double kReach = 40;
    const double step = std::min(0.05, lambda / 2);
    const auto points = static_cast<std::int64_t>(kReach / step);
    double sum = 0;
    for (std::int64_t i = -points; i <= points; ++i) {
        const double x = static_cast<double>(i) * step;
        sum += sigmoid((d + x) / lambda) * sigmoid(x) * sigmoid(-x);
    }
    return sum * step;
}

std::vector<double> logRatios(const GumbelSamples& samples, const std::vector<double>& logits, double mu,
                              double tau, std::size_t i, std::size_t j) {
    std::vector<double> ratios;
    for (const auto& y : samples.soft)
        ratios.push_back(tau / mu * std::log(y[i] / y[j]) - (logits[i] - logits[j]) / mu);
    return ratios;
}

GoodnessOfFit chiSquareTest(const std::vector<std::size_t>& counts,
                            const std::vector<double>& probabilities) {
    double total = 0;
    for (const auto count : counts)
        total += static_cast<double>(count);
    std::vector<Cell> cells;
    Cell pooled;
    for (std::size_t k = 0; k < counts.size(); ++k) {
        const Cell cell{static_cast<double>(counts[k]), total * probabilities.at(k)};
        if (cell.expected <= 0 && cell.count > 0)
            return {std::numeric_limits<double>::infinity(), 0, 0}; // impossible
        if (cell.expected >= kMinimumExpected)
            cells.push_back(cell);
        else
            pooled.add(cell);
    }
    if (pooled.expected >= kMinimumExpected || cells.empty())
        cells.push_back(pooled);
    else
        std::min_element(cells.begin(), cells.end())->add(pooled);
    double statistic = 0;
    for (const auto& [count, expected] : cells)
        if (expected > 0) statistic += (count - expected) * (count - expected) / expected;
    const auto degrees = static_cast<double>(cells.size() - 1);
    return {statistic, degrees, degrees > 0 ? chiSquareTail(statistic, degrees) : 1.0};
}

GoodnessOfFit kolmogorovSmirnovTest(std::vector<double> values, const std::function<double(double)>& cdf) {
    std::sort(values.begin(), values.end());
    const auto n = static_cast<double>(values.size());
    double distance = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double expected = cdf(values[i]);
        const auto rank = static_cast<double>(i);
        distance = std::max({distance, expected - rank / n, (rank + 1) / n - expected});
    }
    const double root = std::sqrt(n);
    return {distance, 0, kolmogorovTail(distance * (root + 0.12 + 0.11 / root))};
}

} // namespace quantarium::quant
