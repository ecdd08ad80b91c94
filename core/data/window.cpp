// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/window.h"

#include <algorithm>
#include <cmath>

namespace quantarium::data {

namespace {

constexpr int kAttempts = 10;
constexpr double kNarrowest = 3.0 / 4.0; ///< width to height
constexpr double kWidest = 4.0 / 3.0;

Window middle(double height, double width, double windowHeight, double windowWidth) {
    return {std::floor((height - windowHeight) / 2), std::floor((width - windowWidth) / 2), windowHeight,
            windowWidth, true};
}

} // namespace

Window centreWindow(std::int64_t height, std::int64_t width, std::int64_t resize, std::int64_t size) {
    const auto h = static_cast<double>(height);
    const auto w = static_cast<double>(width);
    const auto shorter = std::min(h, w);
    // Whole pixels of the scaled image, then back: the same grid as scaling first and cutting then.
    const double scaledHeight = std::floor(h * static_cast<double>(resize) / shorter);
    const double scaledWidth = std::floor(w * static_cast<double>(resize) / shorter);
    const double down = h / scaledHeight;
    const double across = w / scaledWidth;
    const auto side = static_cast<double>(size);
    return {std::nearbyint((scaledHeight - side) / 2) * down,
            std::nearbyint((scaledWidth - side) / 2) * across, side * down, side * across, false};
}

Window randomWindow(RandomStream& random, std::int64_t height, std::int64_t width, double smallestArea) {
    const auto h = static_cast<double>(height);
    const auto w = static_cast<double>(width);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const double area = h * w * random.uniform(smallestArea, 1.0);
        const double ratio = std::exp(random.uniform(std::log(kNarrowest), std::log(kWidest)));
        const double windowWidth = std::round(std::sqrt(area * ratio));
        const double windowHeight = std::round(std::sqrt(area / ratio));
        if (windowWidth < 1 || windowHeight < 1 || windowWidth > w || windowHeight > h) continue;
        const auto top = random.below(static_cast<std::uint64_t>(h - windowHeight) + 1);
        const auto left = random.below(static_cast<std::uint64_t>(w - windowWidth) + 1);
        return {static_cast<double>(top), static_cast<double>(left), windowHeight, windowWidth, true};
    }
    const double ratio = w / h;
    if (ratio < kNarrowest) return middle(h, w, std::min(h, std::round(w / kNarrowest)), w);
    if (ratio > kWidest) return middle(h, w, h, std::min(w, std::round(h * kWidest)));
    return middle(h, w, h, w);
}

Window WindowDraws::draw(std::int64_t i, std::int64_t height, std::int64_t width) const {
    RandomStream random(deriveSeed(seed, "resized-crop", static_cast<std::uint64_t>(firstPosition + i)));
    return randomWindow(random, height, width, smallestArea);
}

} // namespace quantarium::data
