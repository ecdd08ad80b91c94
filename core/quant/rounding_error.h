// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

namespace quantarium::quant {

/// The squared error of rounding a set of magnitudes to their nearest level, for many sets of levels: sorted
/// once with running sums, each set costs a search per level and not a pass over the weights. A plain value;
/// thread: any.
class RoundingError {
public:
    explicit RoundingError(std::vector<double> magnitudes);

    /// Σ (|w| − nearest level)² for levels ascending, at least one.
    double of(const std::vector<double>& levels) const;

    /// 0 for an empty set.
    double largest() const { return m_sizes.empty() ? 0.0 : m_sizes.back(); }

private:
    std::vector<double> m_sizes;   ///< ascending
    std::vector<double> m_sums;    ///< of the first i sizes
    std::vector<double> m_squares; ///< of their squares
};

} // namespace quantarium::quant
