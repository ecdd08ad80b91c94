// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/inq_partition.h"

#include <algorithm>
#include <cmath>

#include "core/base/random.h"

namespace quantarium::quant {

namespace {

std::vector<std::int64_t> freeIndices(const std::vector<std::uint8_t>& frozen) {
    std::vector<std::int64_t> free;
    for (std::size_t i = 0; i < frozen.size(); ++i)
        if (frozen[i] == 0) free.push_back(static_cast<std::int64_t>(i));
    return free;
}

std::size_t missing(const std::vector<std::uint8_t>& frozen, std::size_t free, double share) {
    const auto count = static_cast<std::int64_t>(frozen.size());
    const std::int64_t already = count - static_cast<std::int64_t>(free);
    return static_cast<std::size_t>(std::max<std::int64_t>(0, frozenTarget(share, count) - already));
}

/// Freezes the first `count` of the candidates.
std::vector<std::int64_t> freezeFirst(std::vector<std::uint8_t>& frozen, std::vector<std::int64_t> candidates,
                                      std::size_t count) {
    candidates.resize(count);
    for (const auto index : candidates)
        frozen[static_cast<std::size_t>(index)] = 1;
    std::sort(candidates.begin(), candidates.end());
    return candidates;
}

} // namespace

std::int64_t frozenTarget(double share, std::int64_t count) {
    return std::min(count, static_cast<std::int64_t>(std::floor(share * static_cast<double>(count) + 0.5)));
}

std::vector<std::int64_t> freezeLargest(std::vector<std::uint8_t>& frozen,
                                        const std::vector<double>& magnitudes, double share) {
    auto free = freeIndices(frozen);
    const auto count = missing(frozen, free.size(), share);
    const auto larger = [&](std::int64_t a, std::int64_t b) {
        const double first = magnitudes[static_cast<std::size_t>(a)];
        const double second = magnitudes[static_cast<std::size_t>(b)];
        return first != second ? first > second : a < b;
    };
    std::nth_element(free.begin(), free.begin() + static_cast<std::ptrdiff_t>(count), free.end(), larger);
    return freezeFirst(frozen, std::move(free), count);
}

std::vector<std::int64_t> freezeRandom(std::vector<std::uint8_t>& frozen, double share, std::uint64_t seed) {
    auto free = freeIndices(frozen);
    const auto count = missing(frozen, free.size(), share);
    RandomStream stream(seed);
    stream.shuffle(free);
    return freezeFirst(frozen, std::move(free), count);
}

std::vector<std::int64_t> portionStarts(std::int64_t portions, std::int64_t epochs) {
    if (portions == 1) return {0};
    std::vector<std::int64_t> starts;
    for (std::int64_t i = 0; i + 1 < portions; ++i)
        starts.push_back(i * epochs / (portions - 1));
    starts.push_back(epochs);
    return starts;
}

} // namespace quantarium::quant
