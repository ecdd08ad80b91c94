// SPDX-License-Identifier: GPL-3.0-or-later
#include <torch/autograd.h>

#include "core/quant/activation_methods.h"
#include "core/quant/kernels.h"
#include "core/quant/parallel.h"
#include "core/quant/rounding_passes.h"
#include "core/quant/stateful_activation.h"

namespace quantarium::quant {

namespace {

/// y = Σ_n β_n A_n, A_n = 2 · 1{clip(x + v_n, 0, 1) ≥ 1/2} − 1; with I_n = 1{0 ≤ x + v_n ≤ 1}
/// dy/dx = Σ_n β_n I_n, dL/dv_n = Σ g β_n I_n, dL/dβ_n = Σ g A_n.
class SumOfBases : public torch::autograd::Function<SumOfBases> {
public:
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& input,
                                 const torch::Tensor& shifts, const torch::Tensor& scales) {
        context->save_for_backward({input, shifts, scales});
        if (runsInMemoryOrder(input)) return sumByLoops(input, shifts, scales);
        auto output = torch::zeros_like(input);
        for (std::int64_t n = 0; n < shifts.size(0); ++n)
            output.add_(base(input, shifts[n]).mul_(scales[n]));
        return output;
    }
    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto& [input, shifts, scales] = std::tie(saved[0], saved[1], saved[2]);
        const auto& g = gradients[0];
        if (runsInMemoryOrder(input, g)) return gradientByLoops(input, shifts, scales, g);
        auto byInput = torch::zeros_like(g);
        auto byShift = torch::zeros_like(shifts);
        auto byScale = torch::zeros_like(scales);
        for (std::int64_t n = 0; n < shifts.size(0); ++n) {
            const auto shifted = input + shifts[n];
            const auto passed =
                torch::where(shifted.ge(0).logical_and_(shifted.le(1)), g, 0.0).mul_(scales[n]);
            byInput.add_(passed);
            byShift[n] = passed.sum();
            byScale[n] = g.mul(base(input, shifts[n])).sum();
        }
        return {byInput, byShift, byScale};
    }

private:
    /// clip(t, 0, 1) ≥ 1/2 is t ≥ 1/2.
    static torch::Tensor base(const torch::Tensor& input, const torch::Tensor& shift) {
        return (input + shift).ge(0.5).to(input.scalar_type()).mul_(2).sub_(1);
    }

    static BasesRule ruleOf(const torch::Tensor& shifts, const torch::Tensor& scales) {
        return {shifts.data_ptr<float>(), scales.data_ptr<float>(), shifts.size(0)};
    }

    static torch::Tensor sumByLoops(const torch::Tensor& input, const torch::Tensor& shifts,
                                    const torch::Tensor& scales) {
        const auto rule = ruleOf(shifts, scales);
        return forwardByLoops(input, [&](auto, auto* in, auto* out, auto count) {
            kernels().rounding.bases(rule, in, out, count);
        });
    }

    static torch::autograd::tensor_list gradientByLoops(const torch::Tensor& input,
                                                        const torch::Tensor& shifts,
                                                        const torch::Tensor& scales, const torch::Tensor& g) {
        const auto rule = ruleOf(shifts, scales);
        auto sums = torch::zeros({stretches(input.numel()), 2, rule.count}, torch::kFloat64);
        auto* rows = sums.data_ptr<double>();
        const auto output =
            backwardByLoops(input, g, [&](auto stretch, auto* in, auto* from, auto* out, auto count) {
                auto* row = rows + stretch * 2 * rule.count;
                kernels().rounding.basesGradient(rule, in, from, out, row, row + rule.count, count);
            });
        const auto totals = sums.sum(0).to(torch::kFloat32);
        return {output, totals[0], totals[1]};
    }
};

/// ABC-Net's activations (Lin, Zhao, Pan 2017, arXiv 1711.11294, section 3.2, Eq. 7 to 11): a sum of N binary
/// bases with shifts v_n and scales β_n that are trained. Convolution is linear, so the sum of N
/// convolutions, one a base, is the convolution of this sum.
///
/// Where the paper is silent: the thresholds 1/2 − v_n start evenly in (0, 1) and each scale at 1/N; neither
/// has weight decay.
class AbcActivation final : public StatefulActivation {
public:
    explicit AbcActivation(const ActivationArguments& arguments)
        : StatefulActivation(arguments), m_shifts(train("shifts", 0.0, 0.0, bits())),
          m_scales(train("scales", 1.0 / static_cast<double>(bits()), 0.0, bits())) {
        const torch::NoGradGuard guard;
        const auto bases = static_cast<double>(bits());
        m_shifts.detach().copy_(0.5 - (torch::arange(0, bases) + 0.5) / bases);
    }

    std::map<std::string, double> diagnostics() const override {
        std::map<std::string, double> values;
        for (std::int64_t n = 0; n < bits(); ++n) {
            values["shift_" + std::to_string(n + 1)] = m_shifts[n].item<double>();
            values["scale_" + std::to_string(n + 1)] = m_scales[n].item<double>();
        }
        return values;
    }

protected:
    torch::Tensor quantize(const torch::Tensor& input) override {
        return SumOfBases::apply(input, m_shifts.to(input.scalar_type()), m_scales.to(input.scalar_type()));
    }

private:
    torch::Tensor m_shifts; ///< v, [N]
    torch::Tensor m_scales; ///< β, [N]
};

} // namespace

ActivationMethod abcActivation() {
    ActivationMethod method;
    method.schema = {"abc",
                     "ABC-Net",
                     "A sum of binary bases with trained shifts and scales",
                     "Lin et al. 2017, arXiv 1711.11294",
                     {}};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 5;
    method.losesNegative = [](std::int64_t, const Options&) { return true; };
    method.levels = [](std::int64_t bits, const Options&) { return bits + 1; };
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<AbcActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
