// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/run/events.h"

namespace quantarium::quant {

/// Memory of a network's weights, from what each layer reports (weights, bits, side data). Layers of 32 bits
/// are not quantized. Two accountings, because the papers count the first only:
///
///   weights alone:   R = 32 N_q / sum_l b_l N_l              over the quantized layers; n bits everywhere:
///   32 / n everything:      R = 32 P / (sum_l b_l N_l + 32 (P − N_q) + side bits)
///
/// @param parameters P, all learnable parameters of the network, at least N_q. Throws Error(Config) when
/// fewer.
MemoryReport countMemory(const std::vector<LayerReport>& layers, std::int64_t parameters);

} // namespace quantarium::quant
