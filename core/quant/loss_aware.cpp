// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "core/base/error.h"
#include "core/quant/elementwise.h"
#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"
#include "core/quant/scaled_levels.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kScaleBits = 32;
constexpr double kKept = 0.999;    ///< Adam's β2
constexpr double kSmallest = 1e-8; ///< Adam's ε
constexpr double kThreshold = 0.7; ///< of the mean absolute weight: the first pattern, as TWN's
constexpr int kIterations = 10;
constexpr std::int64_t kNoLog = 8; ///< from here on 2^−n is no float32 any more

/// Magnitudes that a weight can take, as shares of the scale, ascending: {1}; {0, 1}; with n = 2^(m−1) − 1
/// {0, 1/n, …, 1} or {0, 2^−(n−1), …, 1/2, 1}.
std::vector<double> magnitudesOf(std::int64_t bits, const Options& options) {
    if (bits == 1) return {1.0};
    const std::int64_t n = (std::int64_t{1} << (bits - 1)) - 1;
    const bool logarithmic = options.text("levels") == "log";
    std::vector<double> magnitudes{0.0};
    for (std::int64_t i = 1; i <= n; ++i)
        magnitudes.push_back(logarithmic ? std::ldexp(1.0, static_cast<int>(i - n))
                                         : static_cast<double>(i) / static_cast<double>(n));
    return magnitudes;
}

/// Loss-aware binarization (Hou, Yao, Kwok 2017, arXiv 1611.01600) and its extensions to ternary and m-bit
/// weights (Hou, Kwok 2018, arXiv 1802.08635). A proximal Newton step with a diagonal curvature d asks for
/// the α b nearest to W in ‖·‖_d, with d = sqrt(v) + 1e-8 and v the running second moment of g = dL/dq:
///
///   1 bit (LAB, Proposition 3.1):  b = sign(W), α = Σ d |W| / Σ d
///   2 bits (LAT):                  b in {−1, 0, 1}: exact, from the prefix of the largest |W| that maximizes
///                                  (Σ d |W|)² / Σ d; or alternating α = Σ b d W / Σ b² d and b = 1{|W| > α /
///                                  2}
///   m bits (LAQ):                  b nearest in {0, ±1/n, …, ±1} or {0, ±2^−(n−1), …, ±1}, n = 2^(m−1) − 1,
///                                  alternating as above, at most 10 times
///
/// all per layer. Gradient: identity, dL/dW = g. v ← 0.999 v + 0.001 g² in backward(), so that a step's
/// forward has the curvature of the steps before it; without bias correction, which cancels in α. After each
/// step W is clipped to [−1, 1].
///
/// Differs from the published code: the alternation starts from TWN's pattern at every step, not from the
/// previous step's, so that the quantized weight is a function of W and v alone; for m bits α is the
/// minimizer of the stated problem, where the code divides by Σ |b| d; the exact ternary scale is the best
/// prefix even where the code finds no sign change (all weights of one size) and falls back on 0.7 of the
/// mean.
class LossAwareQuantizer final : public LatentQuantizer {
public:
    explicit LossAwareQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "lab"),
          m_exact(arguments.bits == 2 && arguments.options.text("ternary") == "exact"),
          m_moment(torch::zeros_like(latent())),
          m_levels(magnitudesOf(arguments.bits, arguments.options), latent().options(),
                   arguments.bits > 2 ? ScaledLevels::Tie::Larger : ScaledLevels::Tie::Smaller) {
        const torch::NoGradGuard guard;
        if (!arguments.pretrained)
            startUniform(arguments.seed,
                         std::sqrt(1.5 / static_cast<double>(layer().fanIn + layer().fanOut)));
        latent().clamp_(-1, 1);
        setWeightDecay(0);
        keep("moment", m_moment);
        startCountingFlips();
    }

    void backward(const torch::Tensor& g, int pass) override {
        LatentQuantizer::backward(g, pass);
        if (pass > 0) return; // the same step's second pass
        const torch::NoGradGuard guard;
        const auto plain = g.detach().contiguous();
        m_moment.mul_(kKept).addcmul_(plain, plain, 1 - kKept);
    }

    void afterStep() override {
        const torch::NoGradGuard guard;
        latent().clamp_(-1, 1);
    }

protected:
    torch::Tensor deployed() const override { return m_levels.quantize(latent(), scale()); }
    torch::Tensor levels() const override { return m_levels.levels(scale()); }
    torch::Tensor latentGradient(const torch::Tensor& g) override { return g; }
    std::int64_t sideBits() const override { return kScaleBits; }

    std::map<std::string, double> diagnostics() const override {
        const auto curvature = this->curvature();
        const double mean = curvature.mean().item<double>();
        return {{"scale", scale()},
                {"mean_curvature", mean},
                {"curvature_spread", curvature.std(/*unbiased=*/false).item<double>() / mean}};
    }

private:
    /// d.
    torch::Tensor curvature() const { return m_moment.sqrt().add_(kSmallest); }

    /// α.
    double scale() const {
        const auto size = latent().abs();
        if (m_exact) return ScaledLevels::bestTernary(size, curvature());
        const auto pattern = bits() == 1 ? torch::ones_like(size) : above(size, size.mean().mul_(kThreshold));
        return m_levels.fit(size, curvature(), pattern, bits() == 1 ? 1 : kIterations);
    }

    bool m_exact;
    torch::Tensor m_moment; ///< v
    ScaledLevels m_levels;
};

void checkLossAware(std::int64_t bits, const Options& options, const std::string& where) {
    if (bits >= kNoLog && options.text("levels") == "log")
        throw Error(ErrorKind::Config,
                    "\"levels\" can't be \"log\" at " + std::to_string(bits) +
                        " bits: the smallest level would leave float32's range",
                    where, "Use at most " + std::to_string(kNoLog - 1) + " bits, or \"linear\".");
}

std::vector<OptionSpec> lossAwareOptions() {
    return {OptionSpec::choice("ternary", "Scale at 2 bits", "approximate", {"approximate", "exact"},
                               "Alternate between scale and pattern, or sort for the best one")
                .withSource("Hou, Kwok 2018, section 3.1"),
            OptionSpec::choice("levels", "Levels from 3 bits", "linear", {"linear", "log"},
                               "Evenly spaced, or zero and powers of two of the scale")
                .withSource("Hou, Kwok 2018, section 3.3")};
}

std::string remarkLossAware(std::int64_t bits, const Options& options) {
    if (bits == 2) return "3 values: zero and one scale with both signs";
    if (bits >= 6 && options.text("levels") == "log")
        return "Practically the network of 5 bits: more bits only add ever smaller powers of two";
    return {};
}

} // namespace

WeightMethod lossAwareMethod() {
    WeightMethod method;
    method.schema = {
        "lab", "Loss-aware quantization (LAB, LAT, LAQ)",
        "Levels with one scale, weighted by the loss's curvature as Adam's second moment gives it",
        "Hou, Yao, Kwok 2017, arXiv 1611.01600; Hou, Kwok 2018, arXiv 1802.08635", lossAwareOptions()};
    method.minimumBits = 1;
    method.maximumBits = 8;
    method.defaultBits = 1;
    method.multiplications = [](std::int64_t bits, const Options& options) {
        return MultiplicationFlags{bits > 2 && options.text("levels") == "linear", true};
    };
    method.levels = [](std::int64_t bits, const Options&) {
        return bits == 1 ? std::int64_t{2} : (std::int64_t{1} << bits) - 1;
    };
    method.sideBits = [](const LayerContext&, std::int64_t, const Options&) { return kScaleBits; };
    method.trainingFloatsPerWeight = [](std::int64_t bits, const Options& options) {
        return latentFloatsPerWeight(bits, options) + 1; // the second moment
    };
    method.check = checkLossAware;
    method.remark = remarkLossAware;
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<LossAwareQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
