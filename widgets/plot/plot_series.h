// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <optional>

#include <QColor>
#include <QString>
#include <QVector>

#include "widgets/plot/robust_range.h"

namespace quantarium::widgets {

enum class SeriesStyle {
    Line,     ///< points joined by a line
    Segments, ///< as Line, with gaps (not-a-number) between short pieces; x ascending, never thinned
    Steps,    ///< histogram: x holds the n + 1 bin edges, y the n counts and a final 0; filled
    Stems,    ///< a line from zero and a dot at every point
    Bars,     ///< bars of `barWidth` in axis units
    Points,   ///< dots only
    Marks     ///< ticks at x over the whole height, whatever the y axis shows; y is not used
};

/// One thing drawn in a plot. `id` keeps its identity between updates.
struct PlotSeries {
    QString id = {};
    QString label = {}; ///< in legend, cursor and exported files
    QVector<double> x = {};
    QVector<double> y = {};
    QColor colour = {};
    SeriesStyle style = SeriesStyle::Line;
    Qt::PenStyle pen = Qt::SolidLine;
    double width = 1.8;
    double fill = 0.25; ///< opacity of Steps' and Bars' area; 0: outlines, and Stems with hollow dots
    double barWidth = 0.8;
    bool dots = true; ///< Stems: a dot at the end
    bool inLegend = true;
    bool inCursor = true;
    bool inRange = true; ///< whether the automatic axis range looks at it
    /// Text of one point for the cursor; the y value when empty. Steps: the bin's index.
    std::function<QString(qsizetype)> reading = {};
};

/// A filled area between two lines.
struct PlotBand {
    QString id = {};
    QVector<double> x = {};
    QVector<double> low = {};
    QVector<double> high = {};
    QColor colour = {};
    double opacity = 0.2;
    double outline = 0; ///< width of the upper line; 0: none
};

struct PlotAxis {
    QString title = {};                  ///< with the unit, "loss (cross-entropy, nats)"
    std::optional<ValueRange> home = {}; ///< what reset returns to; automatic when empty
    bool fromZero = false;
    bool integers = false;
    bool logarithmic = false;
};

/// What the cursor says about one series.
struct CursorReading {
    QString label = {};
    QColor colour = {};
    double x = 0;
    double y = 0;
    QString text = {};
};

} // namespace quantarium::widgets
