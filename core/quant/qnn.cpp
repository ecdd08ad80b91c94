// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "core/quant/elementwise.h"
#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kExponentBits = 8; ///< of a layer's range
constexpr int kSmallestExponent = -22;    ///< of the range: all powers of 8 bits are float32
constexpr int kLargestExponent = 60;

/// log2 of the range, an integer: of the option; 0 from scratch, as published; else the power of two at or
/// above the largest starting weight.
int rangeExponent(const QuantizerArguments& arguments) {
    int exponent = 0;
    if (const auto range = arguments.options.optionalReal("range")) {
        std::frexp(*range, &exponent);
        return exponent - 1; // the power of two at or below
    }
    if (!arguments.pretrained || arguments.parameter.numel() == 0) return 0;
    const double largest = arguments.parameter.detach().abs().max().item<double>();
    if (!(largest > 0) || !std::isfinite(largest)) return 0;
    const double mantissa = std::frexp(largest, &exponent);
    return std::clamp(mantissa == 0.5 ? exponent - 1 : exponent, kSmallestExponent, kLargestExponent);
}

/// Quantized neural networks' weights (Hubara et al. 2016, arXiv 1609.07061, section 3):
///
///   linear: q = clip(round(W / step) · step, min, max)
///   log:    q = clip(AP2(W), min, max), AP2(W) = sign(W) 2^round(log2|W|), AP2(0) = 0
///
/// with a range R that is a power of two. Linear: step = R / 2^(bits−1), min = −R, max = R − step, which are
/// 2^bits values; round is half to even. Log: ±R and the 2^(bits−1) − 2 powers of two below with zero, which
/// are 2^bits − 1 values; below the smallest, rounding in the log domain goes to zero. AP2 turns at √2 · 2^p,
/// where INQ, which rounds linearly, turns at 1.5 · 2^p. Gradient: g inside [min, max], else 0. W starts
/// uniformly in [−R, R] unless trained weights are there, and is clipped to [min, max] after each step, as
/// BinaryConnect clips, so that no weight is stuck where its gradient is 0.
///
/// Differs from the paper: it leaves min, max and step open; those here use every code and need only shifts.
class QnnQuantizer final : public LatentQuantizer {
public:
    explicit QnnQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "qnn"), m_log(arguments.options.text("rule") == "log"),
          m_exponent(torch::tensor({std::int64_t{rangeExponent(arguments)}}, torch::kInt64)) {
        const torch::NoGradGuard guard;
        if (!arguments.pretrained) startUniform(arguments.seed, range());
        afterStep();
        setWeightDecay(0);
        keep("range_exponent", m_exponent);
        startCountingFlips();
    }

    void afterStep() override {
        const torch::NoGradGuard guard;
        latent().clamp_(lowest(), highest());
    }

protected:
    torch::Tensor deployed() const override { return m_log ? approximatePowers() : linear(); }

    torch::Tensor levels() const override {
        if (!m_log) return onGrid(torch::arange(-half(), half(), latent().options())).unsqueeze(0);
        const auto values = powers();
        return torch::cat({values.slice(0, 1).neg().flip(0), values}).unsqueeze(0);
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override {
        auto inside = torch::empty_like(latent());
        torch::eq_out(inside, latent().clamp(lowest(), highest()), latent());
        return inside.mul_(g);
    }

    std::int64_t sideBits() const override { return kExponentBits; }

    std::map<std::string, double> diagnostics() const override {
        const auto atBorder = latent().le(lowest()).logical_or_(latent().ge(highest()));
        return {{"range", range()}, {"clipped_share", atBorder.to(torch::kFloat64).mean().item<double>()}};
    }

private:
    int exponent() const { return static_cast<int>(m_exponent.item<std::int64_t>()); }
    double range() const { return std::ldexp(1.0, exponent()); }                  ///< R
    double half() const { return std::ldexp(1.0, static_cast<int>(bits()) - 1); } ///< codes of a sign
    double step() const { return range() / half(); }
    double lowest() const { return -range(); }
    double highest() const { return m_log ? range() : range() - step(); }

    torch::Tensor linear() const { return onGrid(latent().div(step()).round_().clamp_(-half(), half() - 1)); }

    /// Whole steps as values. Adding zero, here and below, makes −0 a 0.
    torch::Tensor onGrid(torch::Tensor steps) const { return steps.mul_(step()).add_(0.0); }

    /// 0 and the powers of two, ascending.
    torch::Tensor powers() const {
        const int count = static_cast<int>(half()) - 1;
        std::vector<double> values{0.0};
        for (int k = 1; k <= count; ++k)
            values.push_back(std::ldexp(1.0, exponent() - count + k));
        return torch::tensor(values, torch::kFloat64).to(latent().options());
    }

    torch::Tensor approximatePowers() const {
        const double count = half() - 1;
        const auto place = latent().abs().log2_().round_().add_(count - exponent()).clamp_(0, count);
        const auto size = powers().index_select(0, place.view(-1).to(torch::kInt32)).view(latent().sizes());
        return signs(latent()).mul_(size).add_(0.0);
    }

    bool m_log;
    torch::Tensor m_exponent; ///< log2 R
};

std::string remarkQnn(std::int64_t bits, const Options& options) {
    if (options.text("rule") == "linear") return {};
    if (bits == 2) return "3 values: zero and the range with both signs";
    if (bits >= 6) return "Practically the network of 5 bits: more bits only add ever smaller powers of two";
    return {};
}

} // namespace

WeightMethod qnnMethod() {
    WeightMethod method;
    method.schema = {
        "qnn",
        "Quantized neural network (QNN)",
        "Evenly spaced values, or powers of two, in a fixed range",
        "Hubara et al. 2016, arXiv 1609.07061",
        {OptionSpec::choice("rule", "Rule", "linear", {"linear", "log"},
                            "linear: evenly spaced values; log: powers of two, rounded in the log domain")
             .withSource("section 3"),
         OptionSpec::real(
             "range", "Range", 1.0, 1e-6, 1e6,
             "Largest value; the power of two at or below counts. Empty: 1 from scratch, else the "
             "power of two that holds the layer's starting weights")
             .orNull()}};
    method.minimumBits = 2;
    method.maximumBits = 8;
    method.defaultBits = 4;
    method.multiplications = [](std::int64_t, const Options& options) {
        return MultiplicationFlags{options.text("rule") == "linear", false};
    };
    method.levels = [](std::int64_t bits, const Options& options) {
        return (std::int64_t{1} << bits) - (options.text("rule") == "log" ? 1 : 0);
    };
    method.sideBits = [](const LayerContext&, std::int64_t, const Options&) { return kExponentBits; };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.remark = remarkQnn;
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<QnnQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
