// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QListView>

#include "widgets/plot/figure_file.h"
#include "widgets/weights/layer_model.h"
#include "widgets/weights/layer_series.h"

namespace quantarium::widgets {

/// All layers on one page: a small histogram with stems for each. Arrow keys choose a layer, a double click
/// or Enter opens it.
class LayerGrid : public QListView, public Figure {
    Q_OBJECT
public:
    explicit LayerGrid(LayerModel* model, QWidget* parent = nullptr);

    void setTheme(const Theme& theme);
    void setMode(WeightMode mode);
    /// One range of weight values for all layers; empty: each its own robust one.
    void setSharedRange(const std::optional<ValueRange>& range);
    const std::optional<ValueRange>& sharedRange() const { return m_range; }

    /// One layer's picture, as in the grid.
    void paintLayer(QPainter& painter, const QRect& rect, const LayerSnapshot& layer, bool selected) const;
    /// Every layer, not only those scrolled to.
    void paintFigure(QCPPainter& painter, const QSize& size) override;

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QSize cellFor(const QSize& room) const;
    void fitCells();

    LayerModel* m_model;
    Theme m_theme;
    WeightMode m_mode = WeightMode::Both;
    std::optional<ValueRange> m_range;
};

} // namespace quantarium::widgets
