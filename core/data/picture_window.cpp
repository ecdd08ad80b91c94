// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/picture_window.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/data/codecs/picture.h"
#include "core/data/resample.h"

namespace quantarium::data {

namespace {

using codecs::Orientation;
using codecs::PictureInfo;

/// The window of the upright picture, as it lies in the stored one.
Window stored(const Window& upright, const PictureInfo& info) {
    Window window = upright;
    if (info.orientation.transposed) {
        std::swap(window.top, window.left);
        std::swap(window.height, window.width);
    }
    if (info.orientation.rowsReversed)
        window.top = static_cast<double>(info.height) - window.top - window.height;
    if (info.orientation.columnsReversed)
        window.left = static_cast<double>(info.width) - window.left - window.width;
    return window;
}

/// The largest divisor that leaves two pixels for each of the output: with fewer, the frequencies that it
/// cuts would be seen to be missing (up to 35 of 255 levels at edges, against 9 so).
std::int64_t shrinkFor(const Window& window, std::int64_t side) {
    for (const std::int64_t shrink : {8, 4, 2})
        if (std::min(window.height, window.width) >= static_cast<double>(2 * shrink * side)) return shrink;
    return 1;
}

/// All pixels that scaling the window looks at.
codecs::Region regionOf(const Window& window, std::int64_t side, const PictureInfo& info) {
    const auto reach = [&](double length) {
        return window.closed ? 0.0 : std::max(1.0, length / static_cast<double>(side)) + 1;
    };
    const double down = reach(window.height);
    const double across = reach(window.width);
    const auto inside = [](double value, std::int64_t size) {
        return std::clamp(static_cast<std::int64_t>(value), std::int64_t{0}, size);
    };
    return {inside(std::floor(window.top - down), info.height),
            inside(std::floor(window.left - across), info.width),
            inside(std::ceil(window.top + window.height + down), info.height),
            inside(std::ceil(window.left + window.width + across), info.width)};
}

/// Turns a square of stored pixels upright.
void turn(const std::uint8_t* from, std::int64_t side, const Orientation& how, std::uint8_t* out) {
    for (int c = 0; c < 3; ++c, from += side * side)
        for (std::int64_t y = 0; y < side; ++y)
            for (std::int64_t x = 0; x < side; ++x) {
                const std::int64_t row = how.transposed ? x : y;
                const std::int64_t column = how.transposed ? y : x;
                *out++ = from[(how.rowsReversed ? side - 1 - row : row) * side +
                              (how.columnsReversed ? side - 1 - column : column)];
            }
}

} // namespace

void readWindow(std::span<const std::uint8_t> file, std::int64_t side,
                const std::function<Window(std::int64_t, std::int64_t)>& choose, std::uint8_t* planes) {
    const PictureInfo info = codecs::inspect(file);
    const bool transposed = info.orientation.transposed;
    Window window =
        stored(choose(transposed ? info.width : info.height, transposed ? info.height : info.width), info);
    const auto picture = codecs::decode(file, info, regionOf(window, side, info), shrinkFor(window, side));
    const auto shrink = static_cast<double>(picture.shrink);
    window = {window.top / shrink - static_cast<double>(picture.top),
              window.left / shrink - static_cast<double>(picture.left), window.height / shrink,
              window.width / shrink, window.closed};
    const PixelView pixels{picture.rgb.get(), picture.height, picture.width, 3};
    if (info.orientation == Orientation{}) {
        resample(pixels, window, side, side, planes);
        return;
    }
    std::vector<std::uint8_t> square(static_cast<std::size_t>(3 * side * side));
    resample(pixels, window, side, side, square.data());
    turn(square.data(), side, info.orientation, planes);
}

} // namespace quantarium::data
