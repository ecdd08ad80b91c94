// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/activation_methods.h"
#include "core/quant/apot_levels.h"
#include "core/quant/rounding_passes.h"
#include "core/quant/stateful_activation.h"
#include "core/quant/straight_through.h"

namespace quantarium::quant {

namespace {

constexpr double kSmallestClip = 1e-3;

/// APoT's activations (Li, Dong and Wang 2020, arXiv 1909.13144): sums of powers of two (section 2.2) under a
/// clipping level α that is trained with the reparameterized gradient (section 2.3, Eq. 6). Behind a ReLU all
/// bits make magnitudes; inputs with negative values give one bit to the sign.
///   q = α · (the level nearest to clip(x/α, 0 or −1, 1)), of two as near the lower one;
///   dq/dx = 1 inside the range, dL/dα = Σ g · { q/α − x/α inside | 0 or −1 below | 1 above }.
class ApotActivation final : public StatefulActivation {
public:
    explicit ApotActivation(const ActivationArguments& arguments)
        : StatefulActivation(arguments), m_rate(arguments.options.real("clip_rate")),
          m_sign(arguments.options.text("sign")),
          m_clip(train("clip", arguments.options.real("clip"), std::nullopt)), m_signed(keepCount("signed")) {
    }

    std::vector<ParameterGroup> parameterGroups() override {
        auto groups = StatefulActivation::parameterGroups();
        groups.front().learningRateMultiplier = m_rate;
        return groups;
    }

    void afterStep() override {
        const torch::NoGradGuard guard;
        m_clip.detach().clamp_min_(kSmallestClip);
    }

    std::map<std::string, double> diagnostics() const override { return {{"clip", m_clip.item<double>()}}; }

protected:
    void start(const torch::Tensor& input) override {
        m_signed.fill_(needsSign(m_sign, bits(), input) ? 1 : 0);
    }

    torch::Tensor quantize(const torch::Tensor& input) override {
        const double clip = m_clip.item<double>();
        const auto values = levels();
        const auto scaled = torch::tensor(values, torch::kFloat64).mul_(clip);
        return straightThrough(input, levelsOf(input, Levels::nearest(scaled)), values.front() * clip, clip,
                               m_clip, {1 / clip, values.front(), 1});
    }

private:
    /// Ascending, the largest 1.
    std::vector<double> levels() const {
        if (m_signed.item<std::int64_t>() == 0) return apotMagnitudes(bits());
        const auto magnitudes = apotMagnitudes(bits() - 1);
        std::vector<double> values;
        for (auto size = magnitudes.rbegin(); *size > 0; ++size)
            values.push_back(-*size);
        values.insert(values.end(), magnitudes.begin(), magnitudes.end());
        return values;
    }

    double m_rate; ///< α's learning rate relative to the optimizer's
    std::string m_sign;
    torch::Tensor m_clip;   ///< α, [1]
    torch::Tensor m_signed; ///< 1: one bit is the sign
};

} // namespace

ActivationMethod apotActivation() {
    ActivationMethod method;
    method.schema = {
        "apot",
        "Additive powers of two (APoT)",
        "Sums of a few powers of two under a trained clipping level",
        "Li et al. 2020, arXiv 1909.13144",
        {OptionSpec::real("clip", "Starting level", 8.0, kSmallestClip, 1e6,
                          "The clipping level before training")
             .withSource("the method's code"),
         OptionSpec::real("clip_rate", "Level's learning rate", 1.0, 1e-6, 1e6, "Relative to the optimizer's")
             .asAdvanced(),
         signOption()}};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 4;
    method.levels = [](std::int64_t bits, const Options& options) {
        return (std::int64_t{1} << bits) - (options.text("sign") == "signed" ? 1 : 0); // one 0 for both signs
    };
    method.check = requireRoomForSign;
    method.losesNegative = hasNoSign;
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<ApotActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
