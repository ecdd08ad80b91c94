// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include <QVector>

namespace quantarium::widgets {

struct ValueRange {
    double low = 0;
    double high = 1;

    bool operator==(const ValueRange&) const = default;
};

/// An axis range that one early outlier can't stretch: all values if they lie within 1.5 times the span of
/// the middle 96 % around it, else that middle part alone. Ten per cent of margin would be too much for a log
/// axis, so the margin is 4 %. Values that are not finite are left out; fewer than ten values are all shown.
/// Empty when nothing is finite.
std::optional<ValueRange> robustRange(QVector<double> values);

/// As above for binned values: the smallest range of whole bins that holds all but `tail` of the counts on
/// either side. `edges` has one more entry than `counts`.
std::optional<ValueRange> robustBinRange(const QVector<double>& edges, const QVector<double>& counts,
                                         double tail = 0.0005);

/// The smallest range that holds both.
ValueRange united(const ValueRange& one, const ValueRange& other);
/// Widened by `share` of its span on either side; a range without a span becomes a small one around its
/// value.
ValueRange widened(const ValueRange& range, double share);

} // namespace quantarium::widgets
