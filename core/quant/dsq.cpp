// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"
#include "core/quant/soft_staircase.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kScaleBits = 32;
constexpr double kSmallestGap = 1e-3;
constexpr double kLargestGap = 0.5;
constexpr double kSmallestWidth = 1e-6; ///< of a layer of zeros
constexpr double kNarrowest = 0.01;     ///< of the starting width

/// Differentiable soft quantization (Gong et al. 2019, arXiv 1908.05033), weights of b bits: the soft
/// staircase (soft_staircase.h) of 2^b − 1 intervals between trained bounds l and u with a trained gap α.
/// Training and evaluation use the hard values, the gradient is the soft function's. With one bit l = −1 and
/// u = 1 are fixed and q = sign(W), but for the few |W| that vanish beside 1 in float32.
///
/// Differs from the paper: α is kept in [0.001, 0.5] and u − l above a hundredth of its starting width, so
/// that no step makes the function undefined; the three have no weight decay, which would pull towards an
/// empty range. The learning rate of l and u is divided by sqrt(N), N the layer's weights: their gradients
/// are sums over N terms, and at the weights' own rate the bounds leave the weights behind within an epoch.
class DsqQuantizer final : public LatentQuantizer {
public:
    explicit DsqQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "dsq"), m_lower(torch::full({1}, -1.0, latent().options())),
          m_upper(torch::ones_like(m_lower)), m_narrowest(torch::zeros_like(m_lower)),
          m_gap(torch::full_like(m_lower, arguments.options.real("gap"))) {
        const torch::NoGradGuard guard;
        train("gap", m_gap.requires_grad_(), 0.0, 1.0);
        if (bits() > 1) {
            startBounds();
            const double rate =
                arguments.options.real("bounds_rate") / std::sqrt(static_cast<double>(elements()));
            train("lower", m_lower.requires_grad_(), 0.0, rate);
            train("upper", m_upper.requires_grad_(), 0.0, rate);
            keep("narrowest", m_narrowest);
        }
        startCountingFlips();
    }

    void afterStep() override {
        m_gap.detach().clamp_(kSmallestGap, kLargestGap);
        if (bits() == 1) return;
        const auto lower = m_lower.detach();
        const auto upper = m_upper.detach();
        const auto missing = (m_narrowest - (upper - lower)).clamp_min_(0).div_(2);
        lower.sub_(missing);
        upper.add_(missing);
    }

protected:
    torch::Tensor deployed() const override { return staircase().hard(latent()); }

    torch::Tensor levels() const override { return staircase().levels(latent().options()).view({1, -1}); }

    torch::Tensor latentGradient(const torch::Tensor& g) override {
        const auto gradients = staircase().backward(latent(), g, bits() > 1);
        setGradient(m_gap, gradients.gap);
        if (bits() > 1) {
            setGradient(m_lower, gradients.lower);
            setGradient(m_upper, gradients.upper);
        }
        return gradients.input;
    }

    std::int64_t sideBits() const override { return bits() == 1 ? 0 : 2 * kScaleBits; }

    std::map<std::string, double> diagnostics() const override {
        return {{"gap", m_gap.item<double>()},
                {"lower", m_lower.item<double>()},
                {"upper", m_upper.item<double>()}};
    }

private:
    SoftStaircase staircase() const {
        const double intervals = std::ldexp(1.0, static_cast<int>(bits())) - 1;
        return {m_lower.detach(), m_upper.detach(), m_gap.detach(), intervals};
    }

    void startBounds() {
        const auto [lower, upper] = latent().aminmax();
        const auto size = torch::maximum(lower.abs(), upper.abs());
        const auto width = torch::maximum(upper - lower, size * 1e-3).clamp_min_(kSmallestWidth);
        m_lower.fill_(lower);
        m_upper.fill_(lower + width);
        m_narrowest.fill_(width * kNarrowest);
    }

    torch::Tensor m_lower;     ///< l, [1]
    torch::Tensor m_upper;     ///< u, [1]
    torch::Tensor m_narrowest; ///< least u − l, [1]
    torch::Tensor m_gap;       ///< α, [1]
};

} // namespace

WeightMethod dsqMethod() {
    WeightMethod method;
    method.schema = {
        "dsq",
        "Differentiable soft quantization (DSQ)",
        "Evenly spaced values between trained bounds, with the gradient of a soft staircase",
        "Gong et al. 2019, arXiv 1908.05033",
        {OptionSpec::real("gap", "Gap", 0.2, kSmallestGap, kLargestGap,
                          "Starting gap between the soft staircase and the hard one; trained")
             .withSource("section 3.2"),
         OptionSpec::real(
             "bounds_rate", "Bounds' learning rate", 1.0, 0.0, 100.0,
             "Learning rate of the bounds relative to the optimizer's over the root of the number "
             "of weights (from 2 bits); 0 keeps the starting minimum and maximum")
             .withSource("section 3.4")
             .asAdvanced()}};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 2;
    method.wantsPretrained = true;
    method.firstAndLast = FirstAndLast::Float;
    method.multiplications = [](std::int64_t bits, const Options&) {
        return MultiplicationFlags{bits > 1, bits > 1};
    };
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.sideBits = [](const LayerContext&, std::int64_t bits, const Options&) {
        return bits == 1 ? 0 : 2 * kScaleBits;
    };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.remark = [](std::int64_t bits, const Options&) -> std::string {
        return bits == 1 ? "Weights are ±1 in every layer: meant for layers that a batch norm follows" : "";
    };
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<DsqQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
