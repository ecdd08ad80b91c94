// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace quantarium::quant {

/// Gumbel-Max and Gumbel-Softmax sampling of one choice among m, with closed forms to hold the samples
/// against.
///
///   u_k = a_k + μ n_k,  n_k ~ Gumbel(0, 1);   z = one_hot(argmax_k u_k);   y = softmax(u / τ)
///
/// with logits a, noise weight μ ≥ 0, temperature τ > 0. Jang et al. 2017 and Maddison et al. 2017 have μ
/// = 1. Plain functions on plain vectors, for panels and tests; training has its own loops. Thread: any.
struct GumbelSamples {
    std::vector<std::vector<double>> soft; ///< y by sample; sums to 1
    std::vector<std::size_t> chosen;       ///< argmax by sample; a tie takes the lowest
    std::vector<double> largest;           ///< max_k u_k by sample
};

/// Independent draws of Gumbel(0, 1) as −log(Exponential(1)), the exponential kept ≥ 1e-20.
std::vector<double> gumbelNoise(std::size_t count, std::uint64_t seed);

/// `count` samples. The same seed gives the same noise, so that two temperatures give the same choices.
/// Throws Error(Config) for fewer than one logit, μ < 0 or τ ≤ 0.
GumbelSamples sampleGumbel(const std::vector<double>& logits, double mu, double tau, std::size_t count,
                           std::uint64_t seed);

/// P(argmax = k) = softmax(a / μ)_k, whatever τ is. μ = 0: one for the largest logit (the lowest of several).
std::vector<double> argmaxProbabilities(const std::vector<double>& logits, double mu);

/// −sum p log p, nats.
double entropy(const std::vector<double>& probabilities);

/// E[max_k u_k] = μ (logsumexp(a / μ) + 0.5772…); the variance is μ² π² / 6.
double expectedMaximum(const std::vector<double>& logits, double mu);
double varianceOfMaximum(double mu);

/// m = 2, with d = (a_1 − a_2) / μ and λ = τ / μ: y_1 = sigmoid((d + L) / λ), L standard logistic.
double binarySoftmaxCdf(double y, double d,
                        double lambda); ///< P(y_1 ≤ y) = sigmoid(λ logit(y) − d), 0 < y < 1
double binarySoftmaxDensity(double y, double d, double lambda); ///< its derivative
double binarySoftmaxMean(double d, double lambda); ///< E[y_1], by quadrature; not P(argmax = 1) unless λ → 0

/// λ log(y_i / y_j) − (a_i − a_j) / μ of every sample; exactly standard logistic for every pair i ≠ j and
/// every m.
std::vector<double> logRatios(const GumbelSamples& samples, const std::vector<double>& logits, double mu,
                              double tau, std::size_t i, std::size_t j);
double logisticCdf(double x);

struct GoodnessOfFit {
    double statistic = 0;
    double degreesOfFreedom = 0; ///< chi-square only
    double pValue = 1;           ///< probability of a statistic at least this large if the law holds
};

/// Pearson's chi-square of counts against probabilities; cells that expect fewer than 5 are pooled.
GoodnessOfFit chiSquareTest(const std::vector<std::size_t>& counts, const std::vector<double>& probabilities);

/// Kolmogorov-Smirnov: D = sup |F_n − F| with its asymptotic p-value (Stephens' correction for finite
/// samples).
GoodnessOfFit kolmogorovSmirnovTest(std::vector<double> values, const std::function<double(double)>& cdf);

} // namespace quantarium::quant
