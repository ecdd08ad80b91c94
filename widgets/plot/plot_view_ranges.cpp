// SPDX-License-Identifier: GPL-3.0-or-later
// PlotView: what the axes show.
#include "widgets/plot/plot_view.h"

#include <algorithm>
#include <cmath>

namespace quantarium::widgets {
namespace {

constexpr double kHeadroom = 0.06; // above the highest bar

/// On a logarithmic axis nothing at or below zero can be shown.
ValueRange usable(ValueRange range, bool logarithmic) {
    if (!logarithmic) return range;
    if (!(range.high > 0)) return {0.1, 1};
    if (!(range.low > 0)) range.low = range.high * 1e-4;
    return range;
}

void setRange(QCPAxis* axis, const ValueRange& range) {
    axis->setRange(range.low, range.high);
}

} // namespace

ValueRange PlotView::xRange() const {
    return {xAxis->range().lower, xAxis->range().upper};
}

ValueRange PlotView::yRange() const {
    return {yAxis->range().lower, yAxis->range().upper};
}

void PlotView::showXRange(const ValueRange& range) {
    m_zoomed = true;
    setRange(xAxis, range);
    scheduleReplot();
}

void PlotView::showYRange(const ValueRange& range) {
    m_zoomed = true;
    setRange(yAxis, range);
    scheduleReplot();
}

void PlotView::setRangeLocked(bool locked) {
    m_locked = locked;
    applyHomeRanges();
}

void PlotView::resetView() {
    m_zoomed = false;
    const bool locked = std::exchange(m_locked, false);
    applyHomeRanges();
    m_locked = locked;
    emit viewChanged();
}

void PlotView::personMoved() {
    m_zoomed = true;
    if (m_cursor) placeCursorLabel();
    scheduleReplot();
    emit viewChanged();
}

ValueRange PlotView::automaticX() const {
    std::optional<ValueRange> range;
    const auto include = [&](const QVector<double>& x) {
        if (x.isEmpty()) return;
        const auto [low, high] = std::minmax_element(x.begin(), x.end());
        range = range ? united(*range, {*low, *high}) : ValueRange{*low, *high};
    };
    for (const PlotSeries& series : m_series) {
        if (series.inRange) include(series.x);
    }
    for (const PlotBand& band : m_bands)
        include(band.x);
    if (!range) return {0, 1};
    if (!(range->high > range->low))
        return m_x.integers ? ValueRange{range->low - 1, range->high + 1} : widened(*range, 0.02);
    return widened(*range, 0.015);
}

ValueRange PlotView::automaticY() const {
    QVector<double> values;
    for (const PlotSeries& series : m_series) {
        if (series.inRange && series.style != SeriesStyle::Marks) values += series.y;
    }
    for (const PlotBand& band : m_bands)
        values += band.low + band.high;
    if (m_y.fromZero) {
        double highest = 0;
        for (const double value : std::as_const(values)) {
            if (std::isfinite(value)) highest = std::max(highest, value);
        }
        return {0, highest > 0 ? highest * (1 + kHeadroom) : 1};
    }
    if (m_y.logarithmic) values.removeIf([](double value) { return !(value > 0); });
    return robustRange(values).value_or(ValueRange{0, 1});
}

void PlotView::applyHomeRanges() {
    if (m_locked || m_zoomed) return;
    setRange(xAxis, usable(m_x.home.value_or(automaticX()), m_x.logarithmic));
    setRange(yAxis, usable(m_y.home.value_or(automaticY()), m_y.logarithmic));
    scheduleReplot();
}

} // namespace quantarium::widgets
