// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/parallel.h"

#include <algorithm>

#include <ATen/Parallel.h>

namespace quantarium::quant {

namespace {
constexpr std::int64_t kGrain = 16384; ///< weights that are worth a thread
}

void parallelFor(std::int64_t count, const std::function<void(std::int64_t begin, std::int64_t end)>& work) {
    at::parallel_for(0, count, kGrain, [&](std::int64_t begin, std::int64_t end) { work(begin, end); });
}

void parallelStretches(
    std::int64_t count,
    const std::function<void(std::int64_t stretch, std::int64_t begin, std::int64_t end)>& work) {
    at::parallel_for(0, stretches(count), 1, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t stretch = first; stretch < last; ++stretch)
            work(stretch, stretch * kStretch, std::min(count, (stretch + 1) * kStretch));
    });
}

} // namespace quantarium::quant
