// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/plot/robust_range.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace quantarium::widgets {

ValueRange united(const ValueRange& one, const ValueRange& other) {
    return {std::min(one.low, other.low), std::max(one.high, other.high)};
}

ValueRange widened(const ValueRange& range, double share) {
    const double span = range.high - range.low;
    const double margin = span > 0 ? share * span : std::max(std::abs(range.low) * 0.1, 1e-6);
    return {range.low - margin, range.high + margin};
}

std::optional<ValueRange> robustRange(QVector<double> values) {
    constexpr double kTail = 0.02, kReach = 1.5, kMargin = 0.04;
    constexpr qsizetype kFewValues = 10;
    values.removeIf([](double value) { return !std::isfinite(value); });
    if (values.isEmpty()) return std::nullopt;
    std::sort(values.begin(), values.end());
    const ValueRange all{values.first(), values.last()};
    const auto last = double(values.size() - 1);
    const ValueRange middle{values[qsizetype(std::ceil(kTail * last))],
                            values[qsizetype(std::floor((1 - kTail) * last))]};
    const double span = middle.high - middle.low;
    if (values.size() < kFewValues || !(span > 0)) return widened(all, kMargin);
    ValueRange shown = middle;
    if (all.low >= middle.low - kReach * span) shown.low = all.low;
    if (all.high <= middle.high + kReach * span) shown.high = all.high;
    return widened(shown, kMargin);
}

std::optional<ValueRange> robustBinRange(const QVector<double>& edges, const QVector<double>& counts,
                                         double tail) {
    const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
    if (!(total > 0) || edges.size() != counts.size() + 1) return std::nullopt;
    qsizetype first = 0, last = counts.size() - 1;
    for (double below = counts[first]; below <= tail * total && first < last; below += counts[first])
        ++first;
    for (double above = counts[last]; above <= tail * total && last > first; above += counts[last])
        --last;
    return ValueRange{edges[first], edges[last + 1]};
}

} // namespace quantarium::widgets
