// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/scaled_levels.h"

#include <cmath>

namespace quantarium::quant {

namespace {

constexpr double kSettled = 1e-6; ///< relative change of the scale that ends the alternation
constexpr double kEven = 1e-9;
constexpr std::size_t kCompared =
    16; ///< up to so many magnitudes, comparing with each is faster than a search

bool evenlySpaced(const std::vector<double>& magnitudes) {
    for (std::size_t i = 0; i < magnitudes.size(); ++i)
        if (std::abs(magnitudes[i] - magnitudes.back() * static_cast<double>(i) /
                                         static_cast<double>(magnitudes.size() - 1)) > kEven)
            return false;
    return true;
}

double ratio(const torch::Tensor& numerator, const torch::Tensor& denominator) {
    const double below = denominator.item<double>();
    return below > 0 ? numerator.item<double>() / below : 0;
}

} // namespace

ScaledLevels::ScaledLevels(const std::vector<double>& magnitudes, const torch::TensorOptions& options,
                           Tie tie)
    : m_magnitudes(torch::tensor(magnitudes, torch::kFloat64).to(options)),
      m_middles(m_magnitudes.slice(0, 1).add(m_magnitudes.slice(0, 0, -1)).mul_(0.5)), m_shares(magnitudes),
      m_even(magnitudes.size() > 1 && evenlySpaced(magnitudes)), m_tie(tie) {}

torch::Tensor ScaledLevels::quantize(const torch::Tensor& weight, double scale) const {
    const auto values = m_magnitudes.mul(scale);
    const auto size = values.index_select(0, places(weight.abs(), scale)).view(weight.sizes());
    return torch::where(weight.lt(0).logical_and_(size.ne(0)), size.neg(), size);
}

torch::Tensor ScaledLevels::levels(double scale) const {
    const auto values = m_magnitudes.mul(scale);
    const bool hasZero = m_magnitudes[0].item<double>() == 0;
    const auto positive = hasZero ? values.slice(0, 1) : values;
    const auto negative = torch::where(positive.eq(0), 0.0, positive.neg()).flip(0);
    return torch::cat({negative, values}).unsqueeze(0);
}

torch::Tensor ScaledLevels::shares(const torch::Tensor& size, double scale) const {
    if (m_shares.size() == 1) return torch::full_like(size, m_shares.front());
    if (m_even && scale > 0) {
        const auto steps = static_cast<double>(m_shares.size() - 1);
        auto place = size.mul(steps / (m_shares.back() * scale));
        if (m_tie == Tie::Larger)
            place.add_(0.5).floor_();
        else
            place.sub_(0.5).ceil_();
        return place.clamp_(0, steps).mul_(m_shares.back() / steps);
    }
    if (m_shares.size() > kCompared)
        return m_magnitudes.index_select(0, places(size, scale)).view(size.sizes());
    auto share = torch::full_like(size, m_shares.front());
    for (std::size_t i = 1; i < m_shares.size(); ++i) {
        const double middle = 0.5 * (m_shares[i - 1] + m_shares[i]) * scale;
        const auto above = m_tie == Tie::Larger ? size.ge(middle) : size.gt(middle);
        share.add_(above.to(size.scalar_type()), m_shares[i] - m_shares[i - 1]);
    }
    return share;
}

torch::Tensor ScaledLevels::places(const torch::Tensor& size, double scale) const {
    return torch::searchsorted(m_middles.mul(scale), size.reshape({-1}), /*out_int32=*/true,
                               m_tie == Tie::Larger);
}

double ScaledLevels::fit(const torch::Tensor& size, const torch::Tensor& curvature, torch::Tensor share,
                         int iterations) const {
    const auto weighted = curvature.defined() ? size.mul(curvature) : size;
    double scale = 0;
    for (int i = 0; i < iterations; ++i) {
        const auto squares = curvature.defined() ? share.square().mul_(curvature) : share.square();
        const double next = ratio(weighted.mul(share).sum(), squares.sum());
        const bool settled = std::abs(next - scale) <= kSettled * next;
        scale = next;
        if (settled) break;
        share = shares(size, scale);
    }
    return scale;
}

double ScaledLevels::bestTernary(const torch::Tensor& size, const torch::Tensor& curvature) {
    const auto [sorted, order] = size.reshape({-1}).sort(0, /*descending=*/true);
    const auto d = curvature.defined() ? curvature.reshape({-1}).index_select(0, order).to(torch::kFloat64)
                                       : torch::ones_like(sorted, torch::kFloat64);
    const auto weighted = d.mul(sorted).cumsum(0);
    const auto total = d.cumsum(0);
    const auto best = weighted.square().div_(total).argmax().item<std::int64_t>();
    return ratio(weighted[best], total[best]);
}

} // namespace quantarium::quant
