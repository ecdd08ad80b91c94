// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "core/quant/activation_methods.h"
#include "core/quant/rounding_passes.h"
#include "core/quant/stateful_activation.h"
#include "core/quant/straight_through.h"

namespace quantarium::quant {

namespace {

constexpr double kSmallestStep = 1e-8;

/// LSQ's activations (Esser et al. 2020, arXiv 1902.08153, Eqs. 1 to 3): whole multiples of a step size s
/// that is trained, unsigned with Qn = 0 and Qp = 2^b − 1 or signed as the weights:
///   q = s · round(clip(x / s, Qn, Qp)); dq/dx = 1{Qn < x/s < Qp};
///   dL/ds = Σ g · { Qn | round(x/s) − x/s | Qp } / sqrt(n Qp), n the values per sample (section 2.2);
/// s starts at 2 mean|x| / sqrt(Qp) of the first batch.
///
/// Differs from the paper: s is kept at 1e-8 and above and has no weight decay, as with the weights.
class LsqActivation final : public StatefulActivation {
public:
    explicit LsqActivation(const ActivationArguments& arguments)
        : StatefulActivation(arguments), m_sign(arguments.options.text("sign")),
          m_step(train("step", 1.0, 0.0)), m_signed(keepCount("signed")) {}

    void afterStep() override {
        const torch::NoGradGuard guard;
        m_step.detach().clamp_min_(kSmallestStep);
    }

    std::map<std::string, double> diagnostics() const override { return {{"step", m_step.item<double>()}}; }

protected:
    void start(const torch::Tensor& input) override {
        m_signed.fill_(needsSign(m_sign, bits(), input) ? 1 : 0);
        const double size = input.abs().mean().item<double>();
        if (size != 0) // a batch of zeros says nothing of the step: it stays 1
            m_step.detach().fill_(std::max(2 * size / std::sqrt(range().highest), kSmallestStep));
    }

    torch::Tensor quantize(const torch::Tensor& input) override {
        const double step = m_step.item<double>();
        const auto codes = range();
        const auto values = roundedUniform(input, {step, 1, codes.lowest, codes.highest});
        const auto bound = [&](double code) { return static_cast<float>(code * step); };
        const double perSample = static_cast<double>(input.numel()) / static_cast<double>(input.size(0));
        const double share = 1 / std::sqrt(std::max(1.0, perSample) * codes.highest);
        return straightThrough(input, values, std::nextafter(bound(codes.lowest), bound(codes.highest)),
                               std::nextafter(bound(codes.highest), bound(codes.lowest)), m_step,
                               {share / step, share * codes.lowest, share * codes.highest});
    }

private:
    CodeRange range() const { return CodeRange::of(bits(), m_signed.item<std::int64_t>() != 0); }

    std::string m_sign;
    torch::Tensor m_step;   ///< s, [1]
    torch::Tensor m_signed; ///< 1: signed codes
};

} // namespace

ActivationMethod lsqActivation() {
    ActivationMethod method;
    method.schema = {"lsq",
                     "Learned step size (LSQ)",
                     "Whole multiples of a step size that is trained",
                     "Esser et al. 2020, arXiv 1902.08153",
                     {signOption()}};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 4;
    method.firstAndLast = FirstAndLast::EightBits;
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.check = requireRoomForSign;
    method.losesNegative = hasNoSign;
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<LsqActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
