// SPDX-License-Identifier: GPL-3.0-or-later
// PlotView: mouse, keys and the cursor.
#include "widgets/plot/plot_view.h"

#include <algorithm>
#include <cmath>

#include <QLabel>

#include "widgets/plot/number_text.h"

namespace quantarium::widgets {
namespace {

constexpr double kZoomStep = 0.8;
constexpr double kPanShare = 0.1;
constexpr int kCursorGap = 12; // pixels between the line and its label

/// The sample to read at x: Steps have one value for each bin, everything else the nearest point.
qsizetype sampleAt(const PlotSeries& series, double x) {
    if (series.x.isEmpty()) return -1;
    const auto next = std::lower_bound(series.x.begin(), series.x.end(), x);
    const qsizetype after = next - series.x.begin();
    if (series.style == SeriesStyle::Steps) {
        const qsizetype bin = (next != series.x.end() && *next == x) ? after : after - 1;
        return bin >= 0 && bin + 1 < series.x.size() ? bin : -1;
    }
    if (after == 0) return 0;
    if (after == series.x.size()) return after - 1;
    return x - series.x[after - 1] <= series.x[after] - x ? after - 1 : after;
}

} // namespace

void PlotView::mousePressEvent(QMouseEvent* event) {
    const bool box = m_boxZoom || event->modifiers().testFlag(Qt::ShiftModifier);
    setSelectionRectMode(box && event->button() == Qt::LeftButton ? QCP::srmZoom : QCP::srmNone);
    m_pressed = event->pos();
    QCustomPlot::mousePressEvent(event);
}

void PlotView::mouseMoveEvent(QMouseEvent* event) {
    QCustomPlot::mouseMoveEvent(event);
    const bool dragging = event->buttons().testFlag(Qt::LeftButton);
    if (dragging && selectionRectMode() == QCP::srmNone && axisRect()->rect().contains(m_pressed))
        personMoved();
    const bool inside = axisRect()->rect().contains(event->pos());
    if (!dragging)
        setCursor(inside && !isEmpty() ? std::optional(xAxis->pixelToCoord(event->pos().x())) : std::nullopt);
}

void PlotView::mouseReleaseEvent(QMouseEvent* event) {
    const bool boxed = selectionRectMode() == QCP::srmZoom;
    QCustomPlot::mouseReleaseEvent(event);
    const bool moved = (event->pos() - m_pressed).manhattanLength() > 4;
    if (boxed && moved) personMoved();
    if (!moved && event->button() == Qt::LeftButton && axisRect()->rect().contains(event->pos())) {
        emit clicked(xAxis->pixelToCoord(event->pos().x()), yAxis->pixelToCoord(event->pos().y()));
    }
}

void PlotView::mouseDoubleClickEvent(QMouseEvent* event) {
    QCustomPlot::mouseDoubleClickEvent(event);
    resetView();
}

void PlotView::wheelEvent(QWheelEvent* event) {
    const QPoint position = event->position().toPoint();
    const QRect data = axisRect()->rect();
    const bool overX = position.y() > data.bottom(),
               overY = position.x() < data.left() || position.x() > data.right();
    const double factor = std::pow(kZoomStep, event->angleDelta().y() / 120.0);
    if (!overY || overX) xAxis->scaleRange(factor, xAxis->pixelToCoord(position.x()));
    if (!overX || overY) yAxis->scaleRange(factor, yAxis->pixelToCoord(position.y()));
    event->accept();
    personMoved();
}

void PlotView::keyPressEvent(QKeyEvent* event) {
    const bool shift = event->modifiers().testFlag(Qt::ShiftModifier);
    switch (event->key()) {
    case Qt::Key_Home:
        resetView();
        break;
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        zoom(kZoomStep);
        break;
    case Qt::Key_Minus:
        zoom(1 / kZoomStep);
        break;
    case Qt::Key_Escape:
        setCursor(std::nullopt);
        break;
    case Qt::Key_Left:
        shift ? pan(-kPanShare) : moveCursorBySample(-1);
        break;
    case Qt::Key_Right:
        shift ? pan(kPanShare) : moveCursorBySample(1);
        break;
    default:
        QCustomPlot::keyPressEvent(event);
        return;
    }
    event->accept();
}

void PlotView::zoom(double factor) {
    xAxis->scaleRange(factor);
    yAxis->scaleRange(factor);
    personMoved();
}

void PlotView::pan(double share) {
    xAxis->moveRange(share * xAxis->range().size());
    personMoved();
}

void PlotView::leaveEvent(QEvent* event) {
    QCustomPlot::leaveEvent(event);
    if (!hasFocus()) setCursor(std::nullopt);
}

void PlotView::resizeEvent(QResizeEvent* event) {
    layoutLegend();
    QCustomPlot::resizeEvent(event);
    if (m_cursor) placeCursorLabel();
}

void PlotView::paintEvent(QPaintEvent* event) {
    QCustomPlot::paintEvent(event);
    if (!hasFocus()) return;
    QPainter painter(this);
    painter.setPen(QPen(m_theme.accent, 1));
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
}

void PlotView::moveCursorBySample(int direction) {
    QVector<double> samples;
    for (const PlotSeries& series : std::as_const(m_series)) {
        if (!series.inCursor) continue;
        const bool bins = series.style == SeriesStyle::Steps;
        for (qsizetype i = 0; i + (bins ? 1 : 0) < series.x.size(); ++i) {
            samples.append(bins ? (series.x[i] + series.x[i + 1]) / 2 : series.x[i]);
        }
    }
    if (samples.isEmpty()) return;
    std::sort(samples.begin(), samples.end());
    const double at = m_cursor.value_or(direction > 0 ? samples.first() - 1 : samples.last() + 1);
    const auto above = std::upper_bound(samples.begin(), samples.end(), at);
    const auto below = std::lower_bound(samples.begin(), samples.end(), at);
    if (direction > 0 && above != samples.end()) setCursor(*above);
    if (direction < 0 && below != samples.begin()) setCursor(*std::prev(below));
}

void PlotView::setCursor(std::optional<double> x) {
    if (x == m_cursor) return;
    m_cursor = x;
    drawCursor();
    emit cursorMoved(x);
}

QVector<CursorReading> PlotView::cursorReadings() const {
    QVector<CursorReading> readings;
    if (!m_cursor) return readings;
    for (const PlotSeries& series : m_series) {
        const qsizetype i = series.inCursor ? sampleAt(series, *m_cursor) : -1;
        if (i < 0 || i >= series.y.size()) continue;
        const QString text = series.reading ? series.reading(i) : numberText(series.y[i]);
        readings.append({series.label, series.colour, series.x[i], series.y[i], text});
    }
    return readings;
}

void PlotView::drawCursor() {
    m_cursorLine->setVisible(m_cursor.has_value());
    if (m_cursor) {
        m_cursorLine->point1->setCoords(*m_cursor, yAxis->range().lower);
        m_cursorLine->point2->setCoords(*m_cursor, yAxis->range().upper);
        placeCursorLabel();
    } else {
        m_cursorLabel->hide();
    }
    layer("overlay")->replot();
}

void PlotView::placeCursorLabel() {
    const QVector<CursorReading> readings = cursorReadings();
    if (readings.isEmpty()) {
        m_cursorLabel->hide();
        return;
    }
    constexpr int kMostRows = 14;
    QString rows;
    for (const CursorReading& reading : readings.first(std::min<qsizetype>(kMostRows, readings.size()))) {
        rows +=
            QStringLiteral(
                "<tr><td><span style='color:%1'>■</span> %2</td><td align='right'>&nbsp;&nbsp;%3</td></tr>")
                .arg(reading.colour.name(), reading.label.toHtmlEscaped(), reading.text.toHtmlEscaped());
    }
    if (readings.size() > kMostRows)
        rows += QStringLiteral("<tr><td colspan='2'>and %1 more</td></tr>").arg(readings.size() - kMostRows);
    const QString name = m_x.title.toHtmlEscaped();
    m_cursorLabel->setText(QStringLiteral("<b>%1: %2</b><table cellspacing='0'>%3</table>")
                               .arg(name, numberText(*m_cursor), rows));
    m_cursorLabel->adjustSize();
    const int line = int(xAxis->coordToPixel(*m_cursor));
    int left = line + kCursorGap;
    if (left + m_cursorLabel->width() > width())
        left = std::max(axisRect()->left() + 2, line - kCursorGap - m_cursorLabel->width());
    m_cursorLabel->move(left, axisRect()->top() + 4);
    m_cursorLabel->show();
}

} // namespace quantarium::widgets
