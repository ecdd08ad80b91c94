// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "core/quant/activation_methods.h"
#include "core/quant/rounding_passes.h"
#include "core/quant/stateful_activation.h"
#include "core/quant/straight_through.h"

namespace quantarium::quant {

namespace {

constexpr int kShortest = -100; ///< integer lengths whose steps and their inverses are float32
constexpr int kLongest = 100;

/// ceil(log2 max|x|), exactly; 0 where nothing but zeros has been seen.
int integerLength(double largest) {
    if (!(largest > 0) || !std::isfinite(largest)) return 0;
    int exponent = 0;
    const double mantissa = std::frexp(largest, &exponent); // in [0.5, 1)
    return std::clamp(mantissa == 0.5 ? exponent - 1 : exponent, kShortest, kLongest);
}

/// Dynamic fixed point's activations (Gysel et al. 2016, arXiv 1605.06402, "Ristretto"): with il =
/// ceil(log2 max|x|), the maximum over all training batches so far, and fl = bits − il, x is clamped to
/// [−2^(bits−1), 2^(bits−1) − 1] · 2^−fl and rounded to whole steps 2^−fl, half away from zero. il has no bit
/// for the sign, so that the largest values saturate at half of the range: the method's choice. Gradient 1
/// inside the range, else 0.
///
/// Differs from the method's code, which quantizes activations only at test: here training sees them
/// quantized, unless in_training is off.
class FixedPointActivation final : public StatefulActivation {
public:
    explicit FixedPointActivation(const ActivationArguments& arguments)
        : StatefulActivation(arguments), m_inTraining(arguments.options.boolean("in_training")),
          m_largest(keep("largest", 0.0)) {}

    std::map<std::string, double> diagnostics() const override {
        const int length = integerLength(m_largest.item<double>());
        return {{"integer_length", static_cast<double>(length)},
                {"fractional_length", static_cast<double>(bits() - length)}};
    }

protected:
    void start(const torch::Tensor& input) override { seeLargest(input); }

    torch::Tensor quantize(const torch::Tensor& input) override {
        if (training()) {
            const torch::NoGradGuard guard;
            seeLargest(input);
            if (!m_inTraining) return input;
        }
        const auto length = static_cast<int>(bits()) - integerLength(m_largest.item<double>());
        const auto range = CodeRange::of(bits(), true);
        const double step = std::ldexp(1.0, -length);
        const UniformRule rule{
            .step = step, .lowest = range.lowest, .highest = range.highest, .rounding = Rounding::HalfAway};
        return straightThrough(input, roundedUniform(input, rule), range.lowest * step, range.highest * step);
    }

private:
    void seeLargest(const torch::Tensor& input) {
        const auto [low, high] = input.detach().aminmax();
        m_largest.copy_(
            torch::maximum(m_largest, torch::maximum(low.neg(), high).to(m_largest.scalar_type())));
    }

    bool m_inTraining;
    torch::Tensor m_largest; ///< max|x| of all batches, [1]
};

} // namespace

ActivationMethod fixedPointActivation() {
    ActivationMethod method;
    method.schema = {"ristretto",
                     "Dynamic fixed point (Ristretto)",
                     "Fixed point whose point follows the largest value seen",
                     "Gysel et al. 2016, arXiv 1605.06402",
                     {OptionSpec::boolean("in_training", "In training", true,
                                          "off: training sees float inputs, evaluation quantized ones, as "
                                          "the method's code does")}};
    method.minimumBits = 2;
    method.maximumBits = 8;
    method.defaultBits = 8;
    method.firstAndLast = FirstAndLast::Quantized;
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<FixedPointActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
