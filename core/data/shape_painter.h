// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>

#include "core/base/random.h"

namespace quantarium::data {

/// Classes of shapes10, in the order of the manifest's class names.
enum class Shape { Disc, Ring, Square, Triangle, Pentagon, Star, Cross, Heart, Crescent, Arrow };

/// What makes an image of shapes10 hard to read.
struct ShapeStyle {
    double smallestRadius = 0.26; ///< of the shape, relative to the image's side
    double largestRadius = 0.46;
    double smallestContrast = 0.3; ///< distance of the shape's colour from the background's, of √3 at most
    double noise = 0.15;           ///< largest standard deviation of the pixel noise, of 1
    double stretch = 0.3;          ///< sides differ by up to this share
    int clutter = 4;               ///< at most this many strokes behind the shape
    double occlusion = 0.6;        ///< probability of a stroke across the shape
};

/// Paints one square image of `side` × `side` pixels into `planes` (R, G, B planes, row-major, 3·side²
/// bytes): a shape of random place, size, rotation, stretch and colour over a shaded background with strokes
/// behind and before it, and noise. A pure function of the stream's state.
void paintShape(Shape shape, const ShapeStyle& style, std::int64_t side, RandomStream& random,
                std::span<std::uint8_t> planes);

} // namespace quantarium::data
