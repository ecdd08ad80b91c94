// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/search_quantizer.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <ATen/CPUGeneratorImpl.h>

#include "core/base/error.h"
#include "core/base/random.h"

namespace quantarium::quant {

namespace {

constexpr double kRandomDeviation = 0.01;
constexpr std::int64_t kSample = 4096; ///< weights that the search for a scale looks at
constexpr int kScales = 193;           ///< 24 an octave
constexpr int kRefinements = 12;

/// One fit of c to the codes that c gives: sums over w and the nearest values.
struct ScaleFit {
    double weightValue = 0; ///< sum w q
    double valueValue = 0;  ///< sum q²
    double error = 0;       ///< sum (w − c q)²

    static ScaleFit at(double c, const float* weights, std::int64_t count, std::int64_t stride,
                       const ValueSpace& space) {
        ScaleFit fit;
        for (std::int64_t i = 0; i < count; i += stride) {
            const double w = weights[i];
            const double q = space.values()[space.nearest(w / c)];
            fit.weightValue += w * q;
            fit.valueValue += q * q;
            fit.error += (w - c * q) * (w - c * q);
        }
        return fit;
    }
};

torch::Tensor randomLogits(const QuantizerArguments& arguments, std::int64_t values) {
    auto shape = arguments.parameter.sizes().vec();
    shape.insert(shape.begin(), values);
    const auto seed = deriveSeed(deriveSeed(arguments.seed, streams::kInitialization), arguments.layer.name);
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    const auto logits = torch::empty(shape, torch::kFloat32).normal_(0, kRandomDeviation, generator);
    return logits.to(arguments.parameter.device(), arguments.parameter.scalar_type());
}

torch::Tensor nearestLogits(const torch::Tensor& weight, const ValueSpace& space, double deviation) {
    const auto scaled = weight.detach().contiguous() / bestScale(weight, space);
    std::vector<torch::Tensor> planes;
    for (const float value : space.values())
        planes.push_back(-(scaled - value).square() / (2 * deviation * deviation));
    return torch::stack(planes);
}

} // namespace

float fixedScale(const LayerContext& layer, const ValueSpace& space) {
    if (layer.followedByBatchNorm.value_or(false)) return 1.0F;
    double meanSquare = 0;
    for (const double value : space.values())
        meanSquare += value * value;
    meanSquare /= static_cast<double>(space.size());
    const double fanIn = static_cast<double>(std::max<std::int64_t>(1, layer.fanIn));
    return static_cast<float>(std::exp2(std::round(-0.5 * std::log2(fanIn * meanSquare))));
}

ValueSpace spaceOf(std::int64_t bits, const Options& options) {
    const auto listed = options.reals("values");
    return listed.empty() ? ValueSpace::published(bits) : ValueSpace({listed.begin(), listed.end()});
}

MultiplicationFlags multiplicationsOf(const ValueSpace& space) {
    std::set<double> mantissas; // 0.5 of a power of two
    for (const double value : space.values()) {
        int exponent = 0;
        if (value != 0) mantissas.insert(std::frexp(std::abs(value), &exponent));
    }
    if (mantissas.size() > 1) return {true, false};
    return {false, *mantissas.begin() != 0.5};
}

void checkSpace(std::int64_t bits, const Options& options, const std::string& where) {
    try {
        const auto space = spaceOf(bits, options);
        if (space.bits() != bits)
            throw Error(ErrorKind::Config,
                        std::to_string(space.size()) + " values need " + std::to_string(space.bits()) +
                            " bits, and bits is " + std::to_string(bits),
                        "", "Set bits to " + std::to_string(space.bits()) + " or list other values.");
    } catch (const Error& error) {
        throw Error(error.kind(), error.problem(), where, error.remedy());
    }
}

std::vector<OptionSpec> searchOptions() {
    return {OptionSpec::realList(
                "values", "Values", {}, -1024, 1024,
                "The values a weight may take; empty: ±1, ±1/2, ±1/4, ±1/8, as many as the bits give")
                .withSource("ASP-DAC 2023, section 3"),
            OptionSpec::choice("init", "Starting logits", "auto", {"auto", "random", "pretrained"},
                               "Random, or so that the value nearest to the trained weight wins; auto: "
                               "pretrained when the run starts from trained weights"),
            OptionSpec::real("init_deviation", "Starting deviation", 0.25, 0.01, 100,
                             "Of a pretrained start: the logit of a value falls as a normal distribution of "
                             "this deviation around the trained weight does; larger ones let choices change "
                             "sooner, which short runs need")
                .asAdvanced()};
}

torch::Tensor startingLogits(const QuantizerArguments& arguments, const ValueSpace& space) {
    const torch::NoGradGuard guard;
    const auto init = arguments.options.text("init");
    const bool pretrained = init == "pretrained" || (init == "auto" && arguments.pretrained);
    if (!pretrained) return randomLogits(arguments, space.size());
    return nearestLogits(arguments.parameter, space, arguments.options.real("init_deviation"));
}

double bestScale(const torch::Tensor& weight, const ValueSpace& space) {
    const auto plain = plainFloats(weight);
    const auto* data = plain.data_ptr<float>();
    const std::int64_t count = plain.numel();
    const double largest = plain.abs().max().item<double>();
    if (!(largest > 0)) return 1;
    const double reach = std::max(std::abs(space.values().front()), std::abs(space.values().back()));
    const std::int64_t stride = std::max<std::int64_t>(1, count / kSample);
    double best = largest / reach;
    double bestError = INFINITY;
    for (int i = 0; i < kScales; ++i) { // 2^-5 … 2^3 around "the largest weight is the largest value"
        const double c = largest / reach * std::exp2(-5.0 + 8.0 * i / (kScales - 1));
        const double error = ScaleFit::at(c, data, count, stride, space).error;
        if (error < bestError) {
            bestError = error;
            best = c;
        }
    }
    for (int i = 0; i < kRefinements; ++i) { // alternate codes and least squares; each step lowers the error
        const auto fit = ScaleFit::at(best, data, count, 1, space);
        if (!(fit.weightValue > 0) || !(fit.valueValue > 0)) break;
        const double next = fit.weightValue / fit.valueValue;
        if (next == best) break;
        best = next;
    }
    return best;
}

} // namespace quantarium::quant
