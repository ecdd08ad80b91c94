// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/elementwise.h"
#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kScaleBits = 32;

/// Binary-Weight-Networks (Rastegari et al. 2016, arXiv 1603.05279): per filter f, q = α_f · sign(W_f) with
/// α_f = mean|W_f|, the least-squares scale (section 3.1, Eq. 6). Gradient, n elements per filter:
///   paper (section 3.1): dL/dW_i = g_i · (1/n + α · 1{|W_i| < 1});
///   exact:               dL/dW_i = α g_i 1{|W_i| ≤ 1} + sign(W_i)/n · Σ_j g_j sign(W_j),
/// the derivative of α sign(W) with the clipped straight-through estimator, which the paper's line drops the
/// sum of. After each step the mean over input channels is taken off at every position and W is clamped to
/// [−1, 1], as the method's code does before each forward; with one input channel per filter nothing is
/// centred.
class BwnQuantizer final : public LatentQuantizer {
public:
    explicit BwnQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "bwn"), m_exact(arguments.options.text("gradient") == "exact"),
          m_center(arguments.options.boolean("center") && arguments.layer.shape.at(1) > 1) {
        afterStep();
        startCountingFlips();
    }

    void afterStep() override {
        const torch::NoGradGuard guard;
        if (m_center) latent().sub_(latent().mean({1}, true));
        latent().clamp_(-1, 1);
    }

protected:
    torch::Tensor deployed() const override { return signs(latent()).mul_(scale()); }

    torch::Tensor levels() const override {
        const auto alpha = scale().view({-1, 1});
        return torch::cat({0 - alpha, alpha}, 1); // 0 − 0 is +0, as in the weight of a layer of zeros
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override {
        const auto size = latent().abs();
        const double n = static_cast<double>(filterElements());
        if (!m_exact) return g * (size.lt(1).to(g.scalar_type()) * scale() + 1 / n);
        const auto sign = signs(latent());
        return g * size.le(1).to(g.scalar_type()) * scale() + sign * (g * sign).mean(filterDims(), true);
    }

    std::int64_t sideBits() const override { return kScaleBits * filters(); }
    std::map<std::string, double> diagnostics() const override {
        return {{"mean_scale", scale().mean().item<double>()}};
    }

private:
    torch::Tensor scale() const { return latent().abs().mean(filterDims(), true); }

    bool m_exact;
    bool m_center;
};

} // namespace

WeightMethod bwnMethod() {
    WeightMethod method;
    method.schema = {
        "bwn",
        "Binary-Weight-Network (BWN)",
        "The sign of a latent weight times the filter's mean absolute weight",
        "Rastegari et al. 2016, arXiv 1603.05279",
        {OptionSpec::choice("gradient", "Gradient", "exact", {"exact", "paper"},
                            "exact: the derivative of scale times sign; paper: the printed line, without the "
                            "sum over the filter")
             .withSource("section 3.1"),
         OptionSpec::boolean("center", "Centre", true,
                             "Take the mean over input channels off the latent weights after each step")}};
    method.minimumBits = method.maximumBits = method.defaultBits = 1;
    method.firstAndLast = FirstAndLast::Float;
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{false, true}; };
    method.levels = [](std::int64_t, const Options&) { return std::int64_t{2}; };
    method.sideBits = [](const LayerContext& layer, std::int64_t, const Options&) {
        return kScaleBits * layer.shape.at(0);
    };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<BwnQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
