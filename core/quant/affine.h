// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace quantarium::quant {

/// The affine scheme r = step · (q − zero) for whole q from lowest to highest (Jacob et al. 2018, arXiv
/// 1712.05877, section 2.1, eq. 1). A plain value; thread: any.
struct AffineGrid {
    double step = 0; ///< 0: the range is empty, all is 0
    double zero = 0; ///< a whole number from lowest to highest
    double lowest = 0;
    double highest = 0;

    double least() const { return step * (lowest - zero); } ///< the nudged range's ends
    double greatest() const { return step * (highest - zero); }
};

/// The grid over [low, high], which is first widened to hold 0: step = (high − low) / (highest − lowest), and
/// zero = ⌊lowest − low / step + ½⌋, which nudges the range so that 0 is one of the values (section 3.1).
AffineGrid affineGrid(double low, double high, double lowest, double highest);

} // namespace quantarium::quant
