// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/quant/activation_methods.h"
#include "core/quant/rounding_passes.h"
#include "core/quant/stateful_activation.h"
#include "core/quant/straight_through.h"

namespace quantarium::quant {

namespace {

constexpr int kSmallestExponent = -60;
constexpr int kLargestExponent = 60;

/// log2 of the power of two at or above `largest`.
int exponentAbove(double largest) {
    if (!(largest > 0) || !std::isfinite(largest)) return 0;
    int exponent = 0;
    const double mantissa = std::frexp(largest, &exponent); // in [0.5, 1)
    return std::clamp(mantissa == 0.5 ? exponent - 1 : exponent, kSmallestExponent, kLargestExponent);
}

/// Quantized neural networks' activations (Hubara et al. 2016, arXiv 1609.07061, section 3):
///
///   linear: clip(round(x / step) · step, min, max)
///   log:    clip(AP2(x), min, max), AP2(x) = sign(x) 2^round(log2|x|), AP2(0) = 0
///
/// in a range R that is a power of two. Linear: unsigned step = R / 2^bits, min = 0, max = R − step; signed
/// step = R / 2^(bits−1), min = −R, max = R − step. Log: R and the powers of two below it, and 0: 2^bits − 1
/// powers unsigned, 2^(bits−1) − 1 for each sign else; below the smallest, rounding in the log domain goes to
/// zero. Gradient: 1 inside [min, max], else 0.
///
/// Differs from the paper, which leaves min, max and step open: R is the power of two that holds the first
/// batch, unless it is given.
class QnnActivation final : public StatefulActivation {
public:
    explicit QnnActivation(const ActivationArguments& arguments)
        : StatefulActivation(arguments), m_log(arguments.options.text("rule") == "log"),
          m_range(arguments.options.optionalReal("range")), m_sign(arguments.options.text("sign")),
          m_exponent(keepCount("range_exponent")), m_signed(keepCount("signed")) {}

    std::map<std::string, double> diagnostics() const override { return {{"range", range()}}; }

protected:
    void start(const torch::Tensor& input) override {
        const double largest = m_range ? *m_range : input.abs().max().item<double>();
        m_exponent.fill_(exponentAbove(largest));
        m_signed.fill_(needsSign(m_sign, bits(), input) ? 1 : 0);
    }

    torch::Tensor quantize(const torch::Tensor& input) override {
        return m_log ? quantizeLog(input) : quantizeLinear(input);
    }

private:
    double range() const { return std::ldexp(1.0, static_cast<int>(m_exponent.item<std::int64_t>())); }
    bool hasSign() const { return m_signed.item<std::int64_t>() != 0; }

    torch::Tensor quantizeLinear(const torch::Tensor& input) const {
        const auto codes = CodeRange::of(bits(), hasSign());
        const double step = range() / (codes.highest + 1);
        const auto values = roundedUniform(input, {step, 1, codes.lowest, codes.highest});
        return straightThrough(input, values, codes.lowest * step, codes.highest * step);
    }

    torch::Tensor quantizeLog(const torch::Tensor& input) const {
        const auto exponent = static_cast<int>(m_exponent.item<std::int64_t>());
        const auto powers = static_cast<int>(CodeRange::of(hasSign() ? bits() - 1 : bits(), false).highest);
        std::vector<double> values{0.0};
        std::vector<double> borders;
        for (int power = exponent - powers + 1; power <= exponent; ++power) {
            borders.push_back(std::exp2(power - 0.5)); // halfway in the log domain
            values.push_back(std::ldexp(1.0, power));
            if (!hasSign()) continue;
            values.insert(values.begin(), -values.back());
            borders.insert(borders.begin(), -borders.back());
        }
        const Levels levels{torch::tensor(values, torch::kFloat64), torch::tensor(borders, torch::kFloat64)};
        return straightThrough(input, levelsOf(input, levels), hasSign() ? -range() : 0.0, range());
    }

    bool m_log;
    std::optional<double> m_range;
    std::string m_sign;
    torch::Tensor m_exponent; ///< log2 R
    torch::Tensor m_signed;   ///< 1: one bit is the sign
};

} // namespace

ActivationMethod qnnActivation() {
    ActivationMethod method;
    method.schema = {
        "qnn",
        "Quantized neural network (QNN)",
        "Evenly spaced values, or powers of two, in a fixed range",
        "Hubara et al. 2016, arXiv 1609.07061",
        {OptionSpec::choice("rule", "Rule", "linear", {"linear", "log"},
                            "linear: evenly spaced values; log: powers of two, rounded in the log domain")
             .withSource("section 3"),
         OptionSpec::real("range", "Range", 1.0, 1e-6, 1e6,
                          "Largest value; the power of two at or above counts. Empty: of the first batch")
             .orNull(),
         signOption()}};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 4;
    method.firstAndLast = FirstAndLast::Quantized;
    method.levels = [](std::int64_t bits, const Options& options) {
        const bool withoutOne = options.text("rule") == "log" && options.text("sign") == "signed"; // 0, ±2^k
        return (std::int64_t{1} << bits) - (withoutOne ? 1 : 0);
    };
    method.check = requireRoomForSign;
    method.losesNegative = hasNoSign;
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<QnnActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
