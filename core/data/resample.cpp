// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/resample.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace quantarium::data {

namespace {

/// Which source pixels make one output pixel, and how much of each.
struct Taps {
    std::int64_t first = 0;
    std::int64_t count = 0;
    std::size_t weights = 0; ///< where they begin in Axis::weights
};

struct Axis {
    std::vector<Taps> taps; ///< one per output pixel
    std::vector<float> weights;
    std::int64_t begin = 0; ///< source pixels that are used: [begin, end)
    std::int64_t end = 0;
};

/// Triangle weights along one axis: |x + 1/2 − centre| scaled to the filter's width, normalized to a sum
/// of 1.
Axis makeAxis(double start, double length, std::int64_t out, std::int64_t size, bool closed) {
    const auto low = closed ? std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(start))) : 0;
    const auto high = closed ? std::min(size, static_cast<std::int64_t>(std::ceil(start + length))) : size;
    const double step = length / static_cast<double>(out);
    const double support = std::max(1.0, step);
    Axis axis{{}, {}, high, low};
    axis.taps.reserve(static_cast<std::size_t>(out));
    for (std::int64_t i = 0; i < out; ++i) {
        const double centre = start + (static_cast<double>(i) + 0.5) * step;
        const auto first = std::clamp(static_cast<std::int64_t>(centre - support + 0.5), low, high - 1);
        const auto last = std::clamp(static_cast<std::int64_t>(centre + support + 0.5), first + 1, high);
        axis.taps.push_back({first, last - first, axis.weights.size()});
        double sum = 0;
        for (std::int64_t x = first; x < last; ++x)
            sum += std::max(0.0, 1 - std::abs((static_cast<double>(x) + 0.5 - centre) / support));
        for (std::int64_t x = first; x < last; ++x) {
            const double weight = 1 - std::abs((static_cast<double>(x) + 0.5 - centre) / support);
            axis.weights.push_back(sum > 0 ? static_cast<float>(std::max(0.0, weight) / sum)
                                           : 1.0F / static_cast<float>(last - first));
        }
        axis.begin = std::min(axis.begin, first);
        axis.end = std::max(axis.end, last);
    }
    return axis;
}

/// One row of output, still at the source's width: sums over rows, so each step runs along memory.
void sumRows(const PixelView& image, const Taps& taps, const float* weights, std::int64_t begin,
             std::int64_t count, float* sums) {
    std::fill(sums, sums + count, 0.0F);
    for (std::int64_t k = 0; k < taps.count; ++k) {
        const std::uint8_t* row = image.pixels + (taps.first + k) * image.width * image.channels + begin;
        const float weight = weights[k];
        for (std::int64_t x = 0; x < count; ++x)
            sums[x] += weight * static_cast<float>(row[x]);
    }
}

std::uint8_t toByte(float value) {
    return static_cast<std::uint8_t>(std::min(value + 0.5F, 255.0F));
}

/// Four lanes, of which three are used: compilers make one vector of them. `sums` has one float to spare.
void sumColumns3(const float* sums, const Axis& columns, std::int64_t plane, std::uint8_t* out) {
    for (const Taps& taps : columns.taps) {
        float lanes[4] = {0, 0, 0, 0};
        const float* pixel = sums + 3 * (taps.first - columns.begin);
        const float* weight = columns.weights.data() + taps.weights;
        for (std::int64_t k = 0; k < taps.count; ++k, pixel += 3)
            for (int c = 0; c < 4; ++c)
                lanes[c] += weight[k] * pixel[c];
        for (int c = 0; c < 3; ++c)
            out[c * plane] = toByte(lanes[c]);
        ++out;
    }
}

void sumColumns1(const float* sums, const Axis& columns, std::uint8_t* out) {
    for (const Taps& taps : columns.taps) {
        const float* pixel = sums + (taps.first - columns.begin);
        const float* weight = columns.weights.data() + taps.weights;
        float sum = 0;
        for (std::int64_t k = 0; k < taps.count; ++k)
            sum += weight[k] * pixel[k];
        *out++ = toByte(sum);
    }
}

} // namespace

void resample(const PixelView& image, const Window& window, std::int64_t outHeight, std::int64_t outWidth,
              std::uint8_t* planes) {
    if (image.channels != 1 && image.channels != 3)
        throw std::invalid_argument("images of 1 or 3 channels can be scaled");
    const Axis rows = makeAxis(window.top, window.height, outHeight, image.height, window.closed);
    const Axis columns = makeAxis(window.left, window.width, outWidth, image.width, window.closed);
    const std::int64_t begin = columns.begin * image.channels;
    const std::int64_t count = columns.end * image.channels - begin;
    std::vector<float> sums(static_cast<std::size_t>(count) + 1);
    for (const Taps& taps : rows.taps) {
        sumRows(image, taps, rows.weights.data() + taps.weights, begin, count, sums.data());
        if (image.channels == 3)
            sumColumns3(sums.data(), columns, outHeight * outWidth, planes);
        else
            sumColumns1(sums.data(), columns, planes);
        planes += outWidth;
    }
}

} // namespace quantarium::data
