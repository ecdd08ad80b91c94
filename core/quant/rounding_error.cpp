// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/rounding_error.h"

#include <algorithm>
#include <utility>

namespace quantarium::quant {

RoundingError::RoundingError(std::vector<double> magnitudes)
    : m_sizes(std::move(magnitudes)), m_sums{0.0}, m_squares{0.0} {
    std::sort(m_sizes.begin(), m_sizes.end());
    m_sums.reserve(m_sizes.size() + 1);
    m_squares.reserve(m_sizes.size() + 1);
    for (const double size : m_sizes) {
        m_sums.push_back(m_sums.back() + size);
        m_squares.push_back(m_squares.back() + size * size);
    }
}

double RoundingError::of(const std::vector<double>& levels) const {
    double error = 0;
    auto from = m_sizes.begin();
    for (std::size_t k = 0; k < levels.size(); ++k) {
        const auto to = k + 1 < levels.size()
                            ? std::lower_bound(from, m_sizes.end(), (levels[k] + levels[k + 1]) / 2)
                            : m_sizes.end();
        const auto first = static_cast<std::size_t>(from - m_sizes.begin());
        const auto last = static_cast<std::size_t>(to - m_sizes.begin());
        const double level = levels[k];
        error += m_squares[last] - m_squares[first] - 2 * level * (m_sums[last] - m_sums[first]) +
                 level * level * static_cast<double>(last - first);
        from = to;
    }
    return error;
}

} // namespace quantarium::quant
