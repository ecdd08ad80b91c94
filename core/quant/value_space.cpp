// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/value_space.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "core/base/error.h"

namespace quantarium::quant {

ValueSpace::ValueSpace(std::vector<float> values) : m_values(std::move(values)) {
    if (m_values.size() < 2 || m_values.size() > kLargest)
        throw Error(ErrorKind::Config, std::to_string(m_values.size()) + " values are no value space",
                    "weights.options.values", "Give 2 … 512 distinct values.");
    for (const float value : m_values)
        if (!std::isfinite(value))
            throw Error(ErrorKind::Config, "a value is not finite as float32", "weights.options.values");
    std::sort(m_values.begin(), m_values.end());
    const auto twice = std::adjacent_find(m_values.begin(), m_values.end());
    if (twice != m_values.end())
        throw Error(ErrorKind::Config, "the value " + std::to_string(*twice) + " appears twice",
                    "weights.options.values", "Values have to be distinct as float32.");
}

ValueSpace ValueSpace::published(std::int64_t bits) {
    switch (bits) {
    case 1:
        return ValueSpace({-1.0F, 1.0F});
    case 2:
        return ValueSpace({-1.0F, -0.5F, 0.5F, 1.0F});
    case 3:
        return ValueSpace({-1.0F, -0.5F, -0.25F, -0.125F, 0.125F, 0.25F, 0.5F, 1.0F});
    default:
        throw Error(ErrorKind::Config,
                    "there is no published value space of " + std::to_string(bits) + " bits", "weights.bits",
                    "Use 1 … 3 bits, or list the values.");
    }
}

std::int64_t ValueSpace::bits() const {
    return std::bit_width(m_values.size() - 1);
}

std::int64_t ValueSpace::nearest(double weight) const {
    const auto above = std::lower_bound(m_values.begin(), m_values.end(), weight,
                                        [](float value, double wanted) { return value < wanted; });
    if (above == m_values.begin()) return 0;
    if (above == m_values.end()) return size() - 1;
    const auto index = above - m_values.begin();
    return weight - m_values[index - 1] <= m_values[index] - weight ? index - 1 : index;
}

ValueSpace ValueSpace::scaled(float factor) const {
    auto values = m_values;
    for (auto& value : values)
        value *= factor;
    return ValueSpace(std::move(values));
}

} // namespace quantarium::quant
