// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/data/dataset.h"

namespace quantarium::data {

/// A dataset whose samples lie in memory: uint8 images [N, C, H, W] and int64 labels [N], both contiguous.
std::shared_ptr<const Dataset> memoryDataset(Batch samples);

} // namespace quantarium::data
