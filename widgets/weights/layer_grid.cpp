// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/weights/layer_grid.h"

#include <algorithm>

#include <QPainterPath>
#include <QStyledItemDelegate>
#include <qcustomplot.h>

#include "widgets/plot/number_text.h"

namespace quantarium::widgets {
namespace {

constexpr int kCellWidth = 210; // the least
constexpr int kCellHeight = 150;
constexpr int kWidestCell = 420;
constexpr int kPadding = 8;

class CellDelegate : public QStyledItemDelegate {
public:
    explicit CellDelegate(LayerGrid* grid, LayerModel* model)
        : QStyledItemDelegate(grid), m_grid(grid), m_model(model) {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override {
        const LayerSnapshot* layer = m_model->layerAt(index.row());
        if (layer)
            m_grid->paintLayer(*painter, option.rect, *layer, option.state.testFlag(QStyle::State_Selected));
    }
    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override {
        return m_grid->gridSize();
    }

private:
    LayerGrid* m_grid;
    LayerModel* m_model;
};

/// Weight values and heights to pixels of one cell's data area.
struct CellScale {
    QRectF area;
    ValueRange x;

    double px(double value) const { return area.left() + (value - x.low) / (x.high - x.low) * area.width(); }
    double py(double share) const { return area.bottom() - share * area.height(); }
};

void paintHistogram(QPainter& painter, const CellScale& scale, const Histogram& histogram,
                    std::int64_t highest, QColor colour) {
    const QVector<double> edges = binEdges(histogram);
    if (edges.isEmpty()) return;
    QPainterPath path(QPointF(scale.px(edges.first()), scale.area.bottom()));
    for (qsizetype i = 0; i + 1 < edges.size(); ++i) {
        const double y = scale.py(double(histogram.counts[std::size_t(i)]) / double(highest));
        path.lineTo(scale.px(edges[i]), y);
        path.lineTo(scale.px(edges[i + 1]), y);
    }
    path.lineTo(scale.px(edges.last()), scale.area.bottom());
    painter.setPen(QPen(colour, 1));
    colour.setAlphaF(0.32F);
    painter.setBrush(colour);
    painter.drawPath(path);
}

void paintStem(QPainter& painter, const CellScale& scale, double value, double height, const QPen& pen) {
    const double x = scale.px(value);
    painter.setPen(pen);
    painter.drawLine(QPointF(x, scale.area.bottom()), QPointF(x, scale.py(height)));
}

void paintLevels(QPainter& painter, const CellScale& scale, const LayerSnapshot& layer, std::int64_t highest,
                 const QColor& colour) {
    painter.setBrush(colour);
    for (const LevelCount& level : layer.levels) {
        const double height = double(level.count) / double(highest);
        paintStem(painter, scale, level.value, height, QPen(colour, 1.6));
        painter.setPen(Qt::NoPen);
        painter.drawEllipse(QPointF(scale.px(level.value), scale.py(height)), 2.2, 2.2);
    }
}

/// One scale for everything in a cell: equal counts are equally high.
std::int64_t highestCount(const LayerSnapshot& layer, WeightMode mode) {
    std::int64_t highest = 1;
    if (showsLatent(mode, layer)) {
        for (const std::int64_t count : layer.latent.counts)
            highest = std::max(highest, count);
        for (const FrozenCount& frozen : frozenCounts(layer))
            highest = std::max(highest, frozen.count);
    }
    if (showsQuantized(mode, layer)) {
        for (const LevelCount& level : layer.levels)
            highest = std::max(highest, level.count);
    }
    return highest;
}

} // namespace

LayerGrid::LayerGrid(LayerModel* model, QWidget* parent)
    : QListView(parent), m_model(model), m_theme(Theme::current()) {
    setObjectName(QStringLiteral("layerGrid"));
    setAccessibleName(tr("All layers"));
    setViewMode(QListView::IconMode);
    setResizeMode(QListView::Adjust);
    setMovement(QListView::Static);
    setUniformItemSizes(true);
    setSelectionMode(QAbstractItemView::SingleSelection);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setGridSize(QSize(kCellWidth, kCellHeight));
    setModel(model);
    connect(model, &QAbstractItemModel::modelReset, this, &LayerGrid::fitCells);
    setItemDelegate(new CellDelegate(this, model));
}

void LayerGrid::setTheme(const Theme& theme) {
    m_theme = theme;
    viewport()->update();
}

void LayerGrid::setMode(WeightMode mode) {
    m_mode = mode;
    viewport()->update();
}

void LayerGrid::setSharedRange(const std::optional<ValueRange>& range) {
    m_range = range;
    viewport()->update();
}

QSize LayerGrid::cellFor(const QSize& room) const {
    const int layers = std::max(1, m_model->rowCount());
    const int most = std::max(1, room.width() / kCellWidth);
    for (int columns = 1; columns < most; ++columns) { // as large as all layers fit without scrolling
        const int width = std::min(kWidestCell, room.width() / columns),
                  height = width * kCellHeight / kCellWidth;
        if ((layers + columns - 1) / columns * height <= room.height()) return {width, height};
    }
    return {room.width() / most, kCellHeight};
}

void LayerGrid::fitCells() {
    const QSize cell = cellFor(viewport()->size() - QSize(4, 4));
    if (cell != gridSize()) setGridSize(cell);
}

void LayerGrid::resizeEvent(QResizeEvent* event) {
    fitCells();
    QListView::resizeEvent(event);
}

void LayerGrid::paintLayer(QPainter& painter, const QRect& rect, const LayerSnapshot& layer,
                           bool selected) const {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF card = QRectF(rect).adjusted(3.5, 3.5, -3.5, -3.5);
    painter.setPen(QPen(selected ? m_theme.accent : m_theme.border, selected ? 2 : 1));
    painter.setBrush(m_theme.base);
    painter.drawRoundedRect(card, 4, 4);

    QFont small = font();
    small.setPointSizeF(std::max(6.5, small.pointSizeF() * 0.85));
    const QFontMetricsF metrics(small, this);
    const double line = metrics.height();
    const QRectF inner = card.adjusted(kPadding, 4, -kPadding, -4);
    const QString facts =
        isQuantized(layer)
            ? tr("%1 bit · %2/%3 levels").arg(layer.bits).arg(usedLevels(layer)).arg(usableLevels(layer))
            : tr("float");
    painter.setFont(small);
    painter.setPen(m_theme.text);
    const QString name =
        metrics.elidedText(QString::fromStdString(layer.layer), Qt::ElideMiddle, inner.width());
    painter.drawText(QRectF(inner.left(), inner.top(), inner.width(), line), Qt::AlignLeft | Qt::AlignVCenter,
                     name);
    painter.setPen(m_theme.mutedText);
    painter.drawText(QRectF(inner.left(), inner.top() + line, inner.width(), line),
                     Qt::AlignLeft | Qt::AlignVCenter, facts);

    CellScale scale{inner.adjusted(0, 2 * line + 6, 0, -line - 2),
                    m_range.value_or(weightRange(layer, m_mode).value_or(ValueRange{-1, 1}))};
    if (!(scale.x.high > scale.x.low)) scale.x = widened(scale.x, 0.1);
    painter.drawText(QRectF(inner.left(), inner.bottom() - line, inner.width(), line),
                     Qt::AlignLeft | Qt::AlignVCenter, numberText(scale.x.low, 2));
    painter.drawText(QRectF(inner.left(), inner.bottom() - line, inner.width(), line),
                     Qt::AlignRight | Qt::AlignVCenter, numberText(scale.x.high, 2));
    painter.setPen(QPen(m_theme.axis, 1));
    painter.drawLine(scale.area.bottomLeft(), scale.area.bottomRight());
    painter.setClipRect(scale.area.adjusted(0, -3, 0, 1));
    const std::int64_t highest = highestCount(layer, m_mode);
    if (showsLatent(m_mode, layer)) {
        paintHistogram(painter, scale, layer.latent, highest, m_theme.latent);
        const QPen pen(m_theme.frozen, 3.6, Qt::SolidLine, Qt::FlatCap);
        for (const FrozenCount& frozen : frozenCounts(layer))
            paintStem(painter, scale, frozen.value, double(frozen.count) / double(highest), pen);
    }
    if (showsQuantized(m_mode, layer)) paintLevels(painter, scale, layer, highest, m_theme.quantized);
    painter.restore();
}

void LayerGrid::paintFigure(QCPPainter& painter, const QSize& size) {
    const int layers = std::max(1, m_model->rowCount());
    QSize cell = cellFor(size);
    const int columns = std::max(1, size.width() / cell.width());
    const double shrink =
        std::min(1.0, double(size.height()) / ((layers + columns - 1) / columns * cell.height()));
    painter.translate(size.width() * (1 - shrink) / 2, 0);
    painter.scale(shrink, shrink);
    for (int row = 0; row < m_model->rowCount(); ++row) {
        const QRect place(QPoint((row % columns) * cell.width(), (row / columns) * cell.height()), cell);
        paintLayer(painter, place, *m_model->layerAt(row), false);
    }
}

} // namespace quantarium::widgets
