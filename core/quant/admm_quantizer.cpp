// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/admm_quantizer.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/quant/inq_partition.h"

namespace quantarium::quant {

namespace {

constexpr int kIterations = 20;
constexpr double kImbalance = 10; ///< ratio of the residuals from which "balance" moves the penalty
constexpr double kBalanceStep = 2;

} // namespace

std::vector<double> admmMagnitudes(std::int64_t bits, const Options& options) {
    if (bits == 1) return {1};
    if (bits == 2) return {0, 1};
    return options.text("largest") == "2" ? std::vector<double>{0, 1, 2} : std::vector<double>{0, 1, 2, 4};
}

double PenaltySchedule::at(const TrainingPoint& point) const {
    if (rule != "geometric" || point.epochs < 2) return first;
    const auto done = static_cast<double>(std::min(point.epoch, point.epochs - 1));
    return first * std::pow(last / first, done / static_cast<double>(point.epochs - 1));
}

AdmmQuantizer::AdmmQuantizer(const QuantizerArguments& arguments)
    : LatentQuantizer(arguments, "admm"), m_levels(admmMagnitudes(arguments.bits, arguments.options),
                                                   latent().options(), ScaledLevels::Tie::Larger),
      m_penalties{arguments.options.text("rho_schedule"), arguments.options.real("rho"),
                  arguments.options.real("rho_last")},
      m_updateSteps(arguments.options.optionalInteger("update_steps")),
      m_predictorRate(arguments.options.real("predictor_rate")),
      m_extragradient(arguments.options.boolean("extragradient")), m_rho(m_penalties.first) {
    const torch::NoGradGuard guard;
    if (arguments.options.boolean("progressive")) {
        m_retrainFrom = arguments.options.real("retrain_from");
        m_portions = arguments.options.reals("portions");
        m_frozen = torch::zeros_like(latent(), torch::kBool);
        m_held = torch::zeros_like(latent());
    }
    m_target = m_levels.quantize(latent(), scaleOf(latent()));
    m_dual = torch::zeros_like(latent());
    keep("target", m_target);
    keep("dual", m_dual);
    setWeightDecay(0);
    startCountingFlips();
}

void AdmmQuantizer::materialize(Mode mode, int pass) {
    if (pass == 0) m_predicted.reset();
    LatentQuantizer::materialize(mode, pass);
}

void AdmmQuantizer::backward(const torch::Tensor& g, int pass) {
    if (!m_extragradient || pass > 0) return LatentQuantizer::backward(g, pass);
    const torch::NoGradGuard guard;
    m_predicted.reset();
    m_predicted = latent().sub(latentGradient(g.detach().contiguous()), m_predictorRate);
}

void AdmmQuantizer::afterStep() {
    const torch::NoGradGuard guard;
    m_predicted.reset();
    if (m_frozenCount > 0) latent().copy_(torch::where(m_frozen, m_held, latent()));
    if (!m_updateSteps || ++m_steps < *m_updateSteps) return;
    m_steps = 0;
    updateDual();
}

EpochRequests AdmmQuantizer::onEpoch(const TrainingPoint& point) {
    const torch::NoGradGuard guard;
    if (point.epoch > m_epoch) {
        m_epoch = point.epoch;
        if (!m_updateSteps) updateDual();
        if (m_penalties.rule == "geometric") setPenalty(m_penalties.at(point));
    }
    if (!progressive()) return {};
    const auto begins = starts(point.epochs);
    const auto due = std::upper_bound(begins.begin(), begins.end(), point.epoch) - begins.begin() - 1;
    if (due <= m_portion) return {};
    if (m_portion < 0) m_fixedScale = scaleOf(latent());
    m_portion = due;
    freezeShare(m_portions[static_cast<std::size_t>(due)]);
    return {true};
}

std::vector<std::int64_t> AdmmQuantizer::scheduleRestarts(std::int64_t epochs) const {
    if (!progressive()) return {};
    auto restarts = starts(epochs);
    restarts.erase(std::unique(restarts.begin(), restarts.end()), restarts.end());
    std::erase_if(restarts, [&](std::int64_t start) { return start <= 0 || start >= epochs; });
    return restarts;
}

/// G ← Proj(W + λ), λ ← λ + W − G.
void AdmmQuantizer::updateDual() {
    const auto wanted = latent().add(m_dual);
    const auto target = m_levels.quantize(wanted, m_fixedScale ? *m_fixedScale : scaleOf(wanted));
    m_dualResidual = m_rho * target.sub(m_target).norm().item<double>();
    m_target.copy_(target);
    m_dual.add_(latent()).sub_(m_target);
    if (m_penalties.rule == "balance") balancePenalty();
}

/// ρ, with the scaled dual such that ρ λ stays.
void AdmmQuantizer::setPenalty(double rho) {
    m_dual.mul_(m_rho / rho);
    m_rho = rho;
}

/// Residual balancing: whichever residual is ten times the other one is worked against by a factor of two.
void AdmmQuantizer::balancePenalty() {
    const double primal = primalResidual();
    if (primal > kImbalance * m_dualResidual)
        setPenalty(m_rho * kBalanceStep);
    else if (m_dualResidual > kImbalance * primal)
        setPenalty(m_rho / kBalanceStep);
}

/// Sets the weights nearest to their levels to them and freezes them, until this share is frozen.
void AdmmQuantizer::freezeShare(double share) {
    const auto rounded = deployed();
    const auto nearness = latent().sub(rounded).abs_().neg_().to(torch::kCPU, torch::kFloat64).contiguous();
    auto mask = m_frozen.to(torch::kCPU, torch::kUInt8).contiguous();
    auto* flags = mask.data_ptr<std::uint8_t>();
    std::vector<std::uint8_t> frozen(flags, flags + mask.numel());
    freezeLargest(frozen, {nearness.data_ptr<double>(), nearness.data_ptr<double>() + nearness.numel()},
                  share);
    std::copy(frozen.begin(), frozen.end(), flags);
    setFrozen(mask);
    latent().copy_(torch::where(m_frozen, rounded, latent()));
    m_held.copy_(latent());
    m_dual.masked_fill_(m_frozen, 0);
    m_target.copy_(m_levels.quantize(latent().add(m_dual), scale()));
}

void AdmmQuantizer::setFrozen(const torch::Tensor& mask) {
    m_frozen.copy_(mask);
    m_frozenCount = m_frozen.sum().item<std::int64_t>();
}

LayerSnapshot AdmmQuantizer::snapshot(bool markFlips) {
    auto snapshot = LatentQuantizer::snapshot(markFlips);
    if (!progressive()) return snapshot;
    const auto weights = plainFloats(latent());
    const auto frozen = m_frozen.cpu().view({-1});
    const double reach = snapshot.latent.high;
    snapshot.latent = histogramOf(weights, reach, frozen, false);
    snapshot.latentFrozen = histogramOf(weights, reach, frozen, true);
    snapshot.frozenShare = frozenShare();
    return snapshot;
}

std::map<std::string, double> AdmmQuantizer::epochValues() const {
    const double norm = latent().norm().item<double>();
    std::map<std::string, double> values{{"admm_residual", norm > 0 ? primalResidual() / norm : 0}};
    if (progressive()) values["frozen_share"] = frozenShare();
    return values;
}

void AdmmQuantizer::save(torch::OrderedDict<std::string, torch::Tensor>& tensors, Json& numbers) const {
    LatentQuantizer::save(tensors, numbers);
    if (progressive()) tensors.insert("frozen", m_frozen.to(torch::kUInt8).clone());
    numbers["rho"] = m_rho;
    numbers["dual_residual"] = m_dualResidual;
    numbers["epoch"] = m_epoch;
    numbers["steps"] = m_steps;
    numbers["portion"] = m_portion;
    numbers["scale"] = m_fixedScale.value_or(0);
}

void AdmmQuantizer::load(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers) {
    const torch::NoGradGuard guard;
    const StateReader state(tensors, numbers, layer().name);
    const double rho = state.real("rho");
    const double dualResidual = state.real("dual_residual");
    const double scale = state.real("scale");
    const auto epoch = state.integer("epoch");
    const auto steps = state.integer("steps");
    const auto portion = state.integer("portion");
    if (!(rho > 0) || portion < -1 || portion >= static_cast<std::int64_t>(m_portions.size()))
        throw Error(ErrorKind::Data, "the state's penalty or portion doesn't fit these settings",
                    layer().name);
    const auto frozen =
        progressive() ? state.tensor("frozen", latent().sizes(), torch::kUInt8) : torch::Tensor();
    LatentQuantizer::load(tensors, numbers);
    if (progressive()) {
        setFrozen(frozen);
        m_held.copy_(latent());
    }
    m_rho = rho;
    m_dualResidual = dualResidual;
    m_fixedScale = portion >= 0 ? std::optional(scale) : std::nullopt;
    m_epoch = epoch;
    m_steps = steps;
    m_portion = portion;
    m_predicted.reset();
}

double AdmmQuantizer::scaleOf(const torch::Tensor& values) const {
    const auto size = values.abs();
    if (bits() == 1) return size.mean().item<double>();
    if (bits() == 2) return ScaledLevels::bestTernary(size, {});
    return m_levels.fit(size, {}, m_levels.shares(size, size.mean().item<double>()), kIterations);
}

std::vector<std::int64_t> AdmmQuantizer::starts(std::int64_t epochs) const {
    const auto first =
        std::min(epochs, static_cast<std::int64_t>(m_retrainFrom * static_cast<double>(epochs)));
    auto starts = portionStarts(static_cast<std::int64_t>(m_portions.size()), epochs - first);
    for (auto& start : starts)
        start += first;
    return starts;
}

torch::Tensor AdmmQuantizer::latentGradient(const torch::Tensor& g) {
    const auto& at = m_predicted.defined() ? m_predicted : latent();
    auto gradient = at.sub(m_target).add_(m_dual).mul_(m_rho).add_(g);
    if (m_frozenCount > 0) gradient.masked_fill_(m_frozen, 0);
    return gradient;
}

std::map<std::string, double> AdmmQuantizer::diagnostics() const {
    return {{"scale", scale()},
            {"rho", m_rho},
            {"primal_residual", primalResidual()},
            {"dual_residual", m_dualResidual},
            {"dual_norm", m_dual.norm().item<double>()}};
}

} // namespace quantarium::quant
