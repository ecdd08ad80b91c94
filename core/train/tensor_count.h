// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

/// Counts the bytes of tensors in main memory by standing before LibTorch's allocator, from before main() on:
/// LibTorch has no lock for a change of allocators. What oneDNN takes beside tensors is not seen. Of the
/// whole process; thread: any.
namespace quantarium::train::tensor_count {

std::int64_t now();
/// The most since beginAnew().
std::int64_t most();
void beginAnew();

} // namespace quantarium::train::tensor_count
