// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/data/byte_reader.h"
#include "core/data/manifest.h"

namespace quantarium::data {

/// "60,000".
std::string groupedDigits(std::int64_t number);

/// Throws Error(Data) when record `index` has a label that the dataset doesn't have.
void checkLabel(const ByteReader& reader, const Manifest& manifest, std::int64_t label, std::int64_t index);

/// Appends "train.bin has 761 records instead of 10,000" unless the file is complete.
void noteFewerRecords(const std::filesystem::path& path, std::int64_t records, const ManifestFile& file,
                      std::vector<std::string>& notes);

} // namespace quantarium::data
