// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/sampling/gumbel_experiment.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace quantarium::widgets {
namespace {

constexpr std::size_t kGridSamples = 2000;
constexpr std::size_t kSingleSamples = 3;
constexpr std::size_t kMostPoints = 3000;

std::vector<std::size_t> countsOf(const std::vector<std::size_t>& chosen, std::size_t categories) {
    std::vector<std::size_t> counts(categories, 0);
    for (const std::size_t k : chosen)
        ++counts[k];
    return counts;
}

std::vector<double> meanOf(const std::vector<std::vector<double>>& soft, std::size_t categories) {
    std::vector<double> mean(categories, 0.0);
    for (const auto& y : soft) {
        for (std::size_t k = 0; k < categories; ++k)
            mean[k] += y[k];
    }
    for (double& value : mean)
        value /= double(std::max<std::size_t>(1, soft.size()));
    return mean;
}

template <typename T> std::vector<T> firstOf(const std::vector<T>& values, std::size_t most) {
    return {values.begin(), values.begin() + std::ptrdiff_t(std::min(most, values.size()))};
}

GumbelCell cellOf(const GumbelRequest& request, double mu, double tau) {
    const quant::GumbelSamples samples =
        quant::sampleGumbel(request.logits, mu, tau, kGridSamples, request.seed);
    GumbelCell cell{mu,
                    tau,
                    meanOf(samples.soft, request.logits.size()),
                    {},
                    quant::argmaxProbabilities(request.logits, mu),
                    firstOf(samples.soft, kSingleSamples),
                    firstOf(samples.chosen, kSingleSamples)};
    for (const std::size_t count : countsOf(samples.chosen, request.logits.size())) {
        cell.chosenShare.push_back(double(count) / double(kGridSamples));
    }
    return cell;
}

void measureRatio(const quant::GumbelSamples& samples, GumbelResult& result) {
    const GumbelRequest& request = result.request;
    if (!(request.mu > 0)) {
        result.ratioRemark = QStringLiteral("μ = 0: no noise, every sample is the same");
        return;
    }
    std::vector<double> ratios = quant::logRatios(samples, request.logits, request.mu, request.tau, 0, 1);
    const bool whole =
        std::all_of(ratios.begin(), ratios.end(), [](double value) { return std::isfinite(value); });
    if (!whole) {
        result.ratioRemark = QStringLiteral(
            "τ is so small that some y are 0 in double precision; their ratio can't be measured");
        return;
    }
    result.ratio = quant::kolmogorovSmirnovTest(ratios, quant::logisticCdf);
    result.ratioValues = std::move(ratios);
}

} // namespace

const std::vector<double>& gridTemperatures() {
    static const std::vector<double> kTemperatures{0.1, 0.5, 1, 10};
    return kTemperatures;
}

const std::vector<double>& gridNoiseWeights() {
    static const std::vector<double> kNoiseWeights{0.1, 1, 10};
    return kNoiseWeights;
}

GumbelResult runExperiment(const GumbelRequest& request) {
    GumbelResult result;
    result.request = request;
    const std::size_t categories = request.logits.size();
    const quant::GumbelSamples samples =
        quant::sampleGumbel(request.logits, request.mu, request.tau, request.samples, request.seed);
    result.probabilities = quant::argmaxProbabilities(request.logits, request.mu);
    result.counts = countsOf(samples.chosen, categories);
    result.softMean = meanOf(samples.soft, categories);
    result.choices = quant::chiSquareTest(result.counts, result.probabilities);
    measureRatio(samples, result);
    result.entropy = quant::entropy(result.probabilities);
    result.meanLargest =
        std::accumulate(samples.largest.begin(), samples.largest.end(), 0.0) / double(samples.largest.size());
    result.expectedLargest = quant::expectedMaximum(request.logits, request.mu);
    result.points = firstOf(samples.soft, kMostPoints);
    result.pointChoices = firstOf(samples.chosen, kMostPoints);
    for (const double mu : gridNoiseWeights()) {
        for (const double tau : gridTemperatures())
            result.grid.push_back(cellOf(request, mu, tau));
    }
    return result;
}

} // namespace quantarium::widgets
