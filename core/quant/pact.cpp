// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "core/quant/activation_methods.h"
#include "core/quant/rounding_passes.h"
#include "core/quant/stateful_activation.h"
#include "core/quant/straight_through.h"

namespace quantarium::quant {

namespace {

constexpr double kSmallestClip = 1e-3;

/// PACT (Choi et al. 2018, arXiv 1805.06085): the clipping level α of each layer's input is trained with the
/// network (section 3, Eq. 1–3):
///   y = clip(x, 0, α), q = round(y (2^k − 1) / α) α / (2^k − 1); dq/dx = 1{0 ≤ x < α}, dq/dα = 1{x ≥ α};
/// the optimizer's weight decay on α is the paper's L2 regularization.
class PactActivation final : public StatefulActivation {
public:
    explicit PactActivation(const ActivationArguments& arguments)
        : StatefulActivation(arguments), m_steps(CodeRange::of(bits(), false).highest),
          m_clip(train("clip", arguments.options.real("clip"),
                       arguments.options.boolean("decay") ? std::nullopt : std::optional(0.0))) {}

    void afterStep() override {
        const torch::NoGradGuard guard;
        m_clip.detach().clamp_min_(kSmallestClip); // at 0 or below nothing would pass any more
    }

    std::map<std::string, double> diagnostics() const override { return {{"clip", m_clip.item<double>()}}; }

protected:
    torch::Tensor quantize(const torch::Tensor& input) override {
        const double clip = m_clip.item<double>();
        const auto values = roundedUniform(input, {clip / m_steps, 1, 0, m_steps});
        const double inside = std::nextafter(static_cast<float>(clip), 0.0F); // α itself is above
        return straightThrough(input, values, 0, inside, m_clip, {0, 0, 1});
    }

private:
    double m_steps;       ///< 2^k − 1
    torch::Tensor m_clip; ///< α, [1]
};

} // namespace

ActivationMethod pactActivation() {
    ActivationMethod method;
    method.schema = {"pact",
                     "PACT",
                     "Clips to a trained level and rounds to evenly spaced values",
                     "Choi et al. 2018, arXiv 1805.06085",
                     {OptionSpec::real("clip", "Starting level", 10.0, kSmallestClip, 1e6,
                                       "The clipping level before training"),
                      OptionSpec::boolean("decay", "Weight decay", true,
                                          "The optimizer's weight decay pulls the level down, too")
                          .withSource("section 3.2")}};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 4;
    method.losesNegative = [](std::int64_t, const Options&) { return true; };
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<PactActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
