// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/base/random.h"

namespace quantarium::data {

/// A rectangle of an image, in pixels from its top left corner; fractions are parts of a pixel.
struct Window {
    double top = 0;
    double left = 0;
    double height = 0;
    double width = 0;
    bool closed = false; ///< nothing outside it may be seen, as if the rest had been cut off first
};

/// The window that is `size` × `size` pixels in the middle of an image whose shorter side was scaled to
/// `resize` before, size ≤ resize (torchvision's Resize and CenterCrop, to the pixel).
Window centreWindow(std::int64_t height, std::int64_t width, std::int64_t resize, std::int64_t size);

/// A random window of whole pixels whose area is a share of the image's, uniform in [smallestArea, 1], and
/// whose width to height is log-uniform in [3/4, 4/3] (Szegedy et al. 2015, section 6). After ten draws that
/// don't fit: the largest window in the middle of an allowed ratio. Draws 40 numbers at most.
Window randomWindow(RandomStream& random, std::int64_t height, std::int64_t width, double smallestArea);

/// Random windows of the samples at consecutive positions of an epoch.
struct WindowDraws {
    double smallestArea = 0.08;
    std::uint64_t seed = 1; ///< of this epoch's augmentation
    std::int64_t firstPosition = 0;

    /// That of the sample at `firstPosition + i`: depends on seed, position and the image's size alone.
    Window draw(std::int64_t i, std::int64_t height, std::int64_t width) const;
};

} // namespace quantarium::data
