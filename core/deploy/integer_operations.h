// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "core/deploy/fixed_point.h"
#include "core/deploy/integer_kernels.h"

namespace quantarium::deploy {

/// What one image has become so far: for each value of the network either codes (8-bit, of a grid with a zero
/// point) or sums (32-bit, zero point 0), in the order channel, row, column.
struct ImageValues {
    std::span<const float> image; ///< [channels, height, width], normalized
    std::vector<std::vector<std::uint8_t>> codes;
    std::vector<std::vector<std::int32_t>> sums;
};

/// One step of an integer network. Immutable; one object serves all threads.
class IntegerOperation {
public:
    virtual ~IntegerOperation() = default;
    /// Reads values that earlier operations wrote and writes its own one.
    virtual void run(ImageValues& values) const = 0;
};

/// Limits of a sum, in its own units.
struct SumLimits {
    std::int32_t low = std::numeric_limits<std::int32_t>::min();
    std::int32_t high = std::numeric_limits<std::int32_t>::max();
};

/// The image as codes: clamp(⌊x / step + ½⌋ + Z, 0, highest), in float32 as evaluation does. The one place
/// where floats come in.
struct QuantizeImage final : IntegerOperation {
    std::size_t out = 0;
    float step = 1;
    std::int32_t zeroPoint = 0;
    std::int32_t highest = 255;
    void run(ImageValues& values) const override;
};

/// Codes of the next layer's grid from sums: clamp(Z + M · sum, low, high) (Jacob et al. 2018, arXiv
/// 1712.05877, section 2.2, eq. 5). The limits are codes and do what stands between the layers: ReLU, ReLU6.
struct Requantize final : IntegerOperation {
    std::size_t in = 0;
    std::size_t out = 0;
    FixedPointFactor factor;
    std::int32_t zeroPoint = 0;
    std::int32_t low = 0;
    std::int32_t high = 255;
    void run(ImageValues& values) const override;
};

/// Codes to sums.
struct Convolution final : IntegerOperation {
    std::size_t in = 0;
    std::size_t out = 0;
    ConvolutionShape shape;
    ConvolutionWeights weights;
    std::int32_t zeroPoint = 0; ///< of the codes
    void run(ImageValues& values) const override;
};

/// The sum of two values in a common scale, each brought to it and clamped first.
struct AddSums final : IntegerOperation {
    struct Operand {
        std::size_t in = 0;
        FixedPointFactor factor;
        SumLimits limits; ///< in the common scale
    };
    Operand operands[2];
    std::size_t out = 0;
    void run(ImageValues& values) const override;
};

struct ClampSums final : IntegerOperation {
    std::size_t in = 0;
    std::size_t out = 0;
    SumLimits limits;
    void run(ImageValues& values) const override;
};

/// A pool's windows along one side: [begin, end) inside the map.
struct Window {
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

/// What both pools know.
struct PoolWindows {
    MapShape in;
    std::vector<Window> rows;    ///< one for each row of the result
    std::vector<Window> columns; ///< one for each column
};

/// The largest of each window, and the smallest in channels that are turned: those whose scale is negative,
/// because a batch norm with a negative factor follows and has been folded into the layer before.
struct MaxPool final : IntegerOperation {
    std::size_t in = 0;
    std::size_t out = 0;
    PoolWindows windows;
    std::vector<bool> turned; ///< per channel; empty: none
    void run(ImageValues& values) const override;
};

/// Sums of windows, divided and rounded to the nearest, halves away from zero. The number of elements is in
/// the result's scale as far as the divisor leaves it.
struct MeanPool final : IntegerOperation {
    std::size_t in = 0;
    std::size_t out = 0;
    PoolWindows windows;
    std::int64_t divisor = 1;
    void run(ImageValues& values) const override;
};

/// Elements picked from a value; −1 stands for 0. Slices with strides and padding with zeros.
struct PickSums final : IntegerOperation {
    std::size_t in = 0;
    std::size_t out = 0;
    std::vector<std::int64_t> places; ///< for each element of the result
    void run(ImageValues& values) const override;
};

} // namespace quantarium::deploy
