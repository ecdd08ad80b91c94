// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/data/dataset.h"

namespace quantarium::data {

/// Random changes of training images, drawn per sample from the augmentation stream.
struct Augmentation {
    std::int64_t pad =
        0;             ///< zero pixels added on each side before the crop (paper B 3.1: pad, then normalize)
    bool crop = false; ///< random crop back to the original size
    bool flip = false; ///< horizontal, probability 1/2
    bool resizedCrop = false;   ///< before all others: a random window, scaled to the original size
    double smallestArea = 0.08; ///< of that window, as a share of the picture's

    /// Schema of `dataset.augment`.
    static const std::vector<OptionSpec>& schema();
    static Augmentation from(const Options& options);
};

struct LoaderSettings {
    std::int64_t batch = 128;
    bool shuffle = true;
    bool dropLast = true; ///< leave out a last batch smaller than `batch` (unless it would be the only one)
    Augmentation augmentation;
    Normalization normalization;
    std::uint64_t seed = 1;    ///< order and augmentation depend on it alone, not on threads or time
    bool channelsLast = false; ///< memory layout of the images given out
    std::int64_t prefetch = 2; ///< batches prepared ahead in the background; 0: prepared in next()
    std::int64_t decoders = 1; ///< background threads, of lower priority, for a dataset that decodes
};

/// Gives out float32 normalized batches, prepared ahead in the background. Samples that
/// can't be read are left out of their batch. The order of epoch e is a
/// permutation derived from (seed, e), the augmentation of a sample from (seed, e, position): a pure
/// function, so a run that resumes in the middle sees what an uninterrupted one sees.
class Loader {
public:
    Loader(std::shared_ptr<const Dataset> dataset, LoaderSettings settings);
    ~Loader(); ///< joins the background thread
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    std::int64_t batchesPerEpoch() const;

    /// Begins epoch `epoch` (counted from 0) at batch `firstBatch`.
    void start(std::int64_t epoch, std::int64_t firstBatch = 0);

    /// The next batch, or nothing at the epoch's end. Rethrows what a background thread threw. Throws
    /// Error(Data) when not one sample of a whole batch can be read; a shorter last one is left out then.
    std::optional<Batch> next();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace quantarium::data
