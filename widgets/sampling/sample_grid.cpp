// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/sampling/sample_grid.h"

#include <algorithm>

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

namespace quantarium::widgets {
namespace {

constexpr double kSideRoom = 30;       // for the headings of the rows
constexpr double kExpectedShare = 0.6; // of a cell's height

int columns() {
    return int(gridTemperatures().size());
}

int rows() {
    return int(gridNoiseWeights().size());
}

/// Bars of values in 0 … 1, one colour for each category.
void drawBars(QPainter& painter, const QRectF& area, const std::vector<double>& values, const Theme& theme) {
    const double slot = area.width() / double(std::max<std::size_t>(1, values.size()));
    for (std::size_t k = 0; k < values.size(); ++k) {
        const double height = std::clamp(values[k], 0.0, 1.0) * area.height();
        painter.fillRect(
            QRectF(area.left() + (double(k) + 0.12) * slot, area.bottom() - height, slot * 0.76, height),
            theme.runColour(int(k)));
    }
    painter.setPen(QPen(theme.axis, 1));
    painter.drawLine(area.bottomLeft(), area.bottomRight());
}

} // namespace

SampleGrid::SampleGrid(Kind kind, QWidget* parent) : DrawnWidget(parent), m_kind(kind) {
    setObjectName(kind == Kind::Softmax ? QStringLiteral("softGrid") : QStringLiteral("maxGrid"));
    setAccessibleName(kind == Kind::Softmax ? tr("Gumbel-Softmax over τ and μ")
                                            : tr("Gumbel-Max over τ and μ"));
    setToolTip(tr("Click a place to take its τ and μ"));
}

void SampleGrid::setResult(std::shared_ptr<const GumbelResult> result) {
    m_result = std::move(result);
    update();
}

QRectF SampleGrid::cellRect(const QRectF& area, int column, int row) const {
    const double line = QFontMetricsF(font()).height();
    const QRectF cells = area.adjusted(kSideRoom + line, 3 * line + 10, -8, -captionHeight(area) - 8);
    const double width = cells.width() / columns(), height = cells.height() / rows();
    return QRectF(cells.left() + column * width, cells.top() + row * height, width, height)
        .adjusted(4, 3, -4, -3);
}

void SampleGrid::drawHeadings(QPainter& painter, const QRectF& area) const {
    const double line = QFontMetricsF(font()).height();
    QFont bold = font();
    bold.setBold(true);
    painter.setFont(bold);
    painter.setPen(theme().text);
    painter.drawText(QRectF(area.left() + 8, area.top() + 4, area.width() - 16, line), Qt::AlignLeft,
                     m_kind == Kind::Softmax ? tr("Gumbel-Softmax: y") : tr("Gumbel-Max: z, always one-hot"));
    painter.setFont(font());
    for (int column = 0; column < columns(); ++column) {
        const QRectF cell = cellRect(area, column, 0);
        painter.drawText(QRectF(cell.left(), cell.top() - line - 4, cell.width(), line), Qt::AlignCenter,
                         QStringLiteral("τ = %1").arg(gridTemperatures()[std::size_t(column)]));
    }
    for (int row = 0; row < rows(); ++row) {
        const QRectF cell = cellRect(area, 0, row);
        painter.save();
        painter.translate(area.left() + kSideRoom / 2 + line / 2, cell.center().y());
        painter.rotate(-90);
        painter.drawText(QRectF(-cell.height() / 2, -line / 2, cell.height(), line), Qt::AlignCenter,
                         QStringLiteral("μ = %1").arg(gridNoiseWeights()[std::size_t(row)]));
        painter.restore();
    }
    painter.setPen(theme().mutedText);
    const double height = captionHeight(area);
    painter.drawText(QRectF(area.left() + 8, area.bottom() - height - 4, area.width() - 16, height),
                     Qt::AlignCenter | Qt::TextWordWrap, caption());
}

QString SampleGrid::caption() const {
    return m_kind == Kind::Softmax
               ? tr("mean of y (0 … 1), below it three single samples")
               : tr("share of choices (0 … 1), tick: closed form; below it three samples");
}

double SampleGrid::captionHeight(const QRectF& area) const {
    return QFontMetricsF(font())
        .boundingRect(QRectF(0, 0, area.width() - 16, area.height()), Qt::AlignCenter | Qt::TextWordWrap,
                      caption())
        .height();
}

void SampleGrid::drawCell(QPainter& painter, const QRectF& place, const GumbelCell& cell) const {
    painter.setPen(QPen(theme().grid, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(place);
    const QRectF inner = place.adjusted(5, 5, -5, -4);
    const QRectF expected(inner.left(), inner.top(), inner.width(), inner.height() * kExpectedShare);
    const bool soft = m_kind == Kind::Softmax;
    drawBars(painter, expected, soft ? cell.softMean : cell.chosenShare, theme());
    if (!soft) {
        const double slot = expected.width() / double(cell.probabilities.size());
        painter.setPen(QPen(theme().text, 2));
        for (std::size_t k = 0; k < cell.probabilities.size(); ++k) {
            const double y = expected.bottom() - cell.probabilities[k] * expected.height();
            painter.drawLine(QPointF(expected.left() + (double(k) + 0.05) * slot, y),
                             QPointF(expected.left() + (double(k) + 0.95) * slot, y));
        }
    }
    const double top = expected.bottom() + 7,
                 width = inner.width() / double(std::max<std::size_t>(1, cell.softSamples.size()));
    for (std::size_t i = 0; i < cell.softSamples.size(); ++i) {
        std::vector<double> sample = cell.softSamples[i];
        if (!soft) {
            sample.assign(sample.size(), 0.0);
            sample[cell.chosenSamples[i]] = 1;
        }
        drawBars(painter, QRectF(inner.left() + double(i) * width + 2, top, width - 4, inner.bottom() - top),
                 sample, theme());
    }
}

void SampleGrid::draw(QPainter& painter, const QRectF& area) {
    drawHeadings(painter, area);
    if (!m_result) return;
    for (int row = 0; row < rows(); ++row) {
        for (int column = 0; column < columns(); ++column) {
            drawCell(painter, cellRect(area, column, row),
                     m_result->grid[std::size_t(row * columns() + column)]);
        }
    }
    if (!hasFocus()) return;
    painter.setPen(QPen(theme().accent, 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(cellRect(area, m_column, m_row));
}

void SampleGrid::pick(int column, int row) {
    m_column = column;
    m_row = row;
    update();
    emit picked(gridNoiseWeights()[std::size_t(row)], gridTemperatures()[std::size_t(column)]);
}

void SampleGrid::mouseReleaseEvent(QMouseEvent* event) {
    for (int row = 0; row < rows(); ++row) {
        for (int column = 0; column < columns(); ++column) {
            if (cellRect(column, row).contains(event->position())) pick(column, row);
        }
    }
}

void SampleGrid::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
    case Qt::Key_Left:
        m_column = std::max(0, m_column - 1);
        break;
    case Qt::Key_Right:
        m_column = std::min(columns() - 1, m_column + 1);
        break;
    case Qt::Key_Up:
        m_row = std::max(0, m_row - 1);
        break;
    case Qt::Key_Down:
        m_row = std::min(rows() - 1, m_row + 1);
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        pick(m_column, m_row);
        break;
    default:
        DrawnWidget::keyPressEvent(event);
        return;
    }
    update();
}

} // namespace quantarium::widgets
