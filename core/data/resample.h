// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/data/window.h"

namespace quantarium::data {

/// 8-bit pixels in memory, rows one after another, the channels of a pixel beside each other.
struct PixelView {
    const std::uint8_t* pixels = nullptr;
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::int64_t channels = 1; ///< 1 or 3
};

/// Scales a window of an image to outHeight × outWidth pixels, written as planes [channels, outHeight,
/// outWidth]. The filter is a triangle as wide as the larger of the two pixel sizes, so that shrinking
/// averages and enlarging interpolates (PIL's and torchvision's antialiased "bilinear"). Values differ from
/// PIL's by rounding only. No threads, no tensor operation.
void resample(const PixelView& image, const Window& window, std::int64_t outHeight, std::int64_t outWidth,
              std::uint8_t* planes);

} // namespace quantarium::data
