// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>

#include <ATen/Parallel.h>

namespace quantarium::quant {

/// Calls work(begin, end) over parts of 0 … count in LibTorch's threads (at::parallel_for). In a file of its
/// own because at::parallel_for is serial in files that are compiled without OpenMP.
void parallelFor(std::int64_t count, const std::function<void(std::int64_t begin, std::int64_t end)>& work);

} // namespace quantarium::quant
