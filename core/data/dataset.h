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

#include <torch/types.h>

#include "core/base/options.h"
#include "core/base/registry.h"
#include "core/data/remarks.h"
#include "core/data/window.h"

namespace quantarium::data {

/// Images [N, C, H, W] (uint8 from a dataset, float32 from a loader) and labels [N] int64.
struct Batch {
    torch::Tensor images;
    torch::Tensor targets;
};

/// Label of a sample that can't be read; a loader leaves it out of its batch.
inline constexpr std::int64_t kUnreadable = -1;

/// Labelled samples that can be fetched by index. Immutable after construction; fetching may go on in several
/// threads at once.
class Dataset {
public:
    virtual ~Dataset() = default;
    virtual std::int64_t size() const = 0;
    virtual std::array<std::int64_t, 3> imageShape() const = 0; ///< channels, height, width
    /// uint8 images and int64 labels of these samples, in this order; kUnreadable labels an image without
    /// meaning.
    virtual Batch fetch(std::span<const std::int64_t> indices) const = 0;
    /// The same samples, of each the window drawn for its place among `indices`, scaled to imageShape(). By
    /// default cut out of what fetch() gives; datasets of larger pictures cut it out of those.
    virtual Batch fetchWindows(std::span<const std::int64_t> indices, const WindowDraws& draws) const;
    /// Whether fetching takes long enough to be shared among threads.
    virtual bool decodes() const { return false; }
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
    std::shared_ptr<Remarks> remarks; ///< what reading brings to light later; null: nothing will
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

/// What a network's ends and a plan need to know of a dataset, before any sample is read.
struct DatasetFacts {
    std::int64_t classes = 10;
    std::array<std::int64_t, 3> imageShape{3, 32, 32}; ///< channels, height, width
    std::int64_t trainSamples = 0; ///< validation included; 0: not counted before the dataset is opened
    std::int64_t testSamples = 0;
    bool inMemory = true; ///< whether open() reads all samples
};

/// One dataset: its description and how to open it.
struct DatasetEntry {
    EntrySchema schema;
    DatasetFacts published; ///< of the set as its authors publish it, for lists and documentation
    bool embedded = false;  ///< needs no files
    std::string lacking;    ///< what this build lacks to read it, with a remedy; empty: nothing
    Json defaultAugment; ///< what `dataset.augment` means when empty: {"pad": 4, "crop": true, "flip": true}
    /// What this request is about: of a folder, what lies in it. Cheap; throws Error(Data) naming place and
    /// remedy.
    std::function<DatasetFacts(const DatasetRequest&)> describe;
    /// Throws Error(Data) naming file, place and remedy.
    std::function<Splits(const DatasetRequest&)> open;
    /// Whether its files are there (cheap), for the form and the start page.
    std::function<bool(const std::filesystem::path& root)> available;
};

using Datasets = Registry<DatasetEntry>;

/// All datasets of this program. core/data/builtin.cpp lists them.
const Datasets& builtinDatasets();

} // namespace quantarium::data
