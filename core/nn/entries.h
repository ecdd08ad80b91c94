// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/nn/network.h"

namespace quantarium::nn {

NetworkEntry mlpEntry();
NetworkEntry lenet5Entry();
NetworkEntry vggSmallEntry();
NetworkEntry vgg16Entry();
NetworkEntry vgg16FiveConvEntry();
NetworkEntry vgg16EightConvEntry();
NetworkEntry mobilenetV1Entry();
NetworkEntry mobilenetV2Entry();
/// @param depth 6n + 2: 20, 32, 44 or 56
NetworkEntry resnetEntry(std::int64_t depth);
/// @param depth 18 or 34
NetworkEntry imageNetResnetEntry(std::int64_t depth);

} // namespace quantarium::nn
