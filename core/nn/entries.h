// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/nn/network.h"

namespace quantarium::nn {

NetworkEntry mlpEntry();
NetworkEntry lenet5Entry();
NetworkEntry vggSmallEntry();
/// @param depth 6n + 2: 20, 32, 44 or 56
NetworkEntry resnetEntry(std::int64_t depth);

} // namespace quantarium::nn
