// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace quantarium::testing {

/// Value of channel c at row y, column x.
using PixelFunction = std::function<std::uint8_t(int y, int x, int c)>;

/// What a JPEG file of the tests is like. Four channels are stored as they are given (as Adobe does, inverted
/// CMYK), with the Adobe marker.
struct JpegStyle {
    int channels = 3; ///< 1, 3 or 4
    bool progressive = false;
    bool fullColour = true; ///< colours at full resolution, else at half (4:2:0)
    bool ycck = false;      ///< four channels stored as YCCK
    bool adobe = true;      ///< four channels with the Adobe marker
    int quality = 100;
};

std::string jpegFile(int height, int width, const PixelFunction& pixel, const JpegStyle& style = {});

/// The file with an EXIF segment that says this orientation (1 … 8), in either byte order.
std::string withOrientation(const std::string& jpeg, int orientation, bool bigEndian = false);

/// The file with other dimensions in its frame header.
std::string withJpegSize(const std::string& jpeg, int height, int width);

/// A PNG file. @param colourType 0 grey, 2 RGB, 3 palette (entry i is (i, 2i, 255−i)), 4 grey and alpha, 6
/// RGBA
/// @param depth 8 or 16; with 16, `pixel` gives the upper byte
std::string pngFile(int height, int width, int colourType, int depth, const PixelFunction& pixel);

/// A PNG header that claims these dimensions, with nothing behind it.
std::string pngClaiming(std::uint32_t height, std::uint32_t width);

/// A smooth picture without symmetry: rows, columns and channels differ.
std::uint8_t gradient(int y, int x, int c);

} // namespace quantarium::testing
