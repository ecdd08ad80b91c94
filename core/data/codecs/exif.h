// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>

#include "core/data/codecs/picture.h"

namespace quantarium::codecs {

/// The orientation in an APP1 segment ("Exif\0\0", then a TIFF header and its first directory). Anything that
/// isn't well-formed counts as upright.
Orientation exifOrientation(std::span<const std::uint8_t> segment);

} // namespace quantarium::codecs
