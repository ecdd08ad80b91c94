// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/data/codecs/picture.h"

namespace quantarium::codecs {

/// Reads the header of a PNG file. Throws Error(Data).
PictureInfo inspectPng(std::span<const std::uint8_t> file);

/// Decodes a whole PNG file: palettes, greyscale and 16 bits become 8-bit RGB, transparency is dropped.
/// Throws Error(Data).
Picture decodePng(std::span<const std::uint8_t> file, const PictureInfo& info);

} // namespace quantarium::codecs
