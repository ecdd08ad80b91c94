// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/plot/decimation.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace quantarium::widgets {
namespace {

/// First, lowest, highest and last finite point of a bucket, and one gap if there was any.
void appendBucket(const LinePoints& line, qsizetype begin, qsizetype end, LinePoints& result) {
    qsizetype lowest = -1, highest = -1, gap = -1;
    for (qsizetype i = begin; i < end; ++i) {
        if (!std::isfinite(line.y[i])) {
            gap = i;
            continue;
        }
        if (lowest < 0 || line.y[i] < line.y[lowest]) lowest = i;
        if (highest < 0 || line.y[i] > line.y[highest]) highest = i;
    }
    std::array<qsizetype, 5> kept{begin, lowest, highest, gap, end - 1};
    std::sort(kept.begin(), kept.end());
    qsizetype previous = -1;
    for (const qsizetype i : kept) {
        if (i < 0 || i == previous) continue;
        result.x.append(line.x[i]);
        result.y.append(line.y[i]);
        previous = i;
    }
}

/// Liang and Barsky 1984: the part start … end (0 … 1) of a segment inside the rectangle; false when none is.
bool clipSegment(double x0, double y0, double x1, double y1, const ValueRange& x, const ValueRange& y,
                 double& start, double& end) {
    start = 0;
    end = 1;
    const double dx = x1 - x0, dy = y1 - y0;
    const std::array<std::array<double, 2>, 4> edges{
        {{-dx, x0 - x.low}, {dx, x.high - x0}, {-dy, y0 - y.low}, {dy, y.high - y0}}};
    for (const auto& [step, room] : edges) {
        if (step == 0 && room < 0) return false;
        if (step < 0) start = std::max(start, room / step);
        if (step > 0) end = std::min(end, room / step);
    }
    return start <= end;
}

} // namespace

LinePoints clipped(const LinePoints& line, const ValueRange& x, const ValueRange& y) {
    LinePoints result;
    const auto append = [&result](double px, double py) {
        result.x.append(px);
        result.y.append(py);
    };
    for (qsizetype i = 0; i + 1 < line.x.size(); ++i) {
        if (!std::isfinite(line.y[i]) || !std::isfinite(line.y[i + 1])) continue;
        double start = 0, end = 1;
        const double dx = line.x[i + 1] - line.x[i], dy = line.y[i + 1] - line.y[i];
        if (!clipSegment(line.x[i], line.y[i], line.x[i + 1], line.y[i + 1], x, y, start, end)) continue;
        const double px = line.x[i] + start * dx, py = line.y[i] + start * dy;
        const bool joined = !result.x.isEmpty() && result.x.last() == px && result.y.last() == py;
        if (!joined && !result.x.isEmpty()) append(px, std::nan(""));
        if (!joined) append(px, py);
        append(line.x[i] + end * dx, line.y[i] + end * dy);
    }
    return result;
}

LinePoints decimated(const LinePoints& line, double from, double to, int buckets) {
    const auto first = std::lower_bound(line.x.begin(), line.x.end(), from);
    const auto last = std::upper_bound(first, line.x.end(), to);
    const qsizetype begin = std::max<qsizetype>(0, (first - line.x.begin()) - 1);
    const qsizetype end = std::min<qsizetype>(line.x.size(), (last - line.x.begin()) + 1);
    if (line.x.size() <= 4 * qsizetype(buckets) || buckets < 1 || !(to > from)) return line;
    if (end - begin <= 4 * qsizetype(buckets))
        return {line.x.mid(begin, end - begin), line.y.mid(begin, end - begin)};

    LinePoints result;
    result.x.reserve(4 * buckets + 2);
    result.y.reserve(4 * buckets + 2);
    qsizetype position = begin;
    for (int bucket = 0; bucket < buckets && position < end; ++bucket) {
        const double edge = from + (to - from) * (bucket + 1) / buckets;
        const bool final = bucket + 1 == buckets;
        const auto next = std::upper_bound(line.x.begin() + position, line.x.begin() + end, edge);
        const qsizetype stop = final ? end : next - line.x.begin();
        if (stop > position) appendBucket(line, position, stop, result);
        position = std::max(position, stop);
    }
    return result;
}

} // namespace quantarium::widgets
