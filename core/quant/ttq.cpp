// SPDX-License-Identifier: GPL-3.0-or-later
#include <limits>

#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kScaleBits = 32;
constexpr double kSmallestScale = 1e-6;

/// Trained ternary quantization (Zhu et al. 2016, arXiv 1612.01064): per layer q = Wp where W > Δ, −Wn where
/// W < −Δ, else 0 (Eq. 6), with Wp, Wn > 0 trained. Δ = t · max|W| (Eq. 9), or such that a given share of the
/// weights is zero (section 3.2). With Δ constant (Eqs. 7 and 8):
///   dL/dWp = Σ_{W > Δ} g,  dL/dWn = −Σ_{W < −Δ} g,
///   dL/dW  = Wp g where W > Δ, Wn g where W < −Δ, else g.
///
/// Differs from the paper: Eq. 7 prints dL/dWn without its minus, which follows from q = −Wn. Wp and Wn are
/// kept at 1e-6 and above, because a negative one would swap the two sides, and have no weight decay. Where
/// no batch norm follows the layer, q is multiplied by the mean magnitude of the starting weights beyond Δ,
/// because ones would multiply the layer's output by the square root of its fan-in.
class TtqQuantizer final : public LatentQuantizer {
public:
    explicit TtqQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "ttq"), m_bySparsity(arguments.options.text("rule") == "sparsity"),
          m_factor(arguments.options.real("threshold")), m_sparsity(arguments.options.real("sparsity")),
          m_positive(torch::ones({1}, latent().options())), m_negative(torch::ones_like(m_positive)),
          m_unit(torch::ones_like(m_positive)) {
        const torch::NoGradGuard guard;
        const auto rescale = arguments.options.text("rescale");
        if (rescale == "on" || (rescale == "auto" && layer().followedByBatchNorm != true)) startUnit();
        if (arguments.options.boolean("normalize"))
            latent().div_(latent().abs().max().clamp_min_(std::numeric_limits<float>::min()));
        train("positive", m_positive.requires_grad_(), 0.0, 1.0);
        train("negative", m_negative.requires_grad_(), 0.0, 1.0);
        keep("unit", m_unit);
        startCountingFlips();
    }

    void afterStep() override {
        m_positive.detach().clamp_min_(kSmallestScale);
        m_negative.detach().clamp_min_(kSmallestScale);
    }

protected:
    torch::Tensor deployed() const override {
        const auto [above, below] = masks();
        const auto level = levels().view({3});
        return torch::where(above, level[2], torch::where(below, level[0], level[1]));
    }

    torch::Tensor levels() const override {
        const auto zero = torch::zeros_like(m_positive);
        return torch::stack({-m_negative.detach() * m_unit, zero, m_positive.detach() * m_unit}, 1);
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override {
        const auto [above, below] = masks();
        const auto scaled = g * m_unit;
        setGradient(m_positive, scaled.mul(above).sum().view({1}));
        setGradient(m_negative, scaled.mul(below).sum().neg_().view({1}));
        const auto one = torch::ones_like(m_positive);
        const auto factor = torch::where(above, m_positive.detach(), m_negative.detach());
        return scaled * torch::where(above.logical_or(below), factor, one);
    }

    std::int64_t sideBits() const override { return 2 * kScaleBits; }

    std::map<std::string, double> diagnostics() const override {
        return {{"positive_scale", m_positive.item<double>()},
                {"negative_scale", m_negative.item<double>()},
                {"unit", m_unit.item<double>()},
                {"threshold", threshold().item<double>()}};
    }

private:
    /// Δ.
    torch::Tensor threshold() const {
        const auto size = latent().abs();
        if (!m_bySparsity) return size.max().mul_(m_factor);
        const auto zeros = static_cast<std::int64_t>(m_sparsity * static_cast<double>(elements()));
        return zeros == 0 ? torch::zeros({}, size.options()) : std::get<0>(size.view({-1}).kthvalue(zeros));
    }

    /// W > Δ and W < −Δ.
    std::pair<torch::Tensor, torch::Tensor> masks() const {
        const auto delta = threshold();
        return {latent().gt(delta), latent().lt(-delta)};
    }

    void startUnit() {
        const auto [above, below] = masks();
        const auto kept = above.logical_or(below);
        const auto sum = latent().abs().mul_(kept).sum();
        m_unit.fill_(sum.div_(kept.sum().clamp_min_(1)).clamp_min_(kSmallestScale));
    }

    bool m_bySparsity;
    double m_factor;          ///< t = Δ / max|W|
    double m_sparsity;        ///< share of zeros
    torch::Tensor m_positive; ///< Wp, [1]
    torch::Tensor m_negative; ///< Wn, [1]
    torch::Tensor m_unit;     ///< [1], what 1 stands for in the network's weight
};

std::vector<OptionSpec> ttqOptions() {
    return {
        OptionSpec::choice("rule", "Threshold from", "max", {"max", "sparsity"},
                           "max: a share of the largest weight; sparsity: as many zeros as wanted")
            .withSource("section 3.2"),
        OptionSpec::real("threshold", "Threshold", 0.05, 0.0, 1.0,
                         "Weights up to this times the largest magnitude become zero")
            .withSource("Eq. 9")
            .when("rule", {"max"}),
        OptionSpec::real("sparsity", "Zeros", 0.5, 0.0, 0.99, "Share of the weights that become zero")
            .withSource("section 3.2")
            .when("rule", {"sparsity"}),
        OptionSpec::choice("rescale", "Rescale", "auto", {"auto", "off", "on"},
                           "Multiply by the mean magnitude of the starting weights that are not zero: off "
                           "as published; auto: on where no batch norm follows the layer")
            .asAdvanced(),
        OptionSpec::boolean("normalize", "Normalize", false,
                            "Divide the starting weights by the largest magnitude; the method's code "
                            "does not")
            .withSource("section 3")
            .asAdvanced()};
}

} // namespace

WeightMethod ttqMethod() {
    WeightMethod method;
    method.schema = {"ttq", "Trained ternary quantization (TTQ)",
                     "Zero or one of two trained values per layer, one for each sign",
                     "Zhu et al. 2016, arXiv 1612.01064", ttqOptions()};
    method.minimumBits = method.maximumBits = method.defaultBits = 2;
    method.wantsPretrained = true;
    method.firstAndLast = FirstAndLast::Float;
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{false, true}; };
    method.levels = [](std::int64_t, const Options&) { return std::int64_t{3}; };
    method.sideBits = [](const LayerContext&, std::int64_t, const Options&) { return 2 * kScaleBits; };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.remark = [](std::int64_t, const Options&) -> std::string {
        return "3 values: 3 of the 4 codes of 2 bits are used";
    };
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<TtqQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
