// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <limits>

#include "core/quant/activation_methods.h"
#include "core/quant/rounding_passes.h"
#include "core/quant/stateful_activation.h"
#include "core/quant/straight_through.h"

namespace quantarium::quant {

namespace {

constexpr double kNormalQuartile = 0.6745; ///< the 75 % quantile of the standard normal distribution
constexpr double kKept = 0.9;              ///< of the basis in each moving average
constexpr double kRidge = 1e-4;

/// All code vectors e in {0, 1}^K, [2^K, K]; row i has 1 where bit k of i is set.
torch::Tensor codeVectors(std::int64_t bits) {
    auto codes = torch::zeros({std::int64_t{1} << bits, bits}, torch::kFloat64);
    auto at = codes.accessor<double, 2>();
    for (std::int64_t i = 0; i < codes.size(0); ++i)
        for (std::int64_t k = 0; k < bits; ++k)
            at[i][k] = static_cast<double>((i >> k) & 1);
    return codes;
}

/// LQ-Nets' activations (Zhang et al. 2018, arXiv 1807.10029): x takes the nearest level vᵀe of the layer's
/// basis v in R^K, e in {0, 1}^K, a tie going down (section 3.2). Gradient 1 below the top level, else 0; a
/// ReLU before the layer takes care of negative values. Each training pass moves the basis towards the least
/// squares fit to the codes it gives, v ← 0.9 v + 0.1 v* (section 3.3, Algorithm 1), after the pass has used
/// it.
///
/// Differs from the method's code: v* has the ridge 1e-4 towards v that the weights have, because a code that
/// no value takes leaves the equations singular.
class LqActivation final : public StatefulActivation {
public:
    explicit LqActivation(const ActivationArguments& arguments)
        : StatefulActivation(arguments), m_codes(codeVectors(bits())), m_basis(keep("basis", 0.0, bits())) {
        for (std::int64_t k = 0; k < bits(); ++k)
            m_basis[k] =
                std::ldexp(2 * kNormalQuartile / CodeRange::of(bits(), false).highest, static_cast<int>(k));
    }

    std::map<std::string, double> diagnostics() const override {
        std::map<std::string, double> values;
        for (std::int64_t k = 0; k < bits(); ++k)
            values["basis_" + std::to_string(k + 1)] = m_basis[k].item<double>();
        return values;
    }

protected:
    torch::Tensor quantize(const torch::Tensor& input) override {
        const auto basis = m_basis.to(torch::kCPU, torch::kFloat64);
        const auto [levels, rows] = m_codes.matmul(basis).sort();
        const auto borders = Levels::nearest(levels);
        LevelTotals totals;
        const auto values = training() ? levelsOf(input, borders, totals) : levelsOf(input, borders);
        if (training()) moveBasis(totals, rows);
        const double top = levels[-1].item<double>();
        return straightThrough(input, values, -std::numeric_limits<double>::infinity(),
                               std::nextafter(static_cast<float>(top), -1e30F)); // the top itself is outside
    }

private:
    void moveBasis(const LevelTotals& totals, const torch::Tensor& rows) {
        const torch::NoGradGuard guard;
        const auto codes = m_codes.index_select(0, rows); // in the order of the levels
        const auto basis = m_basis.to(torch::kCPU, torch::kFloat64);
        const auto normal = codes.t().matmul(codes * totals.counts.unsqueeze(1)) +
                            torch::eye(bits(), torch::kFloat64) * kRidge;
        const auto best = torch::linalg_solve(normal, codes.t().matmul(totals.sums) + basis * kRidge);
        m_basis.copy_(basis * kKept + best * (1 - kKept));
    }

    torch::Tensor m_codes; ///< [2^K, K], float64, on the CPU
    torch::Tensor m_basis; ///< v, [K]
};

} // namespace

ActivationMethod lqActivation() {
    ActivationMethod method;
    method.schema = {"lq",
                     "LQ-Net",
                     "Levels from a basis that the layer learns by least squares",
                     "Zhang et al. 2018, arXiv 1807.10029",
                     {}};
    method.minimumBits = 1;
    method.maximumBits = 4;
    method.defaultBits = 2;
    method.losesNegative = [](std::int64_t, const Options&) { return true; };
    method.levels = [](std::int64_t bits, const Options&) { return std::int64_t{1} << bits; };
    method.make = [](const ActivationArguments& arguments) -> std::unique_ptr<ActivationQuantizer> {
        return std::make_unique<LqActivation>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
