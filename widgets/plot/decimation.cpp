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

} // namespace

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
