// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "core/data/manifest.h"

namespace quantarium::data {

/// Reads the files of one split from a folder; appends to the notes.
using SplitReader = Batch (*)(const Manifest& manifest, const std::vector<ManifestFile>& files,
                              const std::filesystem::path& folder, std::vector<std::string>& notes);

/// An entry described by its manifest, without `open` and `available`.
DatasetEntry describedEntry(const Manifest& manifest);

/// An entry whose files lie in a folder and are read by `reader`.
DatasetEntry fileEntry(Manifest manifest, SplitReader reader);

DatasetEntry cifar10Entry();
DatasetEntry cifar100Entry();
DatasetEntry fashionMnistEntry();
DatasetEntry imagenetEntry();
DatasetEntry mnistEntry();
DatasetEntry shapes10Entry();

} // namespace quantarium::data
