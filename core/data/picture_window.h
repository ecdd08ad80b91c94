// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "core/data/window.h"

namespace quantarium::data {

/// Decodes a window of a picture file, scaled to side × side pixels, as R, G and B planes (3·side² bytes).
/// The picture stands upright, whatever its EXIF orientation. Only what the window needs is decoded, at a
/// fraction of its size where the window is at least four times as large as `side`.
///
/// @param choose tells the window of an upright picture of this height and width; called once
/// @throws Error(Data), without a place, for what is no whole JPEG or PNG file
void readWindow(std::span<const std::uint8_t> file, std::int64_t side,
                const std::function<Window(std::int64_t height, std::int64_t width)>& choose,
                std::uint8_t* planes);

} // namespace quantarium::data
