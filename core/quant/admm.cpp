// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <functional>

#include "core/base/error.h"
#include "core/quant/admm_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kScaleBits = 32;

void checkAdmm(std::int64_t, const Options& options, const std::string& where) {
    if (!options.boolean("progressive")) return;
    const auto portions = options.reals("portions");
    if (portions.empty() || portions.back() != 1 ||
        std::adjacent_find(portions.begin(), portions.end(), std::greater_equal<>()) != portions.end())
        throw Error(ErrorKind::Config, "\"portions\" are not ascending accumulated shares that end with 1",
                    where, "For example [0.5, 0.75, 0.875, 1].");
}

std::vector<OptionSpec> admmOptions() {
    return {
        OptionSpec::real("rho", "Penalty ρ", 1e-2, 1e-8, 1e3,
                         "How strongly weights are drawn to their levels")
            .withSource("Leng et al. 2018, section 3.2"),
        OptionSpec::choice("rho_schedule", "Penalty over time", "geometric",
                           {"constant", "geometric", "balance"},
                           "geometric: grows by a constant factor an epoch; balance: by the residuals"),
        OptionSpec::real("rho_last", "Penalty in the last epoch", 1.0, 1e-8, 1e3, "Of the geometric growth")
            .when("rho_schedule", {"geometric"}),
        OptionSpec::integer("update_steps", "Dual update every", 10, 1, 1e9,
                            "Projection and dual are updated after so many steps; empty: once an epoch",
                            "steps")
            .orNull(),
        OptionSpec::boolean("extragradient", "Extragradient", false,
                            "Two gradients a step: the second one at the point that the first leads to")
            .withSource("Leng et al. 2018, Eq. 10"),
        OptionSpec::real("predictor_rate", "Predictor rate β", 0.01, 1e-8, 10,
                         "Learning rate of the first of them")
            .when("extragradient", {true}),
        OptionSpec::choice("largest", "Largest level at 3 bits", "4", {"2", "4"},
                           "0, ±1, ±2 or 0, ±1, ±2, ±4 times the scale"),
        OptionSpec::boolean("progressive", "Progressive", false,
                            "Freeze growing portions on their levels and retrain the others")
            .withSource("Lin et al. 2019, arXiv 1905.00789"),
        OptionSpec::real("retrain_from", "Freeze from", 0.5, 0.0, 1.0,
                         "Share of the epochs before the first portion")
            .when("progressive", {true}),
        OptionSpec::realList(
            "portions", "Portions", {0.5, 0.75, 0.875, 1.0}, 0.0, 1.0,
            "Accumulated shares of frozen weights, ending with 1; the remaining epochs are split "
            "evenly over those below 1")
            .when("progressive", {true})};
}

std::string remarkAdmm(std::int64_t bits, const Options& options) {
    if (bits == 1) return {};
    if (bits == 2) return "3 values: zero and one scale with both signs";
    return options.text("largest") == "2"
               ? "5 values: zero, one scale and its double with both signs"
               : "7 values: zero, one scale, its double and its fourfold with both signs";
}

double floatsPerWeight(std::int64_t bits, const Options& options) {
    double floats = latentFloatsPerWeight(bits, options) + 2; // target and dual
    if (options.boolean("extragradient")) floats += 1;
    if (options.boolean("progressive")) floats += 1.25; // held values and the mask's byte
    return floats;
}

} // namespace

WeightMethod admmMethod() {
    WeightMethod method;
    method.schema = {"admm", "ADMM",
                     "Float weights that a growing penalty draws to few levels of one scale per layer",
                     "Leng et al. 2018, arXiv 1707.09870; Lin et al. 2019, arXiv 1905.00789", admmOptions()};
    method.minimumBits = 1;
    method.maximumBits = 3;
    method.defaultBits = 2;
    method.wantsPretrained = true;
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{false, true}; };
    method.levels = [](std::int64_t bits, const Options& options) {
        return static_cast<std::int64_t>(admmMagnitudes(bits, options).size()) * 2 - (bits == 1 ? 0 : 1);
    };
    method.sideBits = [](const LayerContext&, std::int64_t, const Options&) { return kScaleBits; };
    method.trainingFloatsPerWeight = floatsPerWeight;
    method.check = checkAdmm;
    method.remark = remarkAdmm;
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<AdmmQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
