// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/plot/plot_view.h"

#include <algorithm>
#include <cmath>

#include <QLabel>

#include "widgets/plot/decimation.h"
#include "widgets/plot/number_text.h"

namespace quantarium::widgets {
namespace {

constexpr int kReplotIntervalMs = 40;
constexpr QMargins kLeastMargins{58, 8, 12, 15}; // plots one above the other start at the same place
constexpr const char* kBandLayer = "bands";
constexpr const char* kCursorLayer =
    "overlay"; ///< QCustomPlot's own; each buffer more is painted at every redraw

QColor withOpacity(QColor colour, double opacity) {
    colour.setAlphaF(float(opacity));
    return colour;
}

QSharedPointer<QCPAxisTicker> tickerFor(const PlotAxis& axis) {
    if (axis.logarithmic) return QSharedPointer<QCPAxisTicker>(new QCPAxisTickerLog);
    if (!axis.integers) return QSharedPointer<QCPAxisTicker>(new QCPAxisTicker);
    QSharedPointer<QCPAxisTickerFixed> ticker(new QCPAxisTickerFixed);
    ticker->setTickStep(1);
    ticker->setScaleStrategy(QCPAxisTickerFixed::ssMultiples);
    return ticker;
}

/// Points, stems and bars outside are left out; edges and heights are moved to the border.
LinePoints confined(const LinePoints& line, SeriesStyle style, const ValueRange& x, const ValueRange& y) {
    LinePoints result;
    const bool whole = style == SeriesStyle::Steps; // its edges only make sense together
    for (qsizetype i = 0; i < line.x.size(); ++i) {
        const bool outside = line.x[i] < x.low || line.x[i] > x.high;
        const bool hidden = style == SeriesStyle::Points && (line.y[i] < y.low || line.y[i] > y.high);
        if ((outside && !whole) || hidden) continue;
        result.x.append(std::clamp(line.x[i], x.low, x.high));
        result.y.append(std::clamp(line.y[i], y.low, y.high));
    }
    return result;
}

/// What of an axis is drawn: its range in files, where nothing cuts off the rest; on screen a little more,
/// but not all of it, because Qt's painter takes seconds for lines that reach far outside.
ValueRange drawnRange(const QCPAxis* axis, bool inside) {
    const ValueRange range{axis->range().lower, axis->range().upper};
    return inside || axis->scaleType() == QCPAxis::stLogarithmic ? range : widened(range, 0.25);
}

} // namespace

PlotView::PlotView(QWidget* parent) : QCustomPlot(parent), m_theme(Theme::current()) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    setNoAntialiasingOnDrag(false);
    setAutoAddPlottableToLegend(false);
    m_replotTimer.setSingleShot(true);
    m_replotTimer.setInterval(kReplotIntervalMs);
    connect(&m_replotTimer, &QTimer::timeout, this, [this] { replot(QCustomPlot::rpQueuedRefresh); });
    connect(this, &QCustomPlot::beforeReplot, this, [this] { updateSeriesData(); });
    makeLayout();
    setTheme(m_theme);
}

void PlotView::makeLayout() {
    addLayer(kBandLayer, layer("main"), QCustomPlot::limBelow);

    m_header = new QCPLayoutGrid;
    plotLayout()->insertRow(0);
    plotLayout()->addElement(0, 0, m_header);
    plotLayout()->setRowStretchFactor(0, 0.001);
    plotLayout()->setRowSpacing(2);
    axisRect()->insetLayout()->take(legend);
    m_header->addElement(0, 0, legend);
    m_header->addElement(0, 1,
                         new QCPLayoutElement(this)); // takes the rest; an empty grid would limit the width
    m_header->setColumnStretchFactor(0, 0.001);
    m_header->setMargins(QMargins(6, 2, 6, 0));
    legend->setFillOrder(QCPLegend::foColumnsFirst);
    legend->setMargins(QMargins(4, 2, 4, 2));
    legend->setColumnSpacing(14);
    legend->setRowSpacing(0);
    axisRect()->setMinimumMargins(kLeastMargins);

    axisRect()->setupFullAxesBox(false);
    xAxis2->setVisible(false);
    yAxis2->setVisible(false);
    m_markAxis = axisRect()->addAxis(QCPAxis::atLeft);
    m_markAxis->setVisible(false);
    m_markAxis->setRange(0, 1);

    m_empty = new QCPItemText(this);
    m_empty->position->setType(QCPItemPosition::ptAxisRectRatio);
    m_empty->position->setCoords(0.5, 0.5);
    m_empty->setPositionAlignment(Qt::AlignCenter);
    m_empty->setTextAlignment(Qt::AlignCenter);
    m_empty->setClipToAxisRect(false);
    m_empty->setVisible(false);

    m_cursorLine = new QCPItemStraightLine(this);
    m_cursorLine->setLayer(kCursorLayer);
    m_cursorLine->setVisible(false);
    m_cursorLabel = new QLabel(this);
    m_cursorLabel->setTextFormat(Qt::RichText);
    m_cursorLabel->setAttribute(Qt::WA_TransparentForMouseEvents);
    m_cursorLabel->setObjectName(QStringLiteral("cursorLabel"));
    m_cursorLabel->hide();
}

void PlotView::setTheme(const Theme& theme) {
    m_theme = theme;
    setBackground(QBrush(theme.base));
    styleAxes();
    legend->setBrush(Qt::NoBrush);
    legend->setBorderPen(Qt::NoPen);
    legend->setTextColor(theme.text);
    legend->setFont(font());
    legend->setIconSize(22, QFontMetrics(font()).height());
    if (m_title) {
        m_title->setTextColor(theme.text);
    }
    m_empty->setColor(theme.mutedText);
    m_empty->setFont(font());
    m_cursorLine->setPen(QPen(theme.mutedText, 1, Qt::DashLine));
    m_cursorLabel->setStyleSheet(
        QStringLiteral(
            "QLabel { background: %1; color: %2; border: 1px solid %3; border-radius: 3px; padding: 3px; }")
            .arg(theme.raised.name(), theme.text.name(), theme.border.name()));
    selectionRect()->setPen(QPen(theme.accent, 1));
    selectionRect()->setBrush(withOpacity(theme.accent, 0.15));
    for (const PlotSeries& series : m_series)
        styleSeries(m_plottables.value(series.id), series);
    scheduleReplot();
}

void PlotView::styleAxis(QCPAxis* axis) {
    axis->setBasePen(QPen(m_theme.axis, 1));
    axis->setTickPen(QPen(m_theme.axis, 1));
    axis->setSubTickPen(QPen(m_theme.axis, 1));
    axis->setTickLabelColor(m_theme.text);
    axis->setLabelColor(m_theme.text);
    axis->setTickLabelFont(font());
    axis->setLabelFont(font());
    axis->setLabelPadding(4);
    axis->grid()->setPen(QPen(m_theme.grid, 1));
    axis->grid()->setZeroLinePen(QPen(m_theme.grid.darker(m_theme.dark ? 70 : 125), 1));
    axis->setNumberFormat(QStringLiteral("gbc"));
    axis->setNumberPrecision(5);
}

void PlotView::styleAxes() {
    for (QCPAxis* axis : {xAxis, yAxis})
        styleAxis(axis);
}

void PlotView::applyAxis(QCPAxis* axis, const PlotAxis& spec) {
    axis->setLabel(spec.title);
    axis->setScaleType(spec.logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    axis->setTicker(tickerFor(spec));
    scheduleReplot();
}

void PlotView::setTitle(const QString& title) {
    if (title == this->title()) return;
    if (!m_title) {
        plotLayout()->insertRow(0);
        m_title = new QCPTextElement(this, title, font());
        plotLayout()->addElement(0, 0, m_title);
        plotLayout()->setRowStretchFactor(0, 0.001);
        m_title->setTextFlags(Qt::AlignLeft | Qt::AlignVCenter);
        m_title->setMargins(QMargins(10, 4, 4, 0));
        m_title->setTextColor(m_theme.text);
    }
    QFont bold = font();
    bold.setBold(true);
    m_title->setFont(bold);
    m_title->setText(title);
    scheduleReplot();
}

QString PlotView::title() const {
    return m_title ? m_title->text() : QString();
}

void PlotView::setXAxis(const PlotAxis& axis) {
    m_x = axis;
    applyAxis(xAxis, axis);
    applyHomeRanges();
}

void PlotView::setYAxis(const PlotAxis& axis) {
    m_y = axis;
    applyAxis(yAxis, axis);
    applyHomeRanges();
}

const PlotSeries* PlotView::findSeries(const QString& id) const {
    const auto found =
        std::find_if(m_series.begin(), m_series.end(), [&](const PlotSeries& s) { return s.id == id; });
    return found == m_series.end() ? nullptr : &*found;
}

bool PlotView::isEmpty() const {
    const bool anySeries = std::any_of(m_series.begin(), m_series.end(), [](const PlotSeries& s) {
        return s.style != SeriesStyle::Marks && !s.x.isEmpty();
    });
    return !anySeries && m_bands.isEmpty() && !m_backdrop;
}

QCPAbstractPlottable* PlotView::plottableFor(const PlotSeries& series) {
    QCPAbstractPlottable* plottable = m_plottables.value(series.id);
    const bool wantsBars = series.style == SeriesStyle::Bars;
    QCPAxis* valueAxis = series.style == SeriesStyle::Marks ? m_markAxis : yAxis;
    if (plottable && (qobject_cast<QCPBars*>(plottable) != nullptr) != wantsBars) {
        removePlottable(plottable);
        plottable = nullptr;
    }
    if (!plottable) {
        plottable = wantsBars ? static_cast<QCPAbstractPlottable*>(new QCPBars(xAxis, valueAxis))
                              : static_cast<QCPAbstractPlottable*>(new QCPGraph(xAxis, valueAxis));
        m_plottables.insert(series.id, plottable);
    }
    plottable->setValueAxis(valueAxis);
    return plottable;
}

void PlotView::styleSeries(QCPAbstractPlottable* plottable, const PlotSeries& series) {
    if (!plottable) return;
    plottable->setName(series.label);
    const bool dots = series.style == SeriesStyle::Points;
    const QPen pen(series.colour, dots ? 1 : series.width, series.pen, Qt::FlatCap, Qt::RoundJoin);
    const QBrush fill =
        series.fill > 0 ? QBrush(withOpacity(series.colour, series.fill)) : QBrush(Qt::NoBrush);
    if (auto* bars = qobject_cast<QCPBars*>(plottable)) {
        bars->setWidth(series.barWidth);
        bars->setPen(QPen(series.colour, 1));
        bars->setBrush(fill);
        return;
    }
    auto* graph = static_cast<QCPGraph*>(plottable);
    graph->setAdaptiveSampling(false); // updateSeriesData() has thinned it
    graph->setPen(pen);
    graph->setBrush(series.style == SeriesStyle::Steps ? fill : QBrush(Qt::NoBrush));
    graph->setScatterStyle(QCPScatterStyle::ssNone);
    switch (series.style) {
    case SeriesStyle::Line:
        graph->setLineStyle(QCPGraph::lsLine);
        if (series.x.size() == 1) graph->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, 5));
        break;
    case SeriesStyle::Segments:
        graph->setLineStyle(QCPGraph::lsLine);
        break;
    case SeriesStyle::Steps:
        graph->setLineStyle(QCPGraph::lsStepLeft);
        break;
    case SeriesStyle::Stems:
        graph->setLineStyle(QCPGraph::lsImpulse);
        if (!series.dots) break;
        graph->setScatterStyle(series.fill > 0
                                   ? QCPScatterStyle(QCPScatterStyle::ssDisc, series.colour, 7)
                                   : QCPScatterStyle(QCPScatterStyle::ssCircle, series.colour, 8));
        break;
    case SeriesStyle::Points:
        graph->setLineStyle(QCPGraph::lsNone);
        graph->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, series.width));
        break;
    case SeriesStyle::Marks:
        graph->setLineStyle(QCPGraph::lsImpulse);
        break;
    case SeriesStyle::Bars:
        break;
    }
}

void PlotView::setSeries(const QVector<PlotSeries>& series) {
    for (const PlotSeries& old : std::as_const(m_series)) {
        const bool kept =
            std::any_of(series.begin(), series.end(), [&](const PlotSeries& s) { return s.id == old.id; });
        if (!kept) removePlottable(m_plottables.take(old.id));
    }
    m_series = series;
    for (const PlotSeries& one : m_series)
        styleSeries(plottableFor(one), one);
    updateLegend();
    applyHomeRanges();
    showEmptyOrAxes();
    if (m_cursor) placeCursorLabel();
    scheduleReplot();
}

void PlotView::setBands(const QVector<PlotBand>& bands) {
    for (const PlotBand& old : std::as_const(m_bands)) {
        const Band graphs = m_bandGraphs.take(old.id);
        removePlottable(graphs.high);
        removePlottable(graphs.low);
    }
    m_bands = bands;
    for (const PlotBand& band : m_bands) {
        Band graphs{new QCPGraph(xAxis, yAxis), new QCPGraph(xAxis, yAxis)};
        for (QCPGraph* graph : {graphs.low, graphs.high}) {
            graph->setLayer(kBandLayer);
            graph->setPen(Qt::NoPen);
        }
        graphs.high->setBrush(withOpacity(band.colour, band.opacity));
        graphs.high->setChannelFillGraph(graphs.low);
        if (band.outline > 0) graphs.high->setPen(QPen(band.colour, band.outline));
        m_bandGraphs.insert(band.id, graphs);
    }
    showEmptyOrAxes();
    applyHomeRanges();
    scheduleReplot();
}

void PlotView::setEmptyText(const QString& text) {
    m_empty->setText(text);
    showEmptyOrAxes();
    scheduleReplot();
}

void PlotView::setHasBackdrop(bool has) {
    m_backdrop = has;
    showEmptyOrAxes();
    scheduleReplot();
}

void PlotView::showEmptyOrAxes() {
    const bool empty = isEmpty();
    m_empty->setVisible(empty);
    for (QCPAxis* axis : {xAxis, yAxis}) { // numbers would be made up
        axis->setTicks(!empty);
        axis->setTickLabels(!empty);
        axis->grid()->setVisible(!empty);
    }
}

void PlotView::updateSeriesData(bool inside) {
    const ValueRange x = drawnRange(xAxis, inside);
    const int buckets = std::max(50, axisRect()->width());
    for (const PlotSeries& series : std::as_const(m_series)) {
        QCPAbstractPlottable* plottable = m_plottables.value(series.id);
        const ValueRange y = drawnRange(plottable->valueAxis(), inside);
        LinePoints shown{series.x, series.y};
        if (series.style == SeriesStyle::Marks) shown.y.fill(1.0, series.x.size());
        if (series.style == SeriesStyle::Line) shown = decimated(shown, x.low, x.high, buckets);
        const bool line = series.style == SeriesStyle::Line || series.style == SeriesStyle::Segments;
        shown = line && shown.x.size() > 1 ? clipped(shown, x, y) : confined(shown, series.style, x, y);
        if (auto* bars = qobject_cast<QCPBars*>(plottable)) {
            bars->setData(shown.x, shown.y, true);
        } else {
            static_cast<QCPGraph*>(plottable)->setData(shown.x, shown.y, series.style != SeriesStyle::Points);
        }
    }
    for (const PlotBand& band : std::as_const(m_bands)) {
        const Band graphs = m_bandGraphs.value(band.id);
        const ValueRange y = drawnRange(yAxis, inside);
        const LinePoints low = confined({band.x, band.low}, SeriesStyle::Steps, x, y);
        const LinePoints high = confined({band.x, band.high}, SeriesStyle::Steps, x, y);
        graphs.low->setData(low.x, low.y, true);
        graphs.high->setData(high.x, high.y, true);
    }
}

void PlotView::updateLegend() {
    legend->clearItems();
    for (const PlotSeries& series : std::as_const(m_series)) {
        if (!series.inLegend || series.label.isEmpty()) continue;
        auto* item = new QCPPlottableLegendItem(legend, m_plottables.value(series.id));
        item->setMargins(QMargins(0, 0, 0, 3)); // else letters below the line are cut off
        legend->addItem(item);
    }
    legend->setVisible(legend->itemCount() > 0);
    layoutLegend();
}

void PlotView::layoutLegend() {
    int widest = 0;
    for (int i = 0; i < legend->itemCount(); ++i) { // the grid's cells; the last ones may be empty
        if (const auto* item = legend->item(i))
            widest = std::max(widest, item->minimumOuterSizeHint().width());
    }
    const int room = std::max(1, width() - 24);
    const int wrap = std::max(1, room / (std::max(1, widest) + legend->columnSpacing()));
    if (wrap == legend->wrap() || widest == 0) return;
    legend->setWrap(wrap);
    legend->setFillOrder(QCPLegend::foColumnsFirst, true);
}

void PlotView::scheduleReplot() {
    if (!m_replotTimer.isActive()) m_replotTimer.start();
}

void PlotView::flush() {
    if (!m_replotTimer.isActive()) return;
    m_replotTimer.stop();
    replot(QCustomPlot::rpQueuedRefresh);
}

QString PlotView::csvLines(const QStringList& before) const {
    QString text;
    for (const PlotSeries& series : m_series) {
        for (qsizetype i = 0; i < series.x.size(); ++i) {
            const bool valued = i < series.y.size() && !std::isnan(series.y[i]);
            text += csvLine(before + QStringList{series.label, exactText(series.x[i]),
                                                 valued ? exactText(series.y[i]) : QString()});
        }
    }
    return text;
}

void PlotView::paintFigure(QCPPainter& painter, const QSize& size) {
    updateSeriesData(painter.modes().testFlag(QCPPainter::pmVectorized));
    toPainter(&painter, size.width(), size.height());
    updateSeriesData();
}

} // namespace quantarium::widgets
