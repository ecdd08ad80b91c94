// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <limits>
#include <utility>

#include <ATen/CPUGeneratorImpl.h>

#include "core/base/random.h"
#include "core/quant/activation_methods.h"
#include "core/quant/rounding_passes.h"
#include "core/quant/stateful_activation.h"
#include "core/quant/straight_through.h"

namespace quantarium::quant {

namespace {

/// Binary activations: sign(x), +1 for 0, with the gradient 1{|x| ≤ 1}, XNOR-Net's 1{|x| < 1}.
///   BNN (Courbariaux et al. 2016, arXiv 1602.02830, section 1.1, Eq. 1 and 4); stochastic in training: +1
///   with probability clip((x + 1) / 2, 0, 1), drawn from the run's seed, the layer and the step (Eq. 2).
///   XNOR-Net (Rastegari et al. 2016, arXiv 1603.05279, section 3.2, Eq. 11): with `scale`, the layer's
///   output is multiplied by K, the mean absolute input below each position of the filter; K carries
///   gradient, too.
/// A convolution pads with 0, a third value, as both methods' code does.
class SignActivation final : public StatefulActivation {
public:
    explicit SignActivation(const ActivationArguments& arguments)
        : StatefulActivation(arguments), m_layer(arguments.layer),
          m_stochastic(arguments.options.boolean("stochastic")), m_scale(arguments.options.boolean("scale")),
          m_seed(deriveSeed(deriveSeed(arguments.seed, streams::kSampling), arguments.layer.name)),
          m_draws(keepCount("draws")) {}

    torch::Tensor after(const torch::Tensor& output) override {
        if (!m_scale) return output;
        return output * meanAbsoluteInput(std::exchange(m_input, {}), m_layer).to(output.scalar_type());
    }

protected:
    torch::Tensor quantize(const torch::Tensor& input) override {
        if (m_scale) m_input = input;
        const double most = m_scale ? std::nextafter(1.0F, 0.0F) : 1.0;
        const auto seen = m_stochastic && training() ? input.detach() - chances(input) : input;
        return straightThrough(input, signsOf(seen), -most, most);
    }

private:
    /// +1 for 0 and −0 and above, else −1.
    static torch::Tensor signsOf(const torch::Tensor& input) {
        const Levels levels{
            torch::tensor({-1.0, 1.0}, torch::kFloat64),
            torch::tensor({-double{std::numeric_limits<float>::denorm_min()}}, torch::kFloat64)};
        return levelsOf(input, levels);
    }

    torch::Tensor chances(const torch::Tensor& input) {
        const auto draw = static_cast<std::uint64_t>(m_draws.item<std::int64_t>());
        m_draws.add_(1);
        auto generator = at::detail::createCPUGenerator(deriveSeed(m_seed, "sign", draw));
        return torch::empty(input.sizes(), torch::kFloat32).uniform_(-1, 1, generator).to(input.options());
    }

    LayerContext m_layer;
    bool m_stochastic;
    bool m_scale;
    std::uint64_t m_seed;
    torch::Tensor m_draws; ///< training passes so far
    torch::Tensor m_input; ///< of this pass, until after()
};

} // namespace

torch::Tensor meanAbsoluteInput(const torch::Tensor& input, const LayerContext& layer) {
    const auto size = input.abs().mean(1, true);
    if (layer.shape.size() != 4) return size; // [N, 1]
    const auto height = layer.shape[2];
    const auto width = layer.shape[3];
    const auto box =
        torch::full({1, 1, height, width}, 1.0 / static_cast<double>(height * width), size.options());
    return torch::conv2d(size, box, {}, layer.stride, layer.padding); // [N, 1, H', W']
}

ActivationMethod signActivation() {
    ActivationMethod method;
    method.schema = {
        "sign",
        "Sign (BNN, XNOR-Net)",
        "Binary inputs: the sign; needs a network without ReLU",
        "Courbariaux et al. 2016, arXiv 1602.02830; Rastegari et al. 2016, arXiv 1603.05279",
        {OptionSpec::boolean("scale", "Scale by K", false,
                             "Multiply the layer's output by the mean absolute input below each position: "
                             "XNOR-Net as published (its released code leaves it out)")
             .withSource("Rastegari et al. 2016, section 3.2"),
         OptionSpec::boolean("stochastic", "Stochastic", false,
                             "Draw the sign in training, with a probability that grows with the input")
             .withSource("Courbariaux et al. 2016, Eq. 2")}};
    method.minimumBits = method.maximumBits = method.defaultBits = 1;
    method.needsNegative = true;
    method.levels = [](std::int64_t, const Options&) { return std::int64_t{2}; };
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<SignActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
