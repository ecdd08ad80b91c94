// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/data/loader.h"

namespace quantarium::data {

/// Turns uint8 samples into normalized float32 images, padded, cropped and flipped on the way, in one pass
/// and directly in the memory layout asked for. Uses no tensor operation but allocation, so it never takes
/// the training's threads.
class Transform {
public:
    Transform(const Normalization& normalization, const Augmentation& augmentation, bool channelsLast);

    /// @param raw           uint8 [N, C, H, W] and labels, as Dataset::fetch gives them
    /// @param seed          of this epoch's augmentation; the sample at `firstPosition + i` of the epoch
    /// draws from
    ///                      (seed, firstPosition + i) alone
    /// @return float32 [N, C, H, W]: (x/255 − mean) / deviation, where padded pixels have x = 0
    Batch operator()(const Batch& raw, std::uint64_t seed, std::int64_t firstPosition) const;

    /// A batch of uninitialized images in the layout that write() fills.
    Batch room(std::int64_t samples, const std::array<std::int64_t, 3>& shape) const;

    /// The same into rows `row` … of `batch`; threads may write different rows at the same time.
    void write(const Batch& raw, std::uint64_t seed, std::int64_t firstPosition, Batch& batch,
               std::int64_t row) const;

private:
    /// What the sample at one position of an epoch gets: where its window begins in the padded image, and
    /// whether it is mirrored.
    struct Draw {
        std::int64_t top = 0;
        std::int64_t left = 0;
        bool mirrored = false;
    };

    Draw draw(std::uint64_t seed, std::int64_t position) const;
    void writePlanes(const std::uint8_t* image, float* out, const std::array<std::int64_t, 3>& shape,
                     const Draw& drawn) const;
    void writePixels(const std::uint8_t* image, float* out, const std::array<std::int64_t, 3>& shape,
                     const Draw& drawn) const;

    std::vector<std::array<float, 256>> m_table; ///< normalized value of each byte, by channel
    Augmentation m_augmentation;
    bool m_channelsLast;
};

} // namespace quantarium::data
