// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace quantarium {

/// Names of the independent random streams of a run. Each use of chance draws from its own, so that changing
/// one (say, more augmentation) leaves the others as they were.
namespace streams {
inline constexpr std::string_view kDataOrder = "data-order";
inline constexpr std::string_view kAugmentation = "augmentation";
inline constexpr std::string_view kInitialization = "initialization";
inline constexpr std::string_view kSampling = "sampling";
inline constexpr std::string_view kSplit = "split";
inline constexpr std::string_view kGeneration = "generation";
} // namespace streams

/// Derives the seed of a named stream, optionally at one position (epoch, step, sample). A pure function: a
/// run that resumes at a position draws what an uninterrupted one draws, without stored generator state.
std::uint64_t deriveSeed(std::uint64_t seed, std::string_view stream);
std::uint64_t deriveSeed(std::uint64_t seed, std::string_view stream, std::uint64_t position);

/// xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64. Small, fast, the same on every platform.
class RandomStream {
public:
    explicit RandomStream(std::uint64_t seed);

    std::uint64_t next();
    double uniform(); ///< in [0, 1), 53 bits
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    std::uint64_t below(std::uint64_t bound); ///< in [0, bound), unbiased; bound > 0
    double normal();                          ///< standard normal
    bool coin() { return (next() >> 63) != 0; }

    /// Fisher-Yates.
    template <class T> void shuffle(std::vector<T>& values) {
        for (std::size_t i = values.size(); i > 1; --i)
            std::swap(values[i - 1], values[below(i)]);
    }

private:
    std::uint64_t m_state[4];
};

} // namespace quantarium
