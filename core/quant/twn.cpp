// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/elementwise.h"
#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kScaleBits = 32;

/// Ternary weight networks (Li et al. 2016, arXiv 1605.04711): per layer, Δ = t · mean|W| with t = 0.7 (Eq.
/// 6), α the mean of |W| over |W| > Δ (Eq. 5), q = α sign(W) where |W| > Δ, else 0 (Eq. 3). Gradient:
/// identity, dL/dW = g; α and Δ count as constants. Both are computed anew from the latent weight at each
/// step.
class TwnQuantizer final : public LatentQuantizer {
public:
    explicit TwnQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "twn"), m_threshold(arguments.options.real("threshold")) {
        startCountingFlips();
    }

protected:
    torch::Tensor deployed() const override {
        const auto kept = keptMask();
        return torch::where(kept, signs(latent()).mul_(scaleOf(kept)), 0.0);
    }

    torch::Tensor levels() const override {
        const auto alpha = scaleOf(keptMask());
        return torch::stack({0 - alpha, torch::zeros_like(alpha), alpha}).view({1, 3});
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override { return g; }
    std::int64_t sideBits() const override { return kScaleBits; }

    std::map<std::string, double> diagnostics() const override {
        const auto kept = keptMask();
        return {{"scale", scaleOf(kept).item<double>()}, {"threshold", delta().item<double>()}};
    }

private:
    torch::Tensor delta() const { return latent().abs().mean().mul_(m_threshold); }
    torch::Tensor keptMask() const { return latent().abs().gt(delta()); }
    /// [] ; 0 for a layer of zeros.
    torch::Tensor scaleOf(const torch::Tensor& kept) const {
        return latent().abs().mul_(kept).sum().div_(kept.sum().clamp_min_(1));
    }

    double m_threshold; ///< Δ / mean|W|
};

} // namespace

WeightMethod twnMethod() {
    WeightMethod method;
    method.schema = {"twn",
                     "Ternary Weight Network (TWN)",
                     "Zero or plus or minus one scale per layer",
                     "Li et al. 2016, arXiv 1605.04711",
                     {OptionSpec::real("threshold", "Threshold", 0.7, 0.0, 10.0,
                                       "Weights up to this times the mean absolute weight become zero")
                          .withSource("Eq. 6")}};
    method.minimumBits = method.maximumBits = method.defaultBits = 2;
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{false, true}; };
    method.levels = [](std::int64_t, const Options&) { return std::int64_t{3}; };
    method.sideBits = [](const LayerContext&, std::int64_t, const Options&) { return kScaleBits; };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.remark = [](std::int64_t, const Options&) -> std::string {
        return "3 values: 3 of the 4 codes of 2 bits are used";
    };
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<TwnQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
