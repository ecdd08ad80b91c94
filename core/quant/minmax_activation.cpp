// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "core/quant/activation_methods.h"
#include "core/quant/affine.h"
#include "core/quant/rounding_passes.h"
#include "core/quant/stateful_activation.h"
#include "core/quant/straight_through.h"

namespace quantarium::quant {

namespace {

/// The activations of integer-arithmetic-only training (Jacob et al. 2018, arXiv 1712.05877, section 3.1):
/// the range [low, high] follows the batches' smallest and largest values by a moving average that begins at
/// the first batch; widened to hold 0, S = (high − low) / (2^b − 1), Z = round(−low / S), which makes 0
/// exact, and x is rounded to S · {−Z, …, 2^b − 1 − Z}. Gradient: 1 inside the nudged range, else 0.
/// Quantization begins after a delay, so that the ranges can settle when training from scratch.
class MinMaxActivation final : public StatefulActivation {
public:
    explicit MinMaxActivation(const ActivationArguments& arguments)
        : StatefulActivation(arguments), m_decay(arguments.options.real("decay")),
          m_delay(arguments.options.integer("delay")), m_low(keep("low", 0.0)), m_high(keep("high", 0.0)),
          m_steps(keepCount("steps")) {}

    std::map<std::string, double> diagnostics() const override {
        return {{"low", m_low.item<double>()}, {"high", m_high.item<double>()}};
    }

    std::optional<ActivationGrid> grid() const override {
        const auto range = rangeOf();
        if (waits() || !(range.step > 0)) return std::nullopt;
        return ActivationGrid{range.step, static_cast<std::int64_t>(range.zero),
                              static_cast<std::int64_t>(range.highest)};
    }

protected:
    void start(const torch::Tensor& input) override {
        const auto [low, high] = input.aminmax();
        m_low.copy_(low);
        m_high.copy_(high);
    }

    torch::Tensor quantize(const torch::Tensor& input) override {
        if (training()) follow(input);
        if (waits()) return input;
        const auto range = rangeOf();
        if (std::isnan(m_low.item<double>() + m_high.item<double>())) // a batch had one: let it be seen
            return straightThrough(input, torch::full_like(input, std::nan("")), 0, 0);
        if (!(range.step > 0)) return straightThrough(input, torch::zeros_like(input), 0, 0);
        const UniformRule rule{.step = range.step,
                               .lowest = -range.zero,
                               .highest = range.highest - range.zero,
                               .rounding = Rounding::HalfUp};
        return straightThrough(input, roundedUniform(input, rule), range.least(), range.greatest());
    }

private:
    bool waits() const { return m_delay > 0 && m_steps.item<std::int64_t>() <= m_delay; }

    AffineGrid rangeOf() const {
        return affineGrid(m_low.item<double>(), m_high.item<double>(), 0,
                          CodeRange::of(bits(), false).highest);
    }

    void follow(const torch::Tensor& input) {
        const torch::NoGradGuard guard;
        const auto [low, high] = input.detach().aminmax();
        m_low.mul_(m_decay).add_(low, 1 - m_decay);
        m_high.mul_(m_decay).add_(high, 1 - m_decay);
        m_steps.add_(1);
    }

    double m_decay;
    std::int64_t m_delay;
    torch::Tensor m_low;   ///< [1]
    torch::Tensor m_high;  ///< [1]
    torch::Tensor m_steps; ///< training passes so far
};

} // namespace

ActivationMethod minMaxActivation() {
    ActivationMethod method;
    method.schema = {
        "minmax",
        "Uniform min-max",
        "Evenly spaced values over a range that follows the batches' smallest and largest values",
        "Jacob et al. 2018, arXiv 1712.05877",
        {OptionSpec::real("decay", "Decay", 0.99, 0.0, 0.99999, "Of the moving averages, per step")
             .withSource("section 3.1"),
         OptionSpec::integer("delay", "Delay", 0, 0, 100'000'000,
                             "Training steps during which inputs stay float while their range is measured")
             .withSource("section 3.1")}};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 8;
    method.firstAndLast = FirstAndLast::Quantized;
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<MinMaxActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
