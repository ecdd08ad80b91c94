// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include <torch/autograd.h>

#include "core/quant/activation_methods.h"
#include "core/quant/soft_staircase.h"
#include "core/quant/stateful_activation.h"

namespace quantarium::quant {

namespace {

constexpr double kSmallestGap = 1e-3;
constexpr double kLargestGap = 0.5;
constexpr double kSmallestWidth = 1e-6; ///< of a first batch of equal values
constexpr double kNarrowest = 0.01;     ///< of the starting width

class SoftGradient : public torch::autograd::Function<SoftGradient> {
public:
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& input,
                                 const torch::Tensor& lower, const torch::Tensor& upper,
                                 const torch::Tensor& gap, double intervals) {
        context->save_for_backward({input, lower, upper, gap});
        context->saved_data["intervals"] = intervals;
        return SoftStaircase{lower, upper, gap, intervals}.hard(input);
    }
    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto& input = saved[0];
        const double intervals = context->saved_data["intervals"].toDouble();
        const auto found =
            SoftStaircase{saved[1], saved[2], saved[3], intervals}.backward(input, gradients[0], true);
        const double perSample = static_cast<double>(input.numel()) / static_cast<double>(input.size(0));
        const double scale = 1 / std::sqrt(std::max(1.0, perSample));
        return {found.input, found.lower * scale, found.upper * scale, found.gap, {}};
    }
};

/// DSQ's activations (Gong et al. 2019, arXiv 1908.05033): the soft staircase (soft_staircase.h) of 2^b − 1
/// intervals between trained bounds with a trained gap. The bounds start at the first batch's smallest and
/// largest value.
///
/// Differs from the paper: α is kept in [0.001, 0.5] and u − l above a hundredth of its starting width; the
/// gradients of l and u, sums over a whole batch's values, are divided by the root of the values per sample,
/// as LSQ does; none of the three has weight decay. One bit keeps trained bounds, because sign(x) of a ReLU's
/// output is a constant.
class DsqActivation final : public StatefulActivation {
public:
    explicit DsqActivation(const ActivationArguments& arguments)
        : StatefulActivation(arguments), m_lower(train("lower", 0.0, 0.0)), m_upper(train("upper", 1.0, 0.0)),
          m_gap(train("gap", arguments.options.real("gap"), 0.0)), m_narrowest(keep("narrowest", 0.0)) {}

    void afterStep() override {
        const torch::NoGradGuard guard;
        m_gap.detach().clamp_(kSmallestGap, kLargestGap);
        const auto missing = (m_narrowest - (m_upper.detach() - m_lower.detach())).clamp_min_(0).div_(2);
        m_lower.detach().sub_(missing);
        m_upper.detach().add_(missing);
    }

    std::map<std::string, double> diagnostics() const override {
        return {{"lower", m_lower.item<double>()},
                {"upper", m_upper.item<double>()},
                {"gap", m_gap.item<double>()}};
    }

protected:
    void start(const torch::Tensor& input) override {
        const auto [lower, upper] = input.aminmax();
        const auto width = (upper - lower).clamp_min_(kSmallestWidth);
        m_lower.detach().copy_(lower);
        m_upper.detach().copy_(lower + width);
        m_narrowest.copy_(width * kNarrowest);
    }

    torch::Tensor quantize(const torch::Tensor& input) override {
        const auto type = input.scalar_type();
        return SoftGradient::apply(input, m_lower.to(type), m_upper.to(type), m_gap.to(type),
                                   CodeRange::of(bits(), false).highest);
    }

private:
    torch::Tensor m_lower;     ///< l, [1]
    torch::Tensor m_upper;     ///< u, [1]
    torch::Tensor m_gap;       ///< α, [1]
    torch::Tensor m_narrowest; ///< least u − l, [1]
};

} // namespace

ActivationMethod dsqActivation() {
    ActivationMethod method;
    method.schema = {"dsq",
                     "Differentiable soft quantization (DSQ)",
                     "Evenly spaced values between trained bounds, with the gradient of a soft staircase",
                     "Gong et al. 2019, arXiv 1908.05033",
                     {OptionSpec::real("gap", "Gap", 0.2, kSmallestGap, kLargestGap,
                                       "Starting gap between the soft staircase and the hard one; trained")
                          .withSource("section 3.2")}};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 2;
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<DsqActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
