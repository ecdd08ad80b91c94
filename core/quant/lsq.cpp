// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kScaleBits = 32;
constexpr double kSmallestStep = 1e-8;

/// Learned step size quantization (Esser et al. 2020, arXiv 1902.08153), weights of b bits, Qn = 2^(b−1),
/// Qp = 2^(b−1) − 1, one trained step size s per layer:
///   q = s · round(clip(W / s, −Qn, Qp))                        (Eqs. 1 and 2), half to even
///   dL/dW = g where −Qn < W / s < Qp, else 0                   (Eq. 5)
///   dL/ds = Σ g · { −Qn | round(W / s) − W / s | Qp } below, inside and above that range (Eq. 3),
///           times 1 / sqrt(N Qp), N the layer's weights        (section 2.2)
/// s starts at 2 mean|W| / sqrt(Qp) (section 2.1).
///
/// Differs from the paper: s is kept at 1e-8 and above and has no weight decay, because both a step across
/// zero and decay would take the layer's values away.
class LsqQuantizer final : public LatentQuantizer {
public:
    explicit LsqQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "lsq"), m_lowest(-std::ldexp(1.0, static_cast<int>(bits()) - 1)),
          m_highest(-m_lowest - 1),
          m_gradientScale(arguments.options.boolean("gradient_scale")
                              ? 1 / std::sqrt(static_cast<double>(elements()) * m_highest)
                              : 1.0),
          m_step(latent().abs().mean().mul_(2 / std::sqrt(m_highest)).clamp_min_(kSmallestStep).view({1})) {
        train("step", m_step.requires_grad_(), 0.0, 1.0);
        startCountingFlips();
    }

    void afterStep() override { m_step.detach().clamp_min_(kSmallestStep); }

protected:
    torch::Tensor deployed() const override { return rounded(inSteps()).mul_(m_step.detach()); }

    torch::Tensor levels() const override {
        return torch::arange(m_lowest, m_highest + 1, latent().options()).mul_(m_step.detach()).view({1, -1});
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override {
        const auto v = inSteps();
        const auto inside = v.gt(m_lowest).logical_and_(v.lt(m_highest));
        const auto slope = rounded(v).sub_(torch::where(inside, v, torch::zeros_like(m_step)));
        setGradient(m_step, g.mul(slope).sum().mul_(m_gradientScale).view({1}));
        return g.mul(inside);
    }

    std::int64_t sideBits() const override { return kScaleBits; }

    std::map<std::string, double> diagnostics() const override {
        const auto v = inSteps();
        const auto clipped = v.le(m_lowest).logical_or_(v.ge(m_highest));
        return {{"step_size", m_step.item<double>()},
                {"clipped_share", clipped.to(torch::kFloat64).mean().item<double>()}};
    }

private:
    torch::Tensor inSteps() const { return latent().div(m_step.detach()); }
    /// Adding 0 makes 0 of −0.
    torch::Tensor rounded(const torch::Tensor& v) const {
        return v.clamp(m_lowest, m_highest).round_().add_(0.0);
    }

    double m_lowest;  ///< −Qn
    double m_highest; ///< Qp
    double m_gradientScale;
    torch::Tensor m_step; ///< s, [1]
};

} // namespace

WeightMethod lsqMethod() {
    WeightMethod method;
    method.schema = {"lsq",
                     "Learned step size (LSQ)",
                     "Whole multiples of one step size per layer, which is trained",
                     "Esser et al. 2020, arXiv 1902.08153",
                     {OptionSpec::boolean("gradient_scale", "Scale the step's gradient", true,
                                          "Divide the step size's gradient by the root of the number of "
                                          "weights times the largest code")
                          .withSource("section 2.2")
                          .asAdvanced()}};
    method.minimumBits = 2;
    method.maximumBits = 8;
    method.defaultBits = 4;
    method.wantsPretrained = true;
    method.firstAndLast = FirstAndLast::EightBits;
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{true, true}; };
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.sideBits = [](const LayerContext&, std::int64_t, const Options&) { return kScaleBits; };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<LsqQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
