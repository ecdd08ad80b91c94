// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QVector>

#include "widgets/plot/robust_range.h"

namespace quantarium::widgets {

/// Points of a line, x ascending.
struct LinePoints {
    QVector<double> x;
    QVector<double> y;
};

/// Thins a line for drawing: [from, to] is cut into `buckets` equal parts, and of each part's points the
/// first, the lowest, the highest and the last are kept, so that no extreme disappears. One point on either
/// side of the range is kept too, for the line to leave the picture where it should. Short lines come back
/// whole. A point that is not finite stays as a gap.
LinePoints decimated(const LinePoints& line, double from, double to, int buckets);

/// The parts of a line inside a rectangle, with gaps (not-a-number) between them. For files whose format
/// knows no clipping.
LinePoints clipped(const LinePoints& line, const ValueRange& x, const ValueRange& y);

} // namespace quantarium::widgets
