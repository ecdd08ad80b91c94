// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include <ATen/CPUGeneratorImpl.h>

#include "core/base/random.h"
#include "core/quant/elementwise.h"
#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

/// The spread of Glorot and Bengio (2010) as the method's code uses it: sqrt(1.5 / (fanIn + fanOut)).
double glorot(const LayerContext& layer) {
    return std::sqrt(1.5 / static_cast<double>(layer.fanIn + layer.fanOut));
}

double halfRange(const LayerContext& layer, const Options& options) {
    return options.text("scale") == "glorot" ? glorot(layer) : 1.0;
}

/// BinaryConnect (Courbariaux et al. 2015, arXiv 1511.00363): q = H for W ≥ 0, else −H (section 2.2);
/// stochastic: q = H with probability clip((W / H + 1) / 2, 0, 1), drawn anew at each step (section 2.2, Eq.
/// 2). Gradient: identity, dL/dW = g; after each step W is clipped to [−H, H] (section 2.4). The latent
/// weight's learning rate is divided by the Glorot spread once (Adam) or twice (SGD), as the method's code
/// does.
///
/// Differs from the paper: the stochastic form is evaluated with the signs, which is what one bit a weight
/// can store; the paper measures it with the real-valued weights.
class BinaryConnectQuantizer final : public LatentQuantizer {
public:
    explicit BinaryConnectQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "binaryconnect"), m_half(halfRange(arguments.layer, arguments.options)),
          m_stochastic(arguments.options.boolean("stochastic")), m_seed(arguments.seed),
          m_steps(torch::zeros({1}, torch::kInt64)) {
        const torch::NoGradGuard guard;
        if (!arguments.pretrained) startUniform(m_seed, m_half);
        latent().clamp_(-m_half, m_half);
        const auto power = arguments.options.text("lr_scaling");
        if (power == "once") scaleLearningRate(1 / glorot(layer()));
        if (power == "twice") scaleLearningRate(1 / (glorot(layer()) * glorot(layer())));
        setWeightDecay(0); // decay pulls towards the decision boundary
        keep("steps", m_steps);
        startCountingFlips();
    }

    void afterStep() override {
        const torch::NoGradGuard guard;
        latent().clamp_(-m_half, m_half);
    }

    bool blursBatchNorm() const override { return m_stochastic && m_steps.item<std::int64_t>() > 0; }

protected:
    torch::Tensor deployed() const override { return signs(latent()).mul_(m_half); }

    torch::Tensor forTraining() override {
        if (!m_stochastic) return deployed();
        const auto step = static_cast<std::uint64_t>(m_steps.item<std::int64_t>());
        m_steps.add_(1);
        const auto seed = deriveSeed(deriveSeed(m_seed, streams::kSampling, step), layer().name);
        auto generator = at::detail::createCPUGenerator(seed);
        const auto chance = torch::empty(latent().sizes(), torch::kFloat32).uniform_(0, 1, generator);
        const auto probability = latent().div(m_half).add_(1).mul_(0.5);
        return chance.to(latent().device())
            .lt(probability)
            .to(latent().scalar_type())
            .mul_(2)
            .sub_(1)
            .mul_(m_half);
    }

    torch::Tensor levels() const override {
        return signs(torch::tensor({{-1.0, 1.0}}, latent().options())).mul_(m_half);
    }
    torch::Tensor latentGradient(const torch::Tensor& g) override { return g; }
    std::int64_t sideBits() const override { return 0; }
    std::map<std::string, double> diagnostics() const override {
        const auto atBorder = latent().abs().ge(m_half).to(torch::kFloat64).mean().item<double>();
        return {{"half_range", m_half}, {"clipped_share", atBorder}};
    }

private:
    double m_half; ///< H
    bool m_stochastic;
    std::uint64_t m_seed;
    torch::Tensor m_steps; ///< training steps drawn so far
};

} // namespace

WeightMethod binaryConnectMethod() {
    WeightMethod method;
    method.schema = {
        "binaryconnect",
        "BinaryConnect",
        "The sign of a latent weight, at every step",
        "Courbariaux et al. 2015, arXiv 1511.00363",
        {OptionSpec::boolean("stochastic", "Stochastic", false,
                             "Draw the sign with a probability that grows with the latent weight")
             .withSource("section 2.2"),
         OptionSpec::choice("scale", "Value H", "one", {"one", "glorot"},
                            "one: weights are ±1; glorot: ±sqrt(1.5 / (fan in + fan out))"),
         OptionSpec::choice("lr_scaling", "Learning-rate scaling", "off", {"off", "once", "twice"},
                            "Divide the latent weights' learning rate by the Glorot spread: once (published "
                            "with Adam) or twice (with SGD)")
             .withSource("section 2.5")}};
    method.minimumBits = method.maximumBits = method.defaultBits = 1;
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{false, false}; };
    method.levels = [](std::int64_t, const Options&) { return std::int64_t{2}; };
    method.sideBits = [](const LayerContext&, std::int64_t, const Options&) { return std::int64_t{0}; };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<BinaryConnectQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
