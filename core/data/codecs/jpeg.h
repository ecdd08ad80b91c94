// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/data/codecs/picture.h"

namespace quantarium::codecs {

/// Reads the header of a JPEG file, with its EXIF orientation. Throws Error(Data).
PictureInfo inspectJpeg(std::span<const std::uint8_t> file);

/// Decodes the rows of `region` and, where that saves work, its columns only; at 1/2, 1/4 and 1/8 in the
/// frequency domain. Throws Error(Data) when a part that is needed is damaged, or the file has no end.
Picture decodeJpeg(std::span<const std::uint8_t> file, const Region& region, std::int64_t shrink);

} // namespace quantarium::codecs
