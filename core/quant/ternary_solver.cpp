// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/ternary_solver.h"

namespace quantarium::quant {

namespace {

/// α of each filter for fixed codes; keeps the old one where the codes see no signal. A negative α turns the
/// signs around.
void fitScales(TernaryFilters& filters, const torch::Tensor& gram, const torch::Tensor& cross) {
    const auto signal = (filters.codes * cross).sum(1);
    const auto energy = (filters.codes.matmul(gram) * filters.codes).sum(1);
    const auto fitted = torch::where(energy.gt(0), signal / energy.clamp_min(1e-300), filters.scales);
    const auto negative = fitted.lt(0);
    // 0 − x would make −0 of zeros; the sum makes +0 again.
    filters.codes = torch::where(negative.unsqueeze(1), -filters.codes, filters.codes) + 0.0;
    filters.scales = fitted.abs();
}

} // namespace

TernaryFilters optimalTernary(const torch::Tensor& weights) {
    const auto size = weights.abs();
    const auto [sorted, order] = size.sort(/*dim=*/1, /*descending=*/true);
    const auto sums = sorted.cumsum(1);
    const auto counts = torch::arange(1, weights.size(1) + 1, weights.options());
    const auto best = sums.square().div(counts).argmax(1, /*keepdim=*/true); // r − 1
    const auto kept = torch::zeros_like(size).scatter_(
        1, order, torch::arange(weights.size(1), best.options()).le(best).to(size.scalar_type()));
    const auto scales = sums.gather(1, best).div(best + 1).squeeze(1);
    return {torch::where(kept.gt(0).logical_and(size.gt(0)), weights.sign(), 0.0), scales};
}

void solveTernary(TernaryFilters& filters, const torch::Tensor& gram, const torch::Tensor& cross,
                  std::int64_t sweeps) {
    fitScales(filters, gram, cross);
    const auto usable = filters.scales.gt(0);
    auto response = filters.codes.matmul(gram); // [filters, n]: G t
    const auto own = gram.diag().contiguous();
    const auto* ownValues = own.data_ptr<double>();
    for (std::int64_t sweep = 0; sweep < sweeps; ++sweep) {
        const auto target = cross / filters.scales.clamp_min(1e-300).unsqueeze(1);
        bool changed = false;
        for (std::int64_t j = 0; j < gram.size(0); ++j) {
            if (!(ownValues[j] > 0)) continue; // an input that is always 0
            const auto now = filters.codes.select(1, j);
            const auto wish = (target.select(1, j) - response.select(1, j)) / ownValues[j] + now;
            const auto next = torch::where(usable, wish.clamp(-1, 1).round() + 0.0, now);
            const auto change = next - now;
            if (!change.any().item<bool>()) continue;
            changed = true;
            response.addr_(change, gram.select(0, j));
            now.copy_(next);
        }
        fitScales(filters, gram, cross);
        if (!changed) break;
        response = filters.codes.matmul(gram);
    }
}

} // namespace quantarium::quant
