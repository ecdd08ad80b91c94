// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>

#include "core/data/manifest.h"

namespace quantarium::data {

/// Which samples train and which validate, each ascending.
struct SplitIndices {
    std::vector<std::int64_t> train;
    std::vector<std::int64_t> validation;
};

/// Holds out round(share · N) of the samples, at least one unless the share is 0, with the classes in the
/// proportion of the whole (largest remainders). Which ones, is drawn from the split stream of `seed` alone.
/// Labels are 0 … classes−1.
SplitIndices stratifiedSplit(std::span<const std::int64_t> labels, std::int64_t classes, double share,
                             std::uint64_t seed);

/// The first `limit` of `available` samples, or all of them. Throws Error(Config) with `where` when the limit
/// is below 1.
std::int64_t limitedCount(std::int64_t available, std::optional<std::int64_t> limit,
                          const std::string& where);

/// Up to `limit` samples with the classes as even as they can be: the first of every class, then the second
/// of every class, and so on; ascending. For sets that lie sorted by class, where the first ones would be one
/// class. Labels are 0 … classes−1.
std::vector<std::int64_t> evenSelection(std::span<const std::int64_t> labels, std::int64_t classes,
                                        std::int64_t limit);

/// A dataset with its labels, 0 … classes−1.
struct Labelled {
    std::shared_ptr<const Dataset> samples;
    std::span<const std::int64_t> labels;
};

/// Holds out the validation samples of the training ones; the other members stay as they are. Throws
/// Error(Config) for a share outside [0, 1), and when nothing is left to train with.
Splits holdOut(const Labelled& train, std::int64_t classes, const DatasetRequest& request);

/// Cuts to the request's limits, holds out the validation samples (of the training ones, never of the test
/// ones), and adds the manifest's names and constants. Throws Error(Config) when nothing is left to train
/// with.
Splits makeSplits(Batch train, Batch test, const Manifest& manifest, const DatasetRequest& request,
                  std::vector<std::string> notes);

} // namespace quantarium::data
