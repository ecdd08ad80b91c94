// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <optional>

#include <QHash>
#include <QTimer>
#include <QVector>
#include <qcustomplot.h>

#include "widgets/plot/figure_file.h"
#include "widgets/plot/plot_series.h"
#include "widgets/theme/theme.h"

class QLabel;

namespace quantarium::widgets {

/// A plot that is told what to show as values and does the rest: theme, robust and lockable ranges, legend
/// above the data, wheel and box zoom, drag, cursor with the values of all curves, thinning of long lines
/// that keeps extremes, replots at most every 40 ms.
///
/// Mouse: wheel zooms (over an axis: that axis alone), drag moves, Shift + drag zooms into a box, double
/// click resets. Keys: + and − zoom, arrows move the cursor, Shift + arrows the view, Home resets, Esc hides
/// the cursor.
class PlotView : public QCustomPlot, public Figure {
    Q_OBJECT
public:
    explicit PlotView(QWidget* parent = nullptr);

    void setTheme(const Theme& theme);
    const Theme& theme() const { return m_theme; }

    /// One line above legend and data; empty: none.
    void setTitle(const QString& title);
    QString title() const;
    void setXAxis(const PlotAxis& axis);
    void setYAxis(const PlotAxis& axis);
    const PlotAxis& plotXAxis() const { return m_x; }
    const PlotAxis& plotYAxis() const { return m_y; }

    /// Replaces everything drawn; series and bands with a known id keep their place in the drawing order.
    void setSeries(const QVector<PlotSeries>& series);
    const QVector<PlotSeries>& series() const { return m_series; }
    const PlotSeries* findSeries(const QString& id) const;
    void setBands(const QVector<PlotBand>& bands);
    const QVector<PlotBand>& bands() const { return m_bands; }
    /// Shown in the middle while there is nothing to draw.
    void setEmptyText(const QString& text);
    bool isEmpty() const;

    /// While locked, new data doesn't move the axes.
    void setRangeLocked(bool locked);
    bool rangeLocked() const { return m_locked; }
    /// Whether the person chose what is shown.
    bool isZoomed() const { return m_zoomed; }
    /// Back to the axes' home ranges (automatic ones from the data).
    void resetView();
    /// From the first to the last x of all series and bands, with a little room.
    ValueRange dataXRange() const { return automaticX(); }
    ValueRange xRange() const;
    ValueRange yRange() const;
    /// Sets a range as if the person had zoomed.
    void showXRange(const ValueRange& range);
    void showYRange(const ValueRange& range);
    /// Left drag draws a zoom box without Shift.
    void setBoxZoom(bool on) { m_boxZoom = on; }

    void setCursor(std::optional<double> x);
    std::optional<double> cursor() const { return m_cursor; }
    /// Every series' sample nearest to the cursor, in legend order.
    QVector<CursorReading> cursorReadings() const;
    using QWidget::setCursor;

    /// Draws soon; many calls make one replot.
    void scheduleReplot();
    /// Draws now if something is waiting to be drawn.
    void flush();

    /// Every point of every series as CSV lines: the fields of `before`, the series' label, x and y, exact.
    QString csvLines(const QStringList& before = {}) const;
    void paintFigure(QCPPainter& painter, const QSize& size) override;

signals:
    void cursorMoved(std::optional<double> x);
    /// The person zoomed or moved the view, or reset it.
    void viewChanged();
    void clicked(double x, double y);

protected:
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void styleAxis(QCPAxis* axis);
    /// Something a subclass draws counts as content: the empty text hides.
    void setHasBackdrop(bool has);
    QSize minimumSizeHint() const override { return {220, 140}; }
    QSize sizeHint() const override { return {480, 320}; }

private:
    struct Band {
        QCPGraph* low = nullptr;
        QCPGraph* high = nullptr;
    };

    void makeLayout();
    void styleAxes();
    void applyAxis(QCPAxis* axis, const PlotAxis& spec);
    QCPAbstractPlottable* plottableFor(const PlotSeries& series);
    void styleSeries(QCPAbstractPlottable* plottable, const PlotSeries& series);
    /// `inside`: nothing beyond the axes, for files whose format knows no clipping (SVG).
    void updateSeriesData(bool inside = false);
    void updateLegend();
    /// Text instead of axes while there is nothing to draw.
    void showEmptyOrAxes();
    void layoutLegend();
    void applyHomeRanges();
    ValueRange automaticX() const;
    ValueRange automaticY() const;
    void personMoved();
    void moveCursorBySample(int direction);
    void zoom(double factor);
    void pan(double share);
    void drawCursor();
    void placeCursorLabel();

    Theme m_theme;
    PlotAxis m_x, m_y;
    QVector<PlotSeries> m_series;
    QVector<PlotBand> m_bands;
    QHash<QString, QCPAbstractPlottable*> m_plottables; ///< owned by QCustomPlot
    QHash<QString, Band> m_bandGraphs;                  ///< owned by QCustomPlot
    QCPAxis* m_markAxis = nullptr;                      ///< hidden, 0 … 1, for Marks
    QCPLayoutGrid* m_header = nullptr;
    QCPTextElement* m_title = nullptr;
    QCPItemText* m_empty = nullptr;
    QCPItemStraightLine* m_cursorLine = nullptr;
    QLabel* m_cursorLabel = nullptr;
    QTimer m_replotTimer;
    std::optional<double> m_cursor;
    bool m_locked = false;
    bool m_zoomed = false; ///< the person chose the range
    bool m_boxZoom = false;
    bool m_backdrop = false;
    QPoint m_pressed;
};

} // namespace quantarium::widgets
