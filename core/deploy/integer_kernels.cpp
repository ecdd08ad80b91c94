// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/deploy/integer_kernels.h"

#include <algorithm>

namespace quantarium::deploy {

namespace {

constexpr std::int64_t kRows = 4; ///< filters that share the loads of a patch

/// A map of differences x − Zx with a border of zeros.
struct BorderedMap {
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::vector<std::int16_t> values; ///< [channels, height, width]
};

BorderedMap bordered(const ConvolutionShape& shape, const std::uint8_t* codes, std::int32_t zeroPoint) {
    BorderedMap map{shape.in.height + 2 * shape.padding[0], shape.in.width + 2 * shape.padding[1], {}};
    map.values.resize(static_cast<std::size_t>(shape.in.channels * map.height * map.width));
    auto* line = map.values.data() + shape.padding[0] * map.width + shape.padding[1];
    for (std::int64_t channel = 0; channel < shape.in.channels; ++channel) {
        for (std::int64_t row = 0; row < shape.in.height; ++row, line += map.width, codes += shape.in.width)
            std::transform(codes, codes + shape.in.width, line, [zeroPoint](std::uint8_t code) {
                return static_cast<std::int16_t>(code - zeroPoint);
            });
        line += 2 * shape.padding[0] * map.width;
    }
    return map;
}

/// One group's patches as a matrix, [positions, patch].
void unroll(const ConvolutionShape& shape, std::int64_t group, const BorderedMap& map,
            std::int16_t* patches) {
    const std::int64_t channels = shape.in.channels / shape.groups;
    const auto* first = map.values.data() + group * channels * map.height * map.width;
    for (std::int64_t y = 0; y < shape.out.height; ++y)
        for (std::int64_t x = 0; x < shape.out.width; ++x)
            for (std::int64_t c = 0; c < channels; ++c)
                for (std::int64_t i = 0; i < shape.kernel[0]; ++i) {
                    const std::int64_t row = y * shape.stride[0] + i * shape.dilation[0];
                    const auto* from = first + (c * map.height + row) * map.width + x * shape.stride[1];
                    for (std::int64_t j = 0; j < shape.kernel[1]; ++j)
                        *patches++ = from[j * shape.dilation[1]];
                }
}

std::int32_t product(const std::int16_t* a, const std::int16_t* b, std::int64_t count) {
    std::int32_t sum = 0;
    for (std::int64_t i = 0; i < count; ++i)
        sum += std::int32_t{a[i]} * b[i];
    return sum;
}

/// Products of kRows filters with one patch.
void products(const std::int16_t* filters, const std::int16_t* patch, std::int64_t count,
              std::int32_t* sums) {
    std::int32_t a = 0;
    std::int32_t b = 0;
    std::int32_t c = 0;
    std::int32_t d = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int32_t x = patch[i];
        a += x * filters[i];
        b += x * filters[count + i];
        c += x * filters[2 * count + i];
        d += x * filters[3 * count + i];
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

/// One group's sums, [filters, positions], from its filters' differences [filters, patch].
void multiply(const std::int16_t* filters, std::int64_t filterCount, const std::int16_t* patches,
              std::int64_t positions, std::int64_t patch, const std::int32_t* bias, std::int32_t* sums) {
    for (std::int64_t p = 0; p < positions; ++p) {
        const auto* x = patches + p * patch;
        std::int64_t o = 0;
        for (; o + kRows <= filterCount; o += kRows) {
            std::int32_t four[kRows];
            products(filters + o * patch, x, patch, four);
            for (std::int64_t i = 0; i < kRows; ++i)
                sums[(o + i) * positions + p] = bias[o + i] + four[i];
        }
        for (; o < filterCount; ++o)
            sums[o * positions + p] = bias[o] + product(filters + o * patch, x, patch);
    }
}

} // namespace

void convolve(const ConvolutionShape& shape, const ConvolutionWeights& weights, const std::uint8_t* codes,
              std::int32_t codesZeroPoint, std::int32_t* sums) {
    std::vector<std::int16_t> filters(weights.weights.size());
    std::transform(weights.weights.begin(), weights.weights.end(), filters.begin(),
                   [&](std::int8_t w) { return static_cast<std::int16_t>(w - weights.zeroPoint); });
    const std::int64_t patch = shape.patch();
    const std::int64_t positions = shape.out.positions();
    const std::int64_t filterCount = shape.out.channels / shape.groups;
    const auto map = bordered(shape, codes, codesZeroPoint);
    std::vector<std::int16_t> patches(static_cast<std::size_t>(positions * patch));
    for (std::int64_t group = 0; group < shape.groups; ++group) {
        unroll(shape, group, map, patches.data());
        const std::int64_t first = group * filterCount;
        multiply(filters.data() + first * patch, filterCount, patches.data(), positions, patch,
                 weights.bias.data() + first, sums + first * positions);
    }
}

} // namespace quantarium::deploy
