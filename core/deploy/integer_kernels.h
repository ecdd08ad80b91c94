// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace quantarium::deploy {

/// Size of a map, or of a vector: [features, 1, 1].
struct MapShape {
    std::int64_t channels = 1;
    std::int64_t height = 1;
    std::int64_t width = 1;

    std::int64_t positions() const { return height * width; }
    std::int64_t elements() const { return channels * positions(); }
    bool operator==(const MapShape&) const = default;
};

/// A convolution's sizes; a linear layer is one with a kernel of 1 x 1 on a map of 1 x 1. Pairs are along the
/// height and along the width.
struct ConvolutionShape {
    MapShape in;
    MapShape out;
    std::int64_t groups = 1;
    std::int64_t kernel[2] = {1, 1};
    std::int64_t stride[2] = {1, 1};
    std::int64_t padding[2] = {0, 0};
    std::int64_t dilation[2] = {1, 1};

    /// Weights of one output channel.
    std::int64_t patch() const { return in.channels / groups * kernel[0] * kernel[1]; }
};

/// The integers of a convolution: weights [out, in / groups, kH, kW] and one bias per output channel, in
/// units of the product of both scales.
struct ConvolutionWeights {
    std::vector<std::int8_t> weights;
    std::int32_t zeroPoint = 0;
    std::vector<std::int32_t> bias;
};

/// sums[o, p] = bias[o] + Σ (w − Zw) (x − Zx) in 32-bit integers (Jacob et al. 2018, arXiv 1712.05877,
/// section 2.3, eq. 7 with the zero points taken off first, section 2.4). Outside of the map is 0, that is
/// Zx. Unrolls patches into a matrix of 16-bit differences. The caller knows that no sum overflows.
/// @param codes [in]
/// @param sums [out]
void convolve(const ConvolutionShape& shape, const ConvolutionWeights& weights, const std::uint8_t* codes,
              std::int32_t codesZeroPoint, std::int32_t* sums);

} // namespace quantarium::deploy
