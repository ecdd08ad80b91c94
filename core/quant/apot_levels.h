// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace quantarium::quant {

/// Additive powers of two of so many bits without sign, ascending from 0 to 1 (Li, Dong and Wang 2020,
/// section 2.2): terms of two bits (0 or one of three powers of two) and, where one bit is left, a last term
/// of one bit (0 or one power); powers 1/2, 1/4, 1/8, … are dealt to the terms in turn, the last term having
/// its turn before the third power of the others. All sums of one value of each term, over the largest sum.
std::vector<double> apotMagnitudes(std::int64_t bits);

} // namespace quantarium::quant
