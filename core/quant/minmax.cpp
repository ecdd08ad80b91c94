// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kScaleBits = 32;

/// Uniform symmetric quantization with the range of the moment (Jacob et al. 2018, arXiv 1712.05877, section
/// 3, its signed narrow range): s = max|W| / (2^(b−1) − 1) per layer or per filter, q = round(W / s) s, at
/// every step. Gradient: straight through, dL/dW = g; nothing lies outside the range.
///
/// Differs from the paper: batch norm is not folded into the weights beforehand.
class MinMaxQuantizer final : public LatentQuantizer {
public:
    explicit MinMaxQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "minmax"),
          m_steps(std::ldexp(1.0, static_cast<int>(arguments.bits) - 1) - 1),
          m_perFilter(arguments.options.text("per") == "filter") {
        startCountingFlips();
    }

protected:
    torch::Tensor deployed() const override {
        const auto step = stepOf();
        // A layer of zeros has the step 0; any step serves it. Adding 0 turns −0 into 0.
        return torch::where(step > 0, latent() / torch::where(step > 0, step, 1.0), 0.0)
            .round_()
            .add_(0.0)
            .mul_(step);
    }

    torch::Tensor levels() const override {
        return torch::arange(-m_steps, m_steps + 0.5, latent().options()).view({1, -1}) *
               stepOf().view({-1, 1});
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override { return g; }
    std::int64_t sideBits() const override { return kScaleBits * (m_perFilter ? filters() : 1); }
    std::map<std::string, double> diagnostics() const override {
        return {{"step", stepOf().mean().item<double>()}};
    }

private:
    torch::Tensor stepOf() const {
        const auto size = latent().abs();
        return (m_perFilter ? size.amax(filterDims(), true) : size.max()) / m_steps;
    }

    double m_steps; ///< values on each side of zero
    bool m_perFilter;
};

} // namespace

WeightMethod minMaxMethod() {
    WeightMethod method;
    method.schema = {
        "minmax",
        "Uniform min-max",
        "Evenly spaced values over the range of the weights, at every step",
        "Jacob et al. 2018, arXiv 1712.05877",
        {OptionSpec::choice("per", "One scale per", "layer", {"layer", "filter"}, "What shares a scale")}};
    method.minimumBits = 2;
    method.maximumBits = 8;
    method.defaultBits = 8;
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{true, true}; };
    method.levels = [](std::int64_t bits, const Options&) { return (std::int64_t{1} << bits) - 1; };
    method.sideBits = [](const LayerContext& layer, std::int64_t, const Options& options) {
        return options.text("per") == "filter" ? kScaleBits * layer.shape.at(0) : kScaleBits;
    };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<MinMaxQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
