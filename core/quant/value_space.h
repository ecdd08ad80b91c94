// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace quantarium::quant {

/// The finite set of values that a weight may take: at least two, finite, distinct, ascending. A weight's
/// code is the index of its value. A plain value; thread: any.
class ValueSpace {
public:
    static constexpr std::size_t kLargest = 512; ///< values of nine bits

    /// Sorts the values. Throws Error(Config) when there are fewer than two or more than 512, one isn't
    /// finite, or one appears twice (as float32).
    explicit ValueSpace(std::vector<float> values);

    /// The spaces of the ASP-DAC 2023 paper on deterministic hard sampling, section 3: {±1}, {±1, ±1/2}, {±1,
    /// ±1/2, ±1/4, ±1/8} for 1, 2, 3 bits. Throws Error(Config) for other widths.
    static ValueSpace published(std::int64_t bits);

    const std::vector<float>& values() const { return m_values; }
    std::int64_t size() const { return static_cast<std::int64_t>(m_values.size()); }

    /// ceil(log2(size)): bits of a code.
    std::int64_t bits() const;

    /// Index of the value nearest to `weight`; a tie takes the lower one.
    std::int64_t nearest(double weight) const;

    /// Every value times `factor` > 0.
    ValueSpace scaled(float factor) const;

    bool operator==(const ValueSpace&) const = default;

private:
    std::vector<float> m_values;
};

} // namespace quantarium::quant
