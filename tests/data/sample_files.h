// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/data/dataset.h"

namespace quantarium::testing {

/// What bytes of the files made here look like: pixel p of image i is (7·i + p) mod 251, its label is i mod
/// classes.
std::uint8_t samplePixel(std::int64_t image, std::int64_t pixel);

/// IDX files as bytes.
std::string idxImages(std::int64_t count, std::int64_t height = 28, std::int64_t width = 28);
std::string idxLabels(std::int64_t count, std::int64_t classes = 10);

/// Records of a CIFAR binary file; with two label bytes the first is 3.
std::string cifarRecords(std::int64_t count, std::int64_t labelBytes = 1, std::int64_t classes = 10);

std::string gzipped(const std::string& content);

/// The start of a real PNG file, padded to `bytes`.
std::string pngLike(std::size_t bytes);

void writeFile(const std::filesystem::path& file, const std::string& content);

/// Opens a builtin dataset from this folder without a validation split.
data::Splits openDataset(const std::string& id, const std::filesystem::path& root,
                         double validationShare = 0);

/// The error that opening throws, or nothing when it succeeds.
std::optional<Error> openError(const std::string& id, const std::filesystem::path& root);

/// All samples in order.
data::Batch allSamples(const data::Dataset& dataset);

/// Sets QUANTARIUM_DATA for the life of the object.
class DataVariable {
public:
    explicit DataVariable(const std::optional<std::string>& value);
    ~DataVariable();
    DataVariable(const DataVariable&) = delete;
    DataVariable& operator=(const DataVariable&) = delete;

private:
    std::optional<std::string> m_before;
};

} // namespace quantarium::testing
