// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <vector>

#include "core/quant/activation_methods.h"
#include "core/quant/rounding_passes.h"
#include "core/quant/stateful_activation.h"
#include "core/quant/straight_through.h"

namespace quantarium::quant {

namespace {

constexpr int kIterations = 10;   ///< of the step's fit, at most
constexpr double kSettled = 1e-6; ///< relative change that ends the fit
constexpr double kSmallestStep = 1e-6;
constexpr std::int64_t kSample = 1 << 14; ///< values that a batch's threshold and step are found from

/// One value out of each of kSample equal stretches, in the order of indices: at a place that the golden
/// ratio scatters, because one fixed distance could meet the same columns or channels again and again.
std::vector<float> sampleOf(const torch::Tensor& input) {
    constexpr double kGoldenRatio = 0.6180339887498949;
    const auto all = input.numel();
    const auto count = std::min(all, kSample);
    auto places = torch::empty({count}, torch::kInt64);
    auto* place = places.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < count; ++i) {
        const double scattered = static_cast<double>(i) * kGoldenRatio;
        const double within = all == count ? 0.0 : scattered - std::floor(scattered);
        const double stretch = static_cast<double>(all) / static_cast<double>(count);
        place[i] = std::min(all - 1, static_cast<std::int64_t>((static_cast<double>(i) + within) * stretch));
    }
    const auto sample =
        input.detach().take(places.to(input.device())).to(torch::kCPU, torch::kFloat32).contiguous();
    return {sample.data_ptr<float>(), sample.data_ptr<float>() + sample.numel()};
}

/// The value at this share of the sorted ones, between two of them linearly; reorders them.
double quantileOf(std::vector<float>& values, double share) {
    const double rank = share * static_cast<double>(values.size() - 1);
    const auto lower = values.begin() + static_cast<std::ptrdiff_t>(rank);
    std::nth_element(values.begin(), lower, values.end());
    if (lower + 1 == values.end()) return *lower;
    const double next = *std::min_element(lower + 1, values.end());
    return *lower + (rank - std::floor(rank)) * (next - *lower);
}

/// Two-step quantization's sparse activations (Wang et al. 2018, "Two-Step Quantization for Low-bit Neural
/// Networks", section 3.1): a share of the values, the smallest, becomes 0; the others take the nearest of
/// Δ, 2Δ, …, (2^b − 1)Δ, as half-wave Gaussian quantization's uniform levels. The threshold ε is that
/// quantile of the batch; Δ minimizes the squared error of the values above ε. Both follow the batches by a
/// moving average that begins at the first one. Gradient: 1 for 0 < x ≤ (2^b − 1)Δ, else 0.
///
/// Where the paper is silent: the share's default, 0.6, is about what half-wave Gaussian quantization with 2
/// bits zeroes of a normal distribution; threshold and step are found from at most 16,384 values, taken
/// evenly.
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
        auto sample = sampleOf(input);
        const double threshold = thresholdOf(sample);
        const auto kept = above(sample, threshold);
        const double sum = std::accumulate(kept.begin(), kept.end(), 0.0);
        const double first = kept.empty() ? 1.0 : sum / static_cast<double>(kept.size()) / 2;
        m_threshold.fill_(threshold);
        m_step.fill_(fittedStep(kept, std::max(first, kSmallestStep)));
    }

    torch::Tensor quantize(const torch::Tensor& input) override {
        if (training()) follow(input);
        const double step = m_step.item<double>();
        const double smallestKept =
            std::nextafter(m_threshold.item<float>(), std::numeric_limits<float>::infinity());
        const auto values = roundedUniform(input, {step, 1, 1, codes(), smallestKept});
        return straightThrough(input, values, std::numeric_limits<float>::min(), codes() * step);
    }

private:
    double codes() const { return CodeRange::of(bits(), false).highest; }

    /// At 0 or above: what a ReLU leaves at 0 is zero anyhow. Reorders the sample.
    double thresholdOf(std::vector<float>& sample) const {
        return sample.empty() ? 0.0 : std::max(0.0, quantileOf(sample, m_share));
    }

    static std::vector<float> above(const std::vector<float>& sample, double threshold) {
        std::vector<float> kept;
        std::copy_if(sample.begin(), sample.end(), std::back_inserter(kept),
                     [&](float value) { return value > threshold; });
        return kept;
    }

    double fittedStep(const std::vector<float>& kept, double step) const {
        if (kept.empty()) return step;
        for (int i = 0; i < kIterations; ++i) {
            double products = 0;
            double squares = 0;
            for (const float value : kept) {
                const double code = std::clamp(std::floor(value / step + 0.5), 1.0, codes());
                products += code * value;
                squares += code * code;
            }
            const double next = products / squares;
            const bool settled = std::abs(next - step) <= kSettled * step;
            step = std::max(next, kSmallestStep);
            if (settled) break;
        }
        return step;
    }

    void follow(const torch::Tensor& input) {
        const torch::NoGradGuard guard;
        auto sample = sampleOf(input);
        const double threshold = thresholdOf(sample);
        const double step = fittedStep(above(sample, threshold), m_step.item<double>());
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
    method.losesNegative = [](std::int64_t, const Options&) { return true; };
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<SparseActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
