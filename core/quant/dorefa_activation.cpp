// SPDX-License-Identifier: GPL-3.0-or-later
#include <limits>

#include <ATen/CPUGeneratorImpl.h>
#include <torch/autograd.h>

#include "core/base/random.h"
#include "core/base/text.h"
#include "core/quant/activation_methods.h"
#include "core/quant/rounding_passes.h"
#include "core/quant/stateful_activation.h"
#include "core/quant/straight_through.h"

namespace quantarium::quant {

namespace {

/// Identity whose backward pass quantizes the gradient of each sample.
class GradientQuantizer : public torch::autograd::Function<GradientQuantizer> {
public:
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& output,
                                 double steps, std::int64_t seed) {
        context->saved_data["steps"] = steps;
        context->saved_data["seed"] = seed;
        return output.view_as(output);
    }
    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients) {
        const double steps = context->saved_data["steps"].toDouble();
        const auto seed = static_cast<std::uint64_t>(context->saved_data["seed"].toInt());
        return {quantizedGradient(gradients[0], steps, gradientNoise(gradients[0], steps, seed)), {}, {}};
    }
};

/// DoReFa-Net's activations and gradients (Zhou et al. 2016, arXiv 1606.06160): inputs are clipped to [0, 1]
/// and rounded to whole multiples of 1 / (2^k − 1), with the gradient 1 for 0 ≤ x ≤ 1, else 0 (section 2.4,
/// Eq. 11); with gradient bits, the gradient at the layer's output is quantized per sample with noise
/// (section 2.5, Eq. 12), drawn from the run's seed and the step.
class DorefaActivation final : public StatefulActivation {
public:
    explicit DorefaActivation(const ActivationArguments& arguments)
        : StatefulActivation(arguments), m_steps(CodeRange::of(bits(), false).highest),
          m_gradientBits(arguments.options.integer("gradient_bits")),
          m_seed(deriveSeed(deriveSeed(arguments.seed, streams::kSampling), arguments.layer.name)),
          m_draws(keepCount("draws")) {}

    torch::Tensor after(const torch::Tensor& output) override {
        if (m_gradientBits == 0 || !training()) return output;
        const auto draw = m_draws.item<std::int64_t>();
        m_draws.add_(1);
        const auto seed =
            static_cast<std::int64_t>(deriveSeed(m_seed, "gradient", static_cast<std::uint64_t>(draw)) >> 1);
        return GradientQuantizer::apply(output, CodeRange::of(m_gradientBits, false).highest, seed);
    }

protected:
    torch::Tensor quantize(const torch::Tensor& input) override {
        return straightThrough(input, roundedUniform(input, {1, m_steps, 0, m_steps}), 0, 1);
    }

private:
    double m_steps; ///< 2^k − 1
    std::int64_t m_gradientBits;
    std::uint64_t m_seed;
    torch::Tensor m_draws; ///< training passes so far
};

} // namespace

torch::Tensor gradientNoise(const torch::Tensor& gradient, double steps, std::uint64_t seed) {
    auto generator = at::detail::createCPUGenerator(seed);
    return torch::empty(gradient.sizes(), torch::kFloat32)
        .uniform_(-0.5, 0.5, generator)
        .div_(steps)
        .to(gradient.device());
}

torch::Tensor quantizedGradient(const torch::Tensor& gradient, double steps, const torch::Tensor& noise) {
    std::vector<std::int64_t> dims;
    for (std::int64_t d = 1; d < gradient.dim(); ++d)
        dims.push_back(d);
    const auto range = gradient.abs().amax(dims, true).mul_(2); // per sample
    auto scaled = gradient.div(range.clamp_min(std::numeric_limits<float>::min())).add_(0.5);
    if (noise.defined()) scaled.add_(noise.to(gradient.scalar_type()));
    return scaled.clamp_(0, 1).mul_(steps).round_().div_(steps).sub_(0.5).mul_(range);
}

ActivationMethod dorefaActivation() {
    ActivationMethod method;
    method.schema = {
        "dorefa",
        "DoReFa-Net",
        "Clips to [0, 1] and rounds to evenly spaced values; optionally quantizes gradients, too",
        "Zhou et al. 2016, arXiv 1606.06160",
        {OptionSpec::integer("gradient_bits", "Gradient bits", 0, 0, 16,
                             "Bits of the gradient at the layer's output; 0: gradients stay float")
             .withSource("section 2.5, Eq. 12")}};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 4;
    method.remark = [](const Options& options) -> std::string {
        const auto bits = options.integer("gradient_bits");
        if (bits == 0) return {};
        return "gradient of the output: " + bitsText(bits);
    };
    method.losesNegative = [](std::int64_t, const Options&) { return true; };
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<DorefaActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
