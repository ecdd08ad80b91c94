// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>

#include <ATen/Parallel.h>

namespace quantarium::quant {

/// Calls work(begin, end) over parts of 0 … count in LibTorch's threads (at::parallel_for). In a file of its
/// own because at::parallel_for is serial in files that are compiled without OpenMP.
void parallelFor(std::int64_t count, const std::function<void(std::int64_t begin, std::int64_t end)>& work);

constexpr std::int64_t kStretch = 16384; ///< elements of parallelStretches

/// How many stretches `count` elements have.
inline std::int64_t stretches(std::int64_t count) {
    return (count + kStretch - 1) / kStretch;
}

/// Calls work(stretch, begin, end) for each stretch of kStretch elements of 0 … count, in LibTorch's threads.
/// The stretches are the same with any number of threads; sums made of them can be so, too.
void parallelStretches(
    std::int64_t count,
    const std::function<void(std::int64_t stretch, std::int64_t begin, std::int64_t end)>& work);

} // namespace quantarium::quant
