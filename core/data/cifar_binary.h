// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/data/manifest.h"

namespace quantarium::data {

/// Reads one split of a dataset in Krizhevsky's binary layout: records of `manifest.labelBytes` label bytes,
/// then the pixels as R, G and B planes, row-major, one byte each.
///
/// Returns uint8 images [N, C, H, W] and int64 labels [N], the files one after another; appends a note for
/// each file with fewer records than `files` says. Throws Error(Data) naming the file when it is missing,
/// empty, longer than the standard one, no whole number of records, or has a label out of range.
Batch readCifarSplit(const Manifest& manifest, const std::vector<ManifestFile>& files,
                     const std::filesystem::path& folder, std::vector<std::string>& notes);

} // namespace quantarium::data
