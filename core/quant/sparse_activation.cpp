// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "core/quant/activation_methods.h"
#include "core/quant/stateful_activation.h"
#include "core/quant/straight_through.h"

namespace quantarium::quant {

namespace {

constexpr int kIterations = 10;   ///< of the step's fit, at most
constexpr double kSettled = 1e-6; ///< relative change that ends the fit
constexpr double kSmallestStep = 1e-6;
constexpr std::int64_t kSample = 1 << 16; ///< values that a batch's threshold and step are found from

/// Every so many-th value, so that about kSample remain, as float64.
torch::Tensor sampleOf(const torch::Tensor& input) {
    const auto flat = input.detach().reshape({-1});
    const auto stride = std::max<std::int64_t>(1, flat.numel() / kSample);
    return flat.slice(0, 0, flat.numel(), stride).to(torch::kCPU, torch::kFloat64);
}

/// Two-step quantization's sparse activations (Wang et al. 2018, "Two-Step Quantization for Low-bit Neural
/// Networks", section 3.1): a share of the values, the smallest, becomes 0; the others take the nearest of
/// Δ, 2Δ, …, (2^b − 1)Δ, as half-wave Gaussian quantization's uniform levels. The threshold ε is that
/// quantile of the batch; Δ minimizes the squared error of the values above ε. Both follow the batches by a
/// moving average that begins at the first one. Gradient: 1 for 0 < x ≤ (2^b − 1)Δ, else 0.
///
/// Where the paper is silent: the share's default, 0.6, is about what half-wave Gaussian quantization with 2
/// bits zeroes of a normal distribution; threshold and step are found from at most 65,536 values, evenly
/// taken.
class SparseActivation final : public StatefulActivation {
public:
    explicit SparseActivation(const ActivationArguments& arguments)
        : StatefulActivation(arguments), m_share(arguments.options.real("zeros")),
          m_decay(arguments.options.real("decay")), m_threshold(keep("threshold", 0.0)),
          m_step(keep("step", 1.0)) {}

    std::map<std::string, double> diagnostics() const override {
        return {{"threshold", m_threshold.item<double>()}, {"step", m_step.item<double>()}};
    }

protected:
    void start(const torch::Tensor& input) override {
        const auto sample = sampleOf(input);
        const double threshold = thresholdOf(sample);
        const auto kept = sample.index({sample.gt(threshold)});
        const double first = kept.numel() > 0 ? kept.mean().item<double>() / 2 : 1.0;
        m_threshold.fill_(threshold);
        m_step.fill_(fittedStep(kept, std::max(first, kSmallestStep)));
    }

    torch::Tensor quantize(const torch::Tensor& input) override {
        if (training()) follow(input);
        const double step = m_step.item<double>();
        const auto values = input.detach().div(step).round_().clamp_(1, codes()).mul_(step);
        const auto kept = input.detach().gt(m_threshold.item<double>());
        return straightThrough(input, torch::where(kept, values, 0.0), std::numeric_limits<float>::min(),
                               codes() * step);
    }

private:
    double codes() const { return CodeRange::of(bits(), false).highest; }

    /// At 0 or above: what a ReLU leaves at 0 is zero anyhow.
    double thresholdOf(const torch::Tensor& sample) const {
        return std::max(0.0, torch::quantile(sample, m_share).item<double>());
    }

    double fittedStep(const torch::Tensor& kept, double step) const {
        if (kept.numel() == 0) return step;
        for (int i = 0; i < kIterations; ++i) {
            const auto code = kept.div(step).round_().clamp_(1, codes());
            const double next = (code * kept).sum().item<double>() / code.square().sum().item<double>();
            const bool settled = std::abs(next - step) <= kSettled * step;
            step = std::max(next, kSmallestStep);
            if (settled) break;
        }
        return step;
    }

    void follow(const torch::Tensor& input) {
        const torch::NoGradGuard guard;
        const auto sample = sampleOf(input);
        const double threshold = thresholdOf(sample);
        const double step = fittedStep(sample.index({sample.gt(threshold)}), m_step.item<double>());
        m_threshold.mul_(m_decay).add_((1 - m_decay) * threshold);
        m_step.mul_(m_decay).add_((1 - m_decay) * step);
    }

    double m_share;
    double m_decay;
    torch::Tensor m_threshold; ///< ε, [1]
    torch::Tensor m_step;      ///< Δ, [1]
};

} // namespace

ActivationMethod sparseActivation() {
    ActivationMethod method;
    method.schema = {
        "sparse",
        "Sparse quantization (TSQ)",
        "Zero for the smaller values, evenly spaced positive values for the others",
        "Wang et al. 2018, Two-Step Quantization for Low-bit Neural Networks",
        {OptionSpec::real("zeros", "Share of zeros", 0.6, 0.0, 0.99, "Of a batch's values, the smallest"),
         OptionSpec::real("decay", "Decay", 0.9, 0.0, 0.99999,
                          "Of the moving averages of threshold and step, per training step")
             .asAdvanced()}};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 2;
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<SparseActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
