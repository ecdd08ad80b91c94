// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/quant/latent_quantizer.h"
#include "core/quant/scaled_levels.h"

namespace quantarium::quant {

/// The levels' magnitudes as shares of the scale: {±1}, {0, ±1}, {0, ±1, ±2} or {0, ±1, ±2, ±4}.
std::vector<double> admmMagnitudes(std::int64_t bits, const Options& options);

/// The penalty over a training: constant; or ρ (ρ_last / ρ)^(e / (E − 1)) in epoch e of E, from which
/// "balance" departs by its residuals.
struct PenaltySchedule {
    std::string rule;
    double first = 0;
    double last = 0;

    double at(const TrainingPoint& point) const;
};

/// The alternating direction method of multipliers (Leng et al. 2018, arXiv 1707.09870): min f(W) subject to
/// W = G, G in α · {levels} with one α per layer, and the scaled dual λ (section 3.2):
///
///   W:  steps on f(W) + ρ/2 ‖W − G + λ‖², gradient g + ρ (W − G + λ) with g = df/dW (Eq. 9)
///   G ← Proj(W + λ): min ‖V − α Q‖² (Eq. 11); {±1}: α = mean|V|; {0, ±1}: the exact solution; more levels:
///       alternating α = VᵀQ / QᵀQ with the nearest Q from α = mean|V|, at most 20 times
///   λ ← λ + W − G
///
/// with the last two once an epoch or every so many steps. Training form: W itself. Evaluation: Proj(W) with
/// its own scale. Extragradient (section 3.2.1, Eq. 10): the first pass makes W_p = W − β (gradient at W),
/// the second one's gradient, at W_p, is what W steps by. A change of ρ divides λ by the same factor, so that
/// the unscaled dual ρ λ stays.
///
/// Progressive (Lin et al. 2019, arXiv 1905.00789, "masked mapping and retraining"): after a share of the
/// epochs α is fixed, and in growing portions the weights nearest to their levels are set to them and frozen,
/// bit for bit; the others go on with the augmented loss until the last portion takes them all.
///
/// Differs from the papers: the weights have no weight decay, because it would pull against the penalty; by
/// default the penalty grows geometrically from 0.01 to 1 over the training, whatever its length, because in
/// few epochs the published 1e-4 … 1e-3 leave the weights far from their levels; free weights keep the
/// augmented loss while others are frozen, so that later portions, too, find them near their levels.
class AdmmQuantizer final : public LatentQuantizer {
public:
    explicit AdmmQuantizer(const QuantizerArguments& arguments);

    void materialize(Mode mode, int pass) override;
    void backward(const torch::Tensor& g, int pass) override;
    EpochRequests onEpoch(const TrainingPoint& point) override;
    std::vector<std::int64_t> scheduleRestarts(std::int64_t epochs) const override;
    void afterStep() override;
    int passes() const override { return m_extragradient ? 2 : 1; }
    bool trainFormDiffers() const override { return m_frozenCount < elements(); }
    LayerSnapshot snapshot(bool markFlips) override;
    void save(torch::OrderedDict<std::string, torch::Tensor>& tensors, Json& numbers) const override;
    void load(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers) override;
    std::map<std::string, double> epochValues() const override;

protected:
    torch::Tensor deployed() const override { return m_levels.quantize(latent(), scale()); }
    torch::Tensor forTraining() override { return m_predicted.defined() ? m_predicted : latent(); }
    torch::Tensor levels() const override { return m_levels.levels(scale()); }

    /// Of the augmented loss.
    torch::Tensor latentGradient(const torch::Tensor& g) override;

    std::int64_t sideBits() const override { return 32; } ///< the scale

    std::map<std::string, double> diagnostics() const override;

private:
    bool progressive() const { return !m_portions.empty(); }
    double frozenShare() const {
        return static_cast<double>(m_frozenCount) / static_cast<double>(elements());
    }
    double primalResidual() const { return latent().sub(m_target).norm().item<double>(); }

    double scale() const { return m_fixedScale ? *m_fixedScale : scaleOf(latent()); }

    /// α of Proj.
    double scaleOf(const torch::Tensor& values) const;

    /// The epochs at which the portions begin.
    std::vector<std::int64_t> starts(std::int64_t epochs) const;

    void updateDual();
    void setPenalty(double rho);
    void balancePenalty();
    void freezeShare(double share);
    void setFrozen(const torch::Tensor& mask);

    ScaledLevels m_levels;
    PenaltySchedule m_penalties;
    std::optional<std::int64_t> m_updateSteps; ///< none: each epoch
    double m_predictorRate;                    ///< β
    bool m_extragradient;
    double m_retrainFrom = 1; ///< share of the epochs
    std::vector<double> m_portions;
    double m_rho;
    torch::Tensor m_target;    ///< G
    torch::Tensor m_dual;      ///< λ
    torch::Tensor m_predicted; ///< W_p between the two passes of a step, else undefined
    torch::Tensor m_frozen;    ///< bool; progressive only
    torch::Tensor m_held;      ///< the values of frozen elements
    std::optional<double> m_fixedScale;
    double m_dualResidual = 0; ///< ρ ‖G − G before‖
    std::int64_t m_frozenCount = 0;
    std::int64_t m_portion = -1; ///< index of the portion in force; −1 before the first
    std::int64_t m_epoch = 0;    ///< the last one that began
    std::int64_t m_steps = 0;    ///< since the last dual update
};

} // namespace quantarium::quant
