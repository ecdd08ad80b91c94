// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/deploy/integer_operations.h"

#include <algorithm>
#include <cmath>

namespace quantarium::deploy {

namespace {

/// out[channel, row, column] = pool(channel, window's elements) over all windows.
template <class Pool>
std::vector<std::int32_t> pooled(const PoolWindows& windows, const std::vector<std::int32_t>& in,
                                 const Pool& pool) {
    std::vector<std::int32_t> out;
    out.reserve(static_cast<std::size_t>(windows.in.channels) * windows.rows.size() * windows.columns.size());
    for (std::int64_t channel = 0; channel < windows.in.channels; ++channel)
        for (const auto& rows : windows.rows)
            for (const auto& columns : windows.columns)
                out.push_back(pool(channel, rows, columns, in.data() + channel * windows.in.positions()));
    return out;
}

std::int64_t dividedToNearest(std::int64_t sum, std::int64_t divisor) {
    return (sum >= 0 ? sum + divisor / 2 : sum - divisor / 2) / divisor;
}

} // namespace

void QuantizeImage::run(ImageValues& values) const {
    auto& codes = values.codes[out];
    codes.resize(values.image.size());
    const auto zero = static_cast<float>(zeroPoint);
    const auto most = static_cast<float>(highest);
    std::transform(values.image.begin(), values.image.end(), codes.begin(), [&](float x) {
        return static_cast<std::uint8_t>(std::clamp(std::floor(x / step + 0.5F), -zero, most - zero) + zero);
    });
}

void Requantize::run(ImageValues& values) const {
    const auto& sums = values.sums[in];
    auto& codes = values.codes[out];
    codes.resize(sums.size());
    std::transform(sums.begin(), sums.end(), codes.begin(), [&](std::int32_t sum) {
        const std::int64_t code = std::int64_t{zeroPoint} + factor.times(sum);
        return static_cast<std::uint8_t>(std::clamp<std::int64_t>(code, low, high));
    });
}

void Convolution::run(ImageValues& values) const {
    auto& sums = values.sums[out];
    sums.resize(static_cast<std::size_t>(shape.out.elements()));
    convolve(shape, weights, values.codes[in].data(), zeroPoint, sums.data());
}

void AddSums::run(ImageValues& values) const {
    const auto& first = values.sums[operands[0].in];
    const auto& second = values.sums[operands[1].in];
    auto& sums = values.sums[out];
    sums.resize(first.size());
    const auto scaled = [](const Operand& operand, std::int32_t sum) {
        return std::clamp(operand.factor.times(sum), operand.limits.low, operand.limits.high);
    };
    for (std::size_t i = 0; i < sums.size(); ++i)
        sums[i] = scaled(operands[0], first[i]) + scaled(operands[1], second[i]);
}

void ClampSums::run(ImageValues& values) const {
    const auto& from = values.sums[in];
    auto& sums = values.sums[out];
    sums.resize(from.size());
    std::transform(from.begin(), from.end(), sums.begin(),
                   [&](std::int32_t sum) { return std::clamp(sum, limits.low, limits.high); });
}

void MaxPool::run(ImageValues& values) const {
    const auto largest = [&](std::int64_t channel, const Window& rows, const Window& columns,
                             const std::int32_t* map) {
        const bool smallest = !turned.empty() && turned[static_cast<std::size_t>(channel)];
        std::int32_t best = map[rows.begin * windows.in.width + columns.begin];
        for (std::int64_t row = rows.begin; row < rows.end; ++row)
            for (std::int64_t column = columns.begin; column < columns.end; ++column) {
                const std::int32_t one = map[row * windows.in.width + column];
                best = smallest ? std::min(best, one) : std::max(best, one);
            }
        return best;
    };
    values.sums[out] = pooled(windows, values.sums[in], largest);
}

void MeanPool::run(ImageValues& values) const {
    const auto mean = [&](std::int64_t, const Window& rows, const Window& columns, const std::int32_t* map) {
        std::int64_t sum = 0;
        for (std::int64_t row = rows.begin; row < rows.end; ++row)
            for (std::int64_t column = columns.begin; column < columns.end; ++column)
                sum += map[row * windows.in.width + column];
        return static_cast<std::int32_t>(dividedToNearest(sum, divisor));
    };
    values.sums[out] = pooled(windows, values.sums[in], mean);
}

void PickSums::run(ImageValues& values) const {
    const auto& from = values.sums[in];
    auto& sums = values.sums[out];
    sums.resize(places.size());
    std::transform(places.begin(), places.end(), sums.begin(), [&](std::int64_t place) {
        return place < 0 ? std::int32_t{0} : from[static_cast<std::size_t>(place)];
    });
}

} // namespace quantarium::deploy
