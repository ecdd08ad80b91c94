// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/scaled_levels.h"

#include <cmath>

#include "core/quant/elementwise.h"

namespace quantarium::quant {

namespace {

constexpr double kSettled = 1e-6; ///< relative change of the scale that ends the alternation
constexpr double kEven = 1e-9;

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
    : m_magnitudes(torch::tensor(magnitudes, torch::kFloat64).to(options)), m_shares(magnitudes),
      m_even(magnitudes.size() > 1 && evenlySpaced(magnitudes)), m_tie(tie) {}

torch::Tensor ScaledLevels::quantize(const torch::Tensor& weight, double scale) const {
    if (m_shares.size() == 1) return signs(weight).mul_(m_magnitudes.mul(scale)).add_(0.0);
    const auto place = places(weight.abs(), scale).to(torch::kInt32).reshape({-1});
    const auto size = m_magnitudes.mul(scale).index_select(0, place).view(weight.sizes());
    return signs(weight).mul_(size).add_(0.0); // adding zero makes −0 a 0
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
    auto place = places(size, scale);
    if (m_even) return place.mul_(m_shares.back() / static_cast<double>(m_shares.size() - 1));
    return m_magnitudes.index_select(0, place.to(torch::kInt32).reshape({-1})).view(size.sizes());
}

torch::Tensor ScaledLevels::places(const torch::Tensor& size, double scale) const {
    const auto last = static_cast<double>(m_shares.size() - 1);
    if (m_even && scale > 0) {
        auto place = size.mul(last / (m_shares.back() * scale));
        if (m_tie == Tie::Larger) return place.add_(0.5).floor_().clamp_(0, last);
        return place.sub_(0.5).ceil_().clamp_(0, last);
    }
    auto place = torch::zeros_like(size);
    for (std::size_t i = 1; i < m_shares.size(); ++i) {
        const double middle = 0.5 * (m_shares[i - 1] + m_shares[i]) * scale;
        place.add_(m_tie == Tie::Larger ? atLeast(size, middle) : above(size, middle));
    }
    return place;
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
