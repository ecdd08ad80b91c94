// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include <ATen/CPUGeneratorImpl.h>

#include "core/base/random.h"
#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kLengthBits = 8; ///< the fractional length of a layer
constexpr int kShortest = -100;         ///< integer lengths whose steps and their inverses are float32
constexpr int kLongest = 100;

/// Bits before the point, with the sign: ceil(log2(max) + 1), exactly; 1 for a layer of zeros.
int integerLength(double largest) {
    if (!(largest > 0) || !std::isfinite(largest)) return 1;
    int exponent = 0;
    const double mantissa = std::frexp(largest, &exponent); // in [0.5, 1)
    return std::clamp(mantissa == 0.5 ? exponent : exponent + 1, kShortest, kLongest);
}

/// Dynamic fixed point (Gysel et al. 2016, arXiv 1604.03168 and 1605.06402, "Ristretto"), its weight part:
/// with il = ceil(log2(max|W|) + 1) bits before the point and fl = bits − il behind it (which may exceed
/// `bits` or be negative),
///
///   q = round(clamp(W, −2^(bits−1), 2^(bits−1) − 1 times 2^−fl) · 2^fl) · 2^−fl
///
/// rounding to the nearest, half away from zero, at evaluation, and stochastically in training: floor(x + U),
/// U uniform in [0, 1), drawn anew at each step. Gradient: identity, dL/dW = g. fl follows from the starting
/// weights and stays: weights that outgrow it saturate. The grid isn't symmetric, so a largest weight of
/// exactly a power of two saturates by one step.
class RistrettoQuantizer final : public LatentQuantizer {
public:
    explicit RistrettoQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "ristretto"),
          m_stochastic(arguments.options.text("training_rounding") == "stochastic"), m_seed(arguments.seed),
          m_steps(torch::zeros({1}, torch::kInt64)) {
        const double largest = elements() > 0 ? latent().abs().max().item<double>() : 0;
        m_length = torch::tensor({bits() - integerLength(largest)}, torch::kInt64);
        keep("steps", m_steps);
        keep("fractional_length", m_length);
        startCountingFlips();
    }

    bool trainFormDiffers() const override { return m_stochastic; }
    bool blursBatchNorm() const override { return m_stochastic && m_steps.item<std::int64_t>() > 0; }

protected:
    torch::Tensor deployed() const override {
        const auto scaled = saturated();
        const auto whole = scaled.trunc();
        return onGrid(whole + scaled.sub(whole).mul_(2).trunc_()); // half away from zero, exactly
    }

    torch::Tensor forTraining() override {
        if (!m_stochastic) return deployed();
        const auto step = static_cast<std::uint64_t>(m_steps.item<std::int64_t>());
        m_steps.add_(1);
        auto generator = at::detail::createCPUGenerator(
            deriveSeed(deriveSeed(m_seed, streams::kSampling, step), layer().name));
        const auto chance = torch::empty(latent().sizes(), torch::kFloat32).uniform_(0, 1, generator);
        return onGrid(saturated().add_(chance.to(latent().options())).floor_().clamp_max_(top()));
    }

    torch::Tensor levels() const override {
        return onGrid(torch::arange(bottom(), top() + 1, latent().options())).unsqueeze(0);
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override { return g; }
    std::int64_t sideBits() const override { return kLengthBits; }

    std::map<std::string, double> diagnostics() const override {
        const auto scaled = latent().mul(std::ldexp(1.0, length()));
        const auto outside = scaled.gt(top()).logical_or_(scaled.lt(bottom()));
        return {{"integer_length", static_cast<double>(bits() - length())},
                {"fractional_length", static_cast<double>(length())},
                {"saturated_share", outside.to(torch::kFloat64).mean().item<double>()}};
    }

private:
    int length() const { return static_cast<int>(m_length.item<std::int64_t>()); }
    double bottom() const { return -std::ldexp(1.0, static_cast<int>(bits()) - 1); }
    double top() const { return std::ldexp(1.0, static_cast<int>(bits()) - 1) - 1; }

    /// W in steps of the grid, within its range.
    torch::Tensor saturated() const {
        return latent().mul(std::ldexp(1.0, length())).clamp_(bottom(), top());
    }

    /// Whole steps as values; adding zero makes −0 a 0.
    torch::Tensor onGrid(torch::Tensor steps) const {
        return steps.mul_(std::ldexp(1.0, -length())).add_(0.0);
    }

    bool m_stochastic;
    std::uint64_t m_seed;
    torch::Tensor m_steps;  ///< training steps drawn so far
    torch::Tensor m_length; ///< fl
};

} // namespace

WeightMethod ristrettoMethod() {
    WeightMethod method;
    method.schema = {
        "ristretto",
        "Dynamic fixed point (Ristretto)",
        "Fixed point whose point each layer places for itself",
        "Gysel et al. 2016, arXiv 1605.06402",
        {OptionSpec::choice("training_rounding", "Rounding in training", "stochastic",
                            {"stochastic", "nearest"},
                            "stochastic: up with the probability of the remainder, drawn at each step")
             .withSource("arXiv 1605.06402, fine-tuning")}};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 8;
    method.wantsPretrained = true;
    method.multiplications = [](std::int64_t bits, const Options&) {
        return MultiplicationFlags{bits > 1, false};
    };
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.sideBits = [](const LayerContext&, std::int64_t, const Options&) { return kLengthBits; };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.remark = [](std::int64_t bits, const Options&) -> std::string {
        if (bits == 1)
            return "2 values: zero and one negative power of two; two's complement has no positive one";
        if (bits == 2) return "4 values: −2, −1, 0 and 1 times a power of two";
        return {};
    };
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<RistrettoQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
