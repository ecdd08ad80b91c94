// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace quantarium::codecs {

/// More pixels than this are refused: a file of a few bytes may claim any size.
inline constexpr std::int64_t kMostPixels = 100'000'000;

/// How a picture is stored, as EXIF (tag 0x0112) says it: the upright pixel (row, column) is the stored one
/// at (row, column), with the two swapped when `transposed`, counted from the far side when reversed.
struct Orientation {
    bool transposed = false;
    bool rowsReversed = false;
    bool columnsReversed = false;

    bool operator==(const Orientation&) const = default;
};

enum class Format { Jpeg, Png };

/// What the header of a picture file says. Height and width as stored, before the orientation.
struct PictureInfo {
    Format format = Format::Jpeg;
    std::int64_t height = 0;
    std::int64_t width = 0;
    Orientation orientation;
};

/// Rows and columns of a stored picture: [top, bottom) × [left, right).
struct Region {
    std::int64_t top = 0;
    std::int64_t left = 0;
    std::int64_t bottom = 0;
    std::int64_t right = 0;
};

/// A decoded part of a picture: 8-bit RGB, interleaved, row by row.
struct Picture {
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::int64_t top = 0;    ///< row of the shrunken picture that is row 0 here
    std::int64_t left = 0;   ///< column of the shrunken picture that is column 0 here
    std::int64_t shrink = 1; ///< pixel (y, x) of the shrunken picture covers shrink × shrink stored ones
    std::unique_ptr<std::uint8_t[]> rgb;
};

/// What keeps this build from reading pictures, with its remedy; empty when nothing does.
std::string lacking();

/// Reads the header; the content tells the format, not the name. Throws Error(Data), without a place, for
/// what is no picture, of a format that can't be read, empty, or of absurd size.
PictureInfo inspect(std::span<const std::uint8_t> file);

/// Decodes at least `region`, at 1/shrink of its size (1, 2, 4 or 8; PNG always 1). Throws Error(Data),
/// without a place, when what is needed of the file is damaged, or the file ends early.
Picture decode(std::span<const std::uint8_t> file, const PictureInfo& info, const Region& region,
               std::int64_t shrink);

} // namespace quantarium::codecs
