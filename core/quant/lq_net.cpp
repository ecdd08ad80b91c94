// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "core/quant/elementwise.h"
#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kFloatBits = 32;
constexpr double kNormalQuartile = 0.6745; ///< the 75 % quantile of the standard normal distribution
constexpr double kKept = 0.9;              ///< of the basis in each moving average
constexpr double kRidge = 1e-4;

/// All sign vectors e in {−1, +1}^K, [2^K, K]; row i has +1 where bit k of i is set.
torch::Tensor signVectors(std::int64_t bits, const torch::TensorOptions& options) {
    auto signs = torch::empty({std::int64_t{1} << bits, bits}, torch::kFloat64);
    auto at = signs.accessor<double, 2>();
    for (std::int64_t i = 0; i < signs.size(0); ++i)
        for (std::int64_t k = 0; k < bits; ++k)
            at[i][k] = ((i >> k) & 1) != 0 ? 1 : -1;
    return signs.to(options);
}

/// LQ-Nets' weights (Zhang et al. 2018, arXiv 1807.10029): per filter, q = vᵀe with a learned basis v in R^K
/// and the sign vector e in {−1, +1}^K of the level nearest to the weight: levels sorted, thresholds in the
/// middle of neighbours, a tie goes down (section 3.2, Eq. 3–5). Gradient: identity, dL/dW = g.
///
/// Quantization error minimization (section 3.3, Algorithm 1), one iteration a step: with the sign vectors B
/// that v gives, v* = (B Bᵀ + ε I)⁻¹ (B w + ε v), ε = 1e-4, then v ← 0.9 v + 0.1 v*. The step's forward uses
/// v from before. The normal matrix needs only how many weights take each level and their sum.
///
/// The basis moves in backward(), from the latent weight of that step's forward: the same numbers as moving
/// it behind the forward, and looking at the training form of the weights changes nothing.
class LqQuantizer final : public LatentQuantizer {
public:
    explicit LqQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "lq"), m_signs(signVectors(arguments.bits, latent().options())),
          m_basis(startBasis()) {
        keep("basis", m_basis);
        startCountingFlips();
    }

    void backward(const torch::Tensor& g, int pass) override {
        LatentQuantizer::backward(g, pass);
        if (pass == 0) moveBasis();
    }

protected:
    torch::Tensor deployed() const override {
        const auto sorted = levels();
        return sorted.gather(1, places(sorted)).view(latent().sizes());
    }

    torch::Tensor levels() const override { return std::get<0>(sortedLevels()); }
    torch::Tensor latentGradient(const torch::Tensor& g) override { return g; }
    std::int64_t sideBits() const override { return kFloatBits * bits() * filters(); }

    std::map<std::string, double> diagnostics() const override {
        std::map<std::string, double> values;
        const auto mean = m_basis.abs().mean(0).to(torch::kFloat64).cpu();
        for (std::int64_t k = 0; k < bits(); ++k)
            values["mean_basis_" + std::to_string(k + 1)] = mean[k].item<double>();
        return values;
    }

private:
    /// v_k = 2^k · 0.6745 · sqrt(2 / n) / 2^(K−1), n = kernel area · filters, for every filter [filters, K].
    torch::Tensor startBasis() const {
        const auto& shape = layer().shape;
        double n = static_cast<double>(shape.at(0));
        for (std::size_t i = 2; i < shape.size(); ++i)
            n *= static_cast<double>(shape[i]);
        const double top = kNormalQuartile * std::sqrt(2 / n);
        auto basis = torch::empty({filters(), bits()}, latent().options());
        for (std::int64_t k = 0; k < bits(); ++k)
            basis.select(1, k).fill_(std::ldexp(top, static_cast<int>(k + 1 - bits())));
        return basis;
    }

    /// Ascending levels [filters, 2^K], and the row of m_signs that each belongs to: a basis may turn
    /// unordered or negative.
    std::tuple<torch::Tensor, torch::Tensor> sortedLevels() const {
        auto unsorted = torch::zeros({filters(), m_signs.size(0)}, m_basis.options());
        for (std::int64_t k = 0; k < bits(); ++k)
            unsorted.add_(m_basis.select(1, k).unsqueeze(1) * m_signs.select(1, k));
        return unsorted.sort(1);
    }

    /// The place of each weight's level among its filter's sorted ones, int64 [filters, n].
    torch::Tensor places(const torch::Tensor& sorted) const {
        const auto count = sorted.size(1);
        const auto middles = sorted.narrow(1, 0, count - 1).add(sorted.narrow(1, 1, count - 1)).mul_(0.5);
        const auto weight = latent().view({filters(), -1});
        auto place = torch::zeros_like(weight);
        for (std::int64_t i = 0; i < count - 1; ++i)
            place.add_(above(weight, middles.narrow(1, i, 1)));
        return place.to(torch::kInt64);
    }

    void moveBasis() {
        const torch::NoGradGuard guard;
        const auto [sorted, rows] = sortedLevels();
        const auto weight = latent().view({filters(), -1});
        const auto place = places(sorted);
        const auto counts = torch::zeros_like(sorted).scatter_add_(1, place, torch::ones_like(weight));
        const auto sums = torch::zeros_like(sorted).scatter_add_(1, place, weight);
        const auto codes = m_signs.index_select(0, rows.reshape(-1))
                               .view({filters(), sorted.size(1), bits()})
                               .to(torch::kFloat64);
        const auto turned = codes.transpose(1, 2); // [filters, K, levels]
        const auto ridge = torch::eye(bits(), codes.options()) * kRidge;
        const auto normal = turned.matmul(codes * counts.to(torch::kFloat64).unsqueeze(2)) + ridge;
        const auto right = turned.matmul(sums.to(torch::kFloat64).unsqueeze(2)) +
                           m_basis.to(torch::kFloat64).unsqueeze(2) * kRidge;
        const auto best = torch::linalg_solve(normal, right).squeeze(2);
        m_basis.mul_(kKept).add_(best.to(m_basis.scalar_type()), 1 - kKept);
    }

    torch::Tensor m_signs; ///< [2^K, K]
    torch::Tensor m_basis; ///< v, [filters, K]
};

} // namespace

WeightMethod lqMethod() {
    WeightMethod method;
    method.schema = {"lq",
                     "LQ-Net",
                     "Levels from a basis that each filter learns by least squares",
                     "Zhang et al. 2018, arXiv 1807.10029",
                     {}};
    method.minimumBits = 1;
    method.maximumBits = 4;
    method.defaultBits = 2;
    method.firstAndLast = FirstAndLast::Float;
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{false, true}; };
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.sideBits = [](const LayerContext& layer, std::int64_t bits, const Options&) {
        return kFloatBits * bits * layer.shape.at(0);
    };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.remark = [](std::int64_t bits, const Options&) -> std::string {
        return bits == 1 ? "Two values per filter, as BWN has, with a scale that follows by moving average"
                         : "";
    };
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<LqQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
