// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quantarium::quant {

/// How many of `count` weights are frozen at an accumulated share: floor(share · count + 1/2).
std::int64_t frozenTarget(double share, std::int64_t count);

/// Marks further weights as frozen until frozenTarget(share) are: those of largest magnitude among the free
/// ones, a tie taking the lower index. A frozen weight stays frozen. Returns the indices newly frozen,
/// ascending.
std::vector<std::int64_t> freezeLargest(std::vector<std::uint8_t>& frozen,
                                        const std::vector<double>& magnitudes, double share);

/// The same count, uniformly at random among the free ones.
std::vector<std::int64_t> freezeRandom(std::vector<std::uint8_t>& frozen, double share, std::uint64_t seed);

/// The epoch at which each accumulated portion begins. The training's epochs are split evenly over the
/// portions below 100 % (T of them: portion i begins at floor(i · epochs / T)); the last one begins at
/// `epochs`, so it is only evaluated. With fewer epochs than portions, several begin at the same epoch and
/// the largest of them holds. A single portion of 100 % begins at 0: then only biases and batch norms are
/// trained.
std::vector<std::int64_t> portionStarts(std::int64_t portions, std::int64_t epochs);

} // namespace quantarium::quant
