// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/plot/plot_view.h"

namespace quantarium::widgets {

/// Values on an evenly spaced grid. `cells` holds rows × columns values, the first row at `y.low`.
struct HeatMap {
    ValueRange x; ///< outer edges of the first and the last column
    ValueRange y; ///< outer edges of the first and the last row
    int columns = 0;
    int rows = 0;
    QVector<double> cells;
    QString title; ///< what a cell's value is, with its unit
    QColor colour; ///< of the highest value; the lowest has the plot's background
};

/// The cells of a map that lie in a range, whole cells only.
HeatMap cropped(const HeatMap& map, const ValueRange& x, const ValueRange& y);

/// A PlotView with a heat map behind its series, and the map's scale at the right.
class HeatMapView : public PlotView {
    Q_OBJECT
public:
    explicit HeatMapView(QWidget* parent = nullptr);

    /// An empty map (no cells) hides map and scale.
    void setHeatMap(const HeatMap& map);
    const HeatMap& heatMap() const { return m_map; }
    void setTheme(const Theme& theme);
    void paintFigure(QCPPainter& painter, const QSize& size) override;

private:
    void style();
    void fill(const HeatMap& map);

    HeatMap m_map;
    QCPColorMap* m_plottable = nullptr; ///< owned by QCustomPlot
    QCPColorScale* m_scale = nullptr;   ///< owned by the plot's layout
};

} // namespace quantarium::widgets
