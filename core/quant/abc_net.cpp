// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/elementwise.h"
#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kFloatBits = 32;
constexpr double kRidge = 1e-6;

/// ABC-Net's weights (Lin, Zhao, Pan 2017, arXiv 1711.11294): q = Σ_m α_m B_m over the layer, with fixed
/// bases B_m = sign(W − mean(W) + u_m std(W)), u_m = −1 + 2 (m − 1) / (M − 1) (section 3.1, Eq. 2; u = 0 for
/// one base) and the scales of least squares, α = argmin ‖W − Σ_m α_m B_m‖² (Eq. 3), solved anew at each step
/// by its normal equations with a ridge of 1e-6, because bases coincide in small layers. std is that of the
/// population. The bases are thresholds of one weight, each contained in the next, so that only M + 1 of the
/// 2^M sign patterns occur: those are the levels. Gradient, α, mean and std taken as constants (Eq. 6, n = 1
/// … M):
///   identity: dL/dW = Σ_m α_m · g;
///   clipped:  dL/dW = Σ_m α_m · g · 1{|W − mean + u_m std| ≤ 1}.
class AbcQuantizer final : public LatentQuantizer {
public:
    explicit AbcQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "abc"), m_clipped(arguments.options.text("gradient") == "clipped") {
        startCountingFlips();
    }

    void afterStep() override { m_alpha.reset(); }

    void load(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers) override {
        LatentQuantizer::load(tensors, numbers);
        m_alpha.reset();
    }

protected:
    torch::Tensor deployed() const override {
        const auto bases = this->bases();
        return sumOf(bases, scales(bases));
    }

    torch::Tensor forTraining() override {
        const auto bases = this->bases();
        m_alpha = scales(bases);
        return sumOf(bases, m_alpha);
    }

    /// Of the j-th pattern, the last j bases are +1.
    torch::Tensor levels() const override {
        const auto pattern = torch::arange(bits() + 1, latent().options());
        std::vector<torch::Tensor> patterns;
        for (std::int64_t m = 0; m < bits(); ++m)
            patterns.push_back(signs(pattern.sub(static_cast<double>(bits() - m))));
        return std::get<0>(sumOf(patterns, scales(bases())).sort()).unsqueeze(0);
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override {
        const auto alpha = m_alpha.defined() ? m_alpha : scales(bases());
        if (!m_clipped) return g * alpha.sum();
        auto factor = torch::zeros_like(latent());
        std::int64_t m = 0;
        for (const auto& argument : signArguments())
            factor.addcmul_(above(argument.abs(), 1).neg_().add_(1), alpha[m++]);
        return factor.mul_(g);
    }

    std::int64_t sideBits() const override { return kFloatBits * bits(); }

    std::map<std::string, double> diagnostics() const override {
        std::map<std::string, double> values;
        const auto alpha = scales(bases());
        for (std::int64_t m = 0; m < bits(); ++m)
            values["scale_" + std::to_string(m + 1)] = alpha[m].item<double>();
        values["scale_sum"] = alpha.sum().item<double>(); // what the gradient is multiplied by
        return values;
    }

private:
    /// W − mean + u_m std for each base.
    std::vector<torch::Tensor> signArguments() const {
        const auto centred = latent().sub(latent().mean());
        const auto deviation = centred.square().mean().sqrt_();
        std::vector<torch::Tensor> arguments;
        for (std::int64_t m = 0; m < bits(); ++m) {
            const double u =
                bits() == 1 ? 0 : 2 * static_cast<double>(m) / static_cast<double>(bits() - 1) - 1;
            arguments.push_back(centred.add(deviation, u));
        }
        return arguments;
    }

    /// ±1 for every base.
    std::vector<torch::Tensor> bases() const {
        std::vector<torch::Tensor> bases;
        for (const auto& argument : signArguments())
            bases.push_back(signs(argument));
        return bases;
    }

    /// Σ_m α_m B_m; the same additions in the same order make weights and levels.
    static torch::Tensor sumOf(const std::vector<torch::Tensor>& bases, const torch::Tensor& alpha) {
        auto sum = torch::zeros_like(bases.front());
        for (std::size_t m = 0; m < bases.size(); ++m)
            sum.add_(bases[m].mul(alpha[static_cast<std::int64_t>(m)]));
        return sum;
    }

    /// α [M]. Each base contains the one before it, so B_iᵀB_j = N − |ΣB_i − ΣB_j|.
    torch::Tensor scales(const std::vector<torch::Tensor>& bases) const {
        std::vector<torch::Tensor> sums;
        std::vector<torch::Tensor> products;
        for (const auto& base : bases) {
            sums.push_back(base.sum());
            products.push_back(base.mul(latent()).sum());
        }
        const auto s = torch::stack(sums).to(torch::kFloat64);
        const auto overlap =
            s.unsqueeze(0).sub(s.unsqueeze(1)).abs_().neg_().add_(static_cast<double>(elements()));
        const auto normal = overlap + torch::eye(bits(), s.options()) * kRidge;
        const auto right = torch::stack(products).to(torch::kFloat64);
        return torch::linalg_solve(normal, right).to(latent().scalar_type());
    }

    bool m_clipped;
    torch::Tensor m_alpha; ///< of the training forward, until the step
};

} // namespace

WeightMethod abcMethod() {
    WeightMethod method;
    method.schema = {
        "abc",
        "ABC-Net",
        "A sum of binary bases, one a bit, with least-squares scales",
        "Lin, Zhao, Pan 2017, arXiv 1711.11294",
        {OptionSpec::choice(
             "gradient", "Gradient", "identity", {"identity", "clipped"},
             "How it passes the bases' signs: unchanged, or only where the sign's argument is in "
             "[−1, 1]")
             .withSource("Eq. 6")}};
    method.minimumBits = 1;
    method.maximumBits = 5;
    method.defaultBits = 5;
    method.wantsPretrained = true;
    method.firstAndLast = FirstAndLast::Float;
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{false, true}; };
    method.levels = [](std::int64_t bits, const Options&) { return bits + 1; };
    method.sideBits = [](const LayerContext&, std::int64_t bits, const Options&) {
        return kFloatBits * bits;
    };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.remark = [](std::int64_t bits, const Options&) -> std::string {
        if (bits == 1) return {};
        return std::to_string(bits + 1) + " values, not " + std::to_string(std::int64_t{1} << bits) +
               ": the bases are thresholds of one weight, each contained in the next";
    };
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<AbcQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
