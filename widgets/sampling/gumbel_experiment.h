// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <QString>

#include "core/quant/gumbel.h"

namespace quantarium::widgets {

/// What the laboratory is asked for.
struct GumbelRequest {
    std::vector<double> logits; ///< a = log α
    double mu = 1;
    double tau = 1;
    std::size_t samples = 20000;
    std::uint64_t seed = 1;

    bool operator==(const GumbelRequest&) const = default;
};

/// One place of the grid over τ and μ.
struct GumbelCell {
    double mu = 1;
    double tau = 1;
    std::vector<double> softMean;                 ///< mean of y
    std::vector<double> chosenShare;              ///< measured share of each choice
    std::vector<double> probabilities;            ///< closed form of it
    std::vector<std::vector<double>> softSamples; ///< a few single ones
    std::vector<std::size_t> chosenSamples;       ///< the same noise
};

struct GumbelResult {
    GumbelRequest request;
    std::vector<double> probabilities; ///< closed form of P(argmax = k)
    std::vector<std::size_t> counts;   ///< how often k was chosen
    std::vector<double> softMean;      ///< mean of y
    quant::GoodnessOfFit choices;      ///< chi-square of counts
    std::optional<quant::GoodnessOfFit>
        ratio; ///< Kolmogorov-Smirnov of the log-ratio; empty: see ratioRemark
    QString ratioRemark;
    std::vector<double> ratioValues;         ///< λ log(y_1 / y_2) − (a_1 − a_2) / μ
    double entropy = 0;                      ///< nats, of the closed form
    double meanLargest = 0;                  ///< measured E[max u]
    double expectedLargest = 0;              ///< closed form of it
    std::vector<std::vector<double>> points; ///< the first samples of y
    std::vector<std::size_t> pointChoices;   ///< their argmax
    std::vector<GumbelCell> grid;            ///< by μ, then τ
};

/// The grid of paper B's Figure 2.
const std::vector<double>& gridTemperatures();
const std::vector<double>& gridNoiseWeights();

/// Samples and measures. Pure: the same request gives the same result. Thread: any; takes up to seconds.
GumbelResult runExperiment(const GumbelRequest& request);

} // namespace quantarium::widgets
