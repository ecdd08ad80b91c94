// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace quantarium::train {

/// Bytes this process may still take: the smaller of the machine's available memory and its control group's
/// limit.
double availableMemory();

/// Largest resident size of this process since resetPeakMemory, bytes. With several runs at once it covers
/// them all.
double peakMemory();

/// Starts peakMemory anew, where the system allows it.
void resetPeakMemory();

/// Makes the allocator keep the large blocks that a training step frees and takes again at once, instead of
/// handing them to the system and paying for fresh zeroed pages at each step. Call once per process, before
/// the first run.
void keepFreedMemory();

} // namespace quantarium::train
