// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/elementwise.h"
#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kScaleBits = 32;
constexpr double kSmallestMaximum = 1e-8; ///< a layer of zeros stays finite

/// DoReFa-Net's weights (Zhou et al. 2016, arXiv 1606.06160), k bits, n = 2^k − 1:
///   k = 1 (Eq. 7):  q = sign(W) · mean|W|, one mean per layer; gradient identity, the mean constant.
///   k ≥ 2 (Eq. 9):  u = tanh(W), M = max|u|, t = u / (2M) + 1/2, q = 2 · round(n t) / n − 1.
/// Rounding, half to even, counts as the identity; behind it, for k ≥ 2,
///   dL/dW_i = (1 − u_i²) (g_i / M − 1{|u_i| = M} · sign(u_i) / c · Σ_j g_j u_j / M²),
/// where c weights share the maximum; without the second term when the maximum counts as constant.
class DorefaQuantizer final : public LatentQuantizer {
public:
    explicit DorefaQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "dorefa"),
          m_maximumIsConstant(arguments.options.boolean("max_detached")) {
        startCountingFlips();
    }

protected:
    torch::Tensor deployed() const override {
        if (bits() == 1) return signs(latent()).mul_(scale());
        const auto u = latent().tanh();
        return valueOf(u.div(maximumOf(u).mul(2)).add_(0.5).mul_(steps()).round_());
    }

    torch::Tensor levels() const override {
        const auto code = torch::arange(0, (std::int64_t{1} << bits()), latent().options()).view({1, -1});
        if (bits() > 1) return valueOf(code);
        return torch::where(code.eq(0), torch::zeros_like(scale()) - scale(), scale()); // no −0
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override {
        if (bits() == 1) return g;
        const auto u = latent().tanh();
        const auto maximum = maximumOf(u);
        auto inner = g / maximum;
        if (!m_maximumIsConstant) {
            const auto atMaximum = u.abs().eq(maximum);
            const auto pull = (g * (u / maximum)).sum() / maximum / atMaximum.sum().clamp_min_(1);
            inner.sub_(signs(u).mul_(atMaximum).mul_(pull));
        }
        return inner.mul_(1 - u.square());
    }

    std::int64_t sideBits() const override { return bits() == 1 ? kScaleBits : 0; }

    std::map<std::string, double> diagnostics() const override {
        if (bits() == 1) return {{"scale", scale().item<double>()}};
        return {{"max_tanh", latent().tanh().abs().max().item<double>()}};
    }

private:
    double steps() const { return static_cast<double>((std::int64_t{1} << bits()) - 1); }
    torch::Tensor scale() const { return latent().abs().mean(); }
    static torch::Tensor maximumOf(const torch::Tensor& u) {
        return u.abs().max().clamp_min_(kSmallestMaximum);
    }
    /// The odd number 2j − n over n.
    torch::Tensor valueOf(const torch::Tensor& code) const { return code.mul(2).sub_(steps()).div_(steps()); }

    bool m_maximumIsConstant;
};

} // namespace

WeightMethod dorefaMethod() {
    WeightMethod method;
    method.schema = {
        "dorefa",
        "DoReFa",
        "Evenly spaced values in [−1, 1], chosen by the hyperbolic tangent of a latent weight",
        "Zhou et al. 2016, arXiv 1606.06160",
        {OptionSpec::boolean("max_detached", "Constant maximum", false,
                             "Let no gradient through the maximum that the weights are divided by, as many "
                             "ports do (from 2 bits)")
             .withSource("Eq. 9")
             .asAdvanced()}};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 2;
    method.firstAndLast = FirstAndLast::Float;
    method.multiplications = [](std::int64_t bits, const Options&) {
        return MultiplicationFlags{bits > 1, bits == 1};
    };
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.sideBits = [](const LayerContext&, std::int64_t bits, const Options&) {
        return bits == 1 ? kScaleBits : 0;
    };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.remark = [](std::int64_t bits, const Options&) -> std::string {
        return bits > 1
                   ? "No value is zero, and values reach ±1 in every layer: meant for layers that a batch "
                     "norm follows"
                   : "";
    };
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<DorefaQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
