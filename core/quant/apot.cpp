// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "core/quant/apot_levels.h"
#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"
#include "core/quant/rounding_passes.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kScaleBits = 32;
constexpr double kSmallestAlpha = 1e-6;
constexpr double kSmallestSpread = 1e-6; ///< a layer of equal weights stays finite

/// Additive powers of two (Li, Dong and Wang 2020, arXiv 1909.13144), weights. Normalized per layer,
/// h = (W − mean) / std with the unbiased standard deviation (section 2.4), x = h / α, and
///   q = α · sign(x) · (the level nearest to min(|x|, 1))
/// with levels that are sums of powers of two over the largest sum (section 2.2), α trained per layer.
/// Gradients: dL/dα = Σ g · { sign(x) where |x| > 1, else q/α − x } (section 2.3), and with d = dL/dh
///   dL/dW = (d − mean(d) − h Σ(d h) / (N − 1)) / std, d = g where |x| ≤ 1, else 0   (clipped),
///   dL/dW = g / std                                                                 (straight),
/// the method's code for ImageNet and for CIFAR-10, which takes mean and deviation as constants and passes
/// clipped weights by. Levels such as 0.1 are powers of two times 1 / largest sum, which belongs to the
/// scale.
///
/// Differs from the paper: where no batch norm follows the layer, q is multiplied by the deviation of the
/// starting weights, because weights of deviation 1 would multiply the layer's output by the square root of
/// its fan-in. α is kept at 1e-6 and above.
class ApotQuantizer final : public LatentQuantizer {
public:
    explicit ApotQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "apot"), m_clipped(arguments.options.text("gradient") == "clipped"),
          m_magnitudes(torch::tensor(apotMagnitudes(bits() - 1), torch::kFloat64).to(latent().options())),
          m_borders(bordersOf(m_magnitudes)),
          m_alpha(torch::full({1}, arguments.options.real("alpha"), latent().options())),
          m_unit(torch::ones_like(m_alpha)) {
        const torch::NoGradGuard guard;
        const auto rescale = arguments.options.text("rescale");
        if (rescale == "on" || (rescale == "auto" && layer().followedByBatchNorm != true))
            m_unit.copy_(normalized().spread);
        train("alpha", m_alpha.requires_grad_(), std::nullopt, arguments.options.real("alpha_rate"));
        keep("unit", m_unit);
        startCountingFlips();
    }

    void afterStep() override { m_alpha.detach().clamp_min_(kSmallestAlpha); }

protected:
    torch::Tensor deployed() const override {
        return levelsOf(normalized().weight, {levels().view({-1}), m_borders * m_alpha.detach()});
    }

    torch::Tensor levels() const override {
        return bothSigns(m_magnitudes).mul_(m_alpha.detach() * m_unit).view({1, -1});
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override {
        const auto [weight, spread] = normalized();
        const double alpha = m_alpha.item<double>();
        const auto values =
            levelsOf(weight, {bothSigns(m_magnitudes).mul_(m_alpha.detach()), m_borders * m_alpha.detach()});
        const auto scaled = clippedGradient(weight, values, g, -alpha, alpha);
        const auto byAlpha = scaled.inside.div(alpha).sub(scaled.below).add(scaled.above);
        setGradient(m_alpha, byAlpha.to(m_alpha.options()).mul(m_unit).view({1}));
        if (!m_clipped) return g * m_unit / spread;
        const auto d = scaled.input.mul(m_unit);
        const auto along = d.mul(weight).sum().div_(degrees());
        return (d - d.mean() - weight * along).div_(spread);
    }

    std::int64_t sideBits() const override { return kScaleBits; }

    std::map<std::string, double> diagnostics() const override {
        const auto x = normalized().weight.div_(m_alpha.detach());
        return {{"alpha", m_alpha.item<double>()},
                {"unit", m_unit.item<double>()},
                {"clipped_share", x.abs().gt(1).to(torch::kFloat64).mean().item<double>()}};
    }

private:
    struct Normalized {
        torch::Tensor weight; ///< h
        torch::Tensor spread; ///< std, []
    };

    double degrees() const { return static_cast<double>(std::max<std::int64_t>(1, elements() - 1)); }

    Normalized normalized() const {
        auto centred = latent() - latent().mean();
        const auto spread = centred.square().sum().div_(degrees()).sqrt_().clamp_min_(kSmallestSpread);
        return {centred.div_(spread), spread};
    }

    /// The values of the magnitudes (0 first) with both signs, ascending.
    static torch::Tensor bothSigns(const torch::Tensor& magnitudes) {
        return torch::cat({-magnitudes.slice(0, 1).flip(0), magnitudes});
    }

    /// In the middle of neighbours; of two as near, the smaller magnitude.
    static torch::Tensor bordersOf(const torch::Tensor& magnitudes) {
        const auto middles = Levels::nearest(magnitudes).borders;
        return torch::cat({torch::nextafter(-middles.flip(0), torch::full_like(middles, -2)), middles});
    }

    bool m_clipped;
    torch::Tensor m_magnitudes; ///< ascending, 0 … 1
    torch::Tensor m_borders;    ///< between neighbouring values of both signs, for α = 1
    torch::Tensor m_alpha;      ///< [1], in deviations
    torch::Tensor m_unit;       ///< [1], what a deviation of 1 stands for in the network's weight
};

std::vector<OptionSpec> apotOptions() {
    return {OptionSpec::real("alpha", "Clip", 3.0, 0.01, 100.0,
                             "Starting clip in standard deviations of the layer's weights; trained")
                .withSource("the method's code"),
            OptionSpec::choice("gradient", "Gradient", "clipped", {"clipped", "straight"},
                               "clipped: through normalization and clipping (the ImageNet code); straight: "
                               "past both (the CIFAR-10 code)")
                .withSource("section 2.3"),
            OptionSpec::real("alpha_rate", "Clip's learning rate", 0.1, 0.0, 100.0,
                             "Learning rate of the clip relative to the optimizer's")
                .withSource("the method's code")
                .asAdvanced(),
            OptionSpec::choice("rescale", "Rescale", "auto", {"auto", "off", "on"},
                               "Multiply by the deviation of the starting weights: off as published; auto: "
                               "on where no batch norm follows the layer")
                .asAdvanced()};
}

} // namespace

WeightMethod apotMethod() {
    WeightMethod method;
    method.schema = {"apot", "Additive powers of two (APoT)",
                     "Sums of a few powers of two under a trained clip, for normalized weights",
                     "Li et al. 2020, arXiv 1909.13144", apotOptions()};
    method.minimumBits = 2;
    method.maximumBits = 8;
    method.defaultBits = 4;
    method.wantsPretrained = true;
    method.firstAndLast = FirstAndLast::EightBits;
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{false, true}; };
    method.levels = [](std::int64_t bits, const Options&) { return (std::int64_t{1} << bits) - 1; };
    method.sideBits = [](const LayerContext&, std::int64_t, const Options&) { return kScaleBits; };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.remark = [](std::int64_t bits, const Options&) -> std::string {
        return bits == 2 ? "3 values: zero and plus or minus one scale" : "";
    };
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<ApotQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
