// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/plot/heat_map_view.h"

#include <algorithm>

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
    const double cellX = (map.x.high - map.x.low) / map.columns, cellY = (map.y.high - map.y.low) / map.rows;
    QCPColorMapData* data = m_plottable->data();
    data->setSize(map.columns, map.rows);
    data->setRange(QCPRange(map.x.low + cellX / 2, map.x.high - cellX / 2),
                   QCPRange(map.y.low + cellY / 2, map.y.high - cellY / 2));
    for (int y = 0; y < map.rows; ++y) {
        for (int x = 0; x < map.columns; ++x)
            data->setCell(x, y, map.cells[qsizetype(y) * map.columns + x]);
    }
    const auto highest = std::max_element(map.cells.begin(), map.cells.end());
    m_plottable->setDataRange(QCPRange(0, highest == map.cells.end() || !(*highest > 0) ? 1 : *highest));
    m_scale->setLabel(map.title);
    style();
}

} // namespace quantarium::widgets
