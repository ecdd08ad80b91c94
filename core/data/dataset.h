// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "core/base/options.h"
#include "core/base/registry.h"

namespace quantarium::data {

/// Images [N, C, H, W] (uint8 from a dataset, float32 from a loader) and labels [N] int64.
struct Batch {
    torch::Tensor images;
    torch::Tensor targets;
};

/// Labelled samples that can be fetched by index. Immutable after construction; fetch() may be called from
/// several threads at once.
class Dataset {
public:
    virtual ~Dataset() = default;
    virtual std::int64_t size() const = 0;
    virtual std::array<std::int64_t, 3> imageShape() const = 0; ///< channels, height, width
    /// uint8 images and int64 labels of these samples, in this order.
    virtual Batch fetch(std::span<const std::int64_t> indices) const = 0;
};

/// A dataset that is a selection of another one.
std::shared_ptr<const Dataset> subset(std::shared_ptr<const Dataset> dataset,
                                      std::vector<std::int64_t> indices);

/// Mean and standard deviation per channel of images scaled to [0, 1].
struct Normalization {
    std::vector<double> mean;
    std::vector<double> deviation;
};

/// What a dataset folder gave.
struct Splits {
    std::shared_ptr<const Dataset> train;
    std::shared_ptr<const Dataset> validation; ///< null when the share is 0
    std::shared_ptr<const Dataset> test;
    std::vector<std::string> classNames;
    Normalization normalization;
    std::vector<std::string>
        notes; ///< what a person should know: "data_batch_1.bin has 761 records instead of 10,000"
};

/// What opening a dataset needs.
struct DatasetRequest {
    std::filesystem::path root; ///< empty: looked for below QUANTARIUM_DATA by the manifest's folder names
    std::uint64_t seed = 1;     ///< of the run, for the validation split
    double validationShare = 0.1;
    std::optional<std::int64_t> limit;
    std::optional<std::int64_t> testLimit;
    std::string normalization = "dataset"; ///< "dataset", "imagenet", "none"
    Options options;                       ///< the dataset's own
};

/// One dataset: its description and how to open it.
struct DatasetEntry {
    EntrySchema schema;
    std::int64_t classes = 10;
    std::array<std::int64_t, 3> imageShape{3, 32, 32}; ///< channels, height, width
    std::int64_t trainSamples = 0;
    std::int64_t testSamples = 0;
    bool embedded = false; ///< needs no files
    Json defaultAugment; ///< what `dataset.augment` means when empty: {"pad": 4, "crop": true, "flip": true}
    /// Throws Error(Data) naming file, place and remedy.
    std::function<Splits(const DatasetRequest&)> open;
    /// Whether its files are there (cheap), for the form and the start page.
    std::function<bool(const std::filesystem::path& root)> available;
};

using Datasets = Registry<DatasetEntry>;

/// All datasets of this program. core/data/builtin.cpp lists them.
const Datasets& builtinDatasets();

} // namespace quantarium::data
