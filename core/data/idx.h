// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/data/manifest.h"

namespace quantarium::data {

/// Reads one split of a dataset in IDX files (LeCun's format of MNIST): an images file (magic 0x00000803,
/// count, height, width, then one byte a pixel) and a labels file (magic 0x00000801, count, then one byte a
/// label), big-endian, each plain or gzip-compressed.
///
/// Returns uint8 images [N, 1, H, W] and int64 labels [N]; appends a note for a file with fewer records than
/// `files` says. Throws Error(Data) naming the file for anything else that differs.
Batch readIdxSplit(const Manifest& manifest, const std::vector<ManifestFile>& files,
                   const std::filesystem::path& folder, std::vector<std::string>& notes);

} // namespace quantarium::data
