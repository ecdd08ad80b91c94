// SPDX-License-Identifier: GPL-3.0-or-later
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

protected:
    torch::Tensor deployed() const override {
        const auto bases = positive();
        const auto alpha = scales(bases);
        auto weight = torch::zeros_like(latent());
        for (std::int64_t m = 0; m < bits(); ++m)
            addBase(weight, bases[static_cast<std::size_t>(m)], alpha[m]);
        return weight;
    }

    /// Of the j-th pattern, the last j bases are +1.
    torch::Tensor levels() const override {
        const auto alpha = scales(positive());
        const auto pattern = torch::arange(bits() + 1, latent().device());
        auto values = torch::zeros({bits() + 1}, latent().options());
        for (std::int64_t m = 0; m < bits(); ++m)
            addBase(values, pattern.ge(bits() - m), alpha[m]);
        return std::get<0>(values.sort()).unsqueeze(0);
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override {
        const auto alpha = scales(positive());
        if (!m_clipped) return g * alpha.sum();
        auto factor = torch::zeros_like(latent());
        std::int64_t m = 0;
        for (const auto& argument : signArguments())
            factor.add_(argument.abs().le(1).to(g.scalar_type()).mul_(alpha[m++]));
        return factor.mul_(g);
    }

    std::int64_t sideBits() const override { return kFloatBits * bits(); }

    std::map<std::string, double> diagnostics() const override {
        std::map<std::string, double> values;
        const auto alpha = scales(positive());
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

    /// Where each base is +1.
    std::vector<torch::Tensor> positive() const {
        std::vector<torch::Tensor> bases;
        for (const auto& argument : signArguments())
            bases.push_back(argument.ge(0));
        return bases;
    }

    /// weight += α B; the same additions in the same order make weights and levels.
    static void addBase(torch::Tensor& weight, const torch::Tensor& base, const torch::Tensor& alpha) {
        weight.add_(torch::where(base, alpha, -alpha));
    }

    /// α [M]. The bases are thresholds of one variable, so each contains the one before it and
    /// B_iᵀB_j = N − 2 |p_i − p_j| with p the counts of +1; B_iᵀW = 2 Σ_{B_i > 0} W − Σ W.
    torch::Tensor scales(const std::vector<torch::Tensor>& bases) const {
        std::vector<torch::Tensor> counts;
        std::vector<torch::Tensor> products;
        const auto sum = latent().sum().to(torch::kFloat64);
        for (const auto& base : bases) {
            counts.push_back(base.sum().to(torch::kFloat64));
            products.push_back(latent().mul(base).sum().to(torch::kFloat64).mul(2).sub_(sum));
        }
        const auto p = torch::stack(counts);
        const auto overlap = p.unsqueeze(0).sub(p.unsqueeze(1)).abs_().mul_(-2).add_(elements());
        const auto normal = overlap + torch::eye(bits(), p.options()) * kRidge;
        return torch::linalg_solve(normal, torch::stack(products)).to(latent().scalar_type());
    }

    bool m_clipped;
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
    method.keepsFirstAndLast = true;
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
