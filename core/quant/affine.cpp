// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/affine.h"

#include <algorithm>
#include <cmath>

namespace quantarium::quant {

AffineGrid affineGrid(double low, double high, double lowest, double highest) {
    low = std::min(0.0, low);
    high = std::max(0.0, high);
    AffineGrid grid{(high - low) / (highest - lowest), std::clamp(0.0, lowest, highest), lowest, highest};
    if (grid.step > 0)
        grid.zero = std::clamp(std::floor(lowest - low / grid.step + 0.5), lowest, highest);
    else
        grid.step = 0; // also for ranges that are no numbers
    return grid;
}

} // namespace quantarium::quant
