// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/plot/heat_map_view.h"

#include <algorithm>
#include <cmath>

namespace quantarium::widgets {

HeatMapView::HeatMapView(QWidget* parent) : PlotView(parent) {
    m_plottable = new QCPColorMap(xAxis, yAxis);
    m_plottable->setLayer(QStringLiteral("bands"));
    m_plottable->setInterpolate(false);
    m_plottable->setTightBoundary(false);
    m_scale = new QCPColorScale(this);
    m_scale->setType(QCPAxis::atRight);
    m_scale->setBarWidth(12);
    auto* margins = new QCPMarginGroup(this);
    axisRect()->setMarginGroup(QCP::msBottom | QCP::msTop, margins);
    m_scale->setMarginGroup(QCP::msBottom | QCP::msTop, margins);
    m_plottable->setColorScale(m_scale);
    setHeatMap({});
    style();
}

void HeatMapView::setTheme(const Theme& theme) {
    PlotView::setTheme(theme);
    style();
}

void HeatMapView::style() {
    QCPColorGradient gradient;
    gradient.clearColorStops();
    gradient.setColorInterpolation(QCPColorGradient::ciRGB);
    gradient.setColorStopAt(0, theme().base);
    gradient.setColorStopAt(1, m_map.colour.isValid() ? m_map.colour : theme().latent);
    m_plottable->setGradient(gradient);
    styleAxis(m_scale->axis());
    m_scale->axis()->grid()->setVisible(false);
    scheduleReplot();
}

void HeatMapView::setHeatMap(const HeatMap& map) {
    m_map = map;
    const bool shown = map.columns > 0 && map.rows > 0;
    const bool placed = m_scale->layout() != nullptr;
    const int row = plotLayout()->rowCount() - 1;
    if (shown && !placed) plotLayout()->addElement(row, 1, m_scale);
    if (!shown && placed) {
        plotLayout()->take(m_scale);
        plotLayout()->simplify();
    }
    m_scale->setVisible(shown);
    m_plottable->setVisible(shown);
    setHasBackdrop(shown);
    if (!shown) return;
    fill(map);
    const auto highest = std::max_element(map.cells.begin(), map.cells.end());
    m_plottable->setDataRange(QCPRange(0, highest == map.cells.end() || !(*highest > 0) ? 1 : *highest));
    m_scale->setLabel(map.title);
    style();
}

void HeatMapView::fill(const HeatMap& map) {
    if (map.columns < 1 || map.rows < 1) return;
    const double cellX = (map.x.high - map.x.low) / map.columns, cellY = (map.y.high - map.y.low) / map.rows;
    QCPColorMapData* data = m_plottable->data();
    data->setSize(map.columns, map.rows);
    data->setRange(QCPRange(map.x.low + cellX / 2, map.x.high - cellX / 2),
                   QCPRange(map.y.low + cellY / 2, map.y.high - cellY / 2));
    for (int y = 0; y < map.rows; ++y) {
        for (int x = 0; x < map.columns; ++x)
            data->setCell(x, y, map.cells[qsizetype(y) * map.columns + x]);
    }
}

void HeatMapView::paintFigure(QCPPainter& painter, const QSize& size) {
    const HeatMap seen = cropped(m_map, xRange(), yRange()); // SVG knows no clipping
    const bool shown = m_plottable->visible();
    m_plottable->setVisible(shown && seen.columns > 0 && seen.rows > 0);
    fill(seen);
    PlotView::paintFigure(painter, size);
    fill(m_map);
    m_plottable->setVisible(shown);
}

HeatMap cropped(const HeatMap& map, const ValueRange& x, const ValueRange& y) {
    if (map.columns < 1 || map.rows < 1) return map;
    const double cellX = (map.x.high - map.x.low) / map.columns, cellY = (map.y.high - map.y.low) / map.rows;
    const auto first = [](double low, double start, double cell) {
        return std::max(0, int(std::ceil((low - start) / cell - 1e-9)));
    };
    const auto last = [](double high, double start, double cell, int count) {
        return std::min(count, int(std::floor((high - start) / cell + 1e-9)));
    };
    const int left = first(x.low, map.x.low, cellX), right = last(x.high, map.x.low, cellX, map.columns);
    const int bottom = first(y.low, map.y.low, cellY), top = last(y.high, map.y.low, cellY, map.rows);
    HeatMap part{{map.x.low + left * cellX, map.x.low + right * cellX},
                 {map.y.low + bottom * cellY, map.y.low + top * cellY},
                 std::max(0, right - left),
                 std::max(0, top - bottom),
                 {},
                 map.title,
                 map.colour};
    for (int row = bottom; row < top; ++row) {
        for (int column = left; column < right; ++column)
            part.cells.append(map.cells[qsizetype(row) * map.columns + column]);
    }
    return part;
}

} // namespace quantarium::widgets
