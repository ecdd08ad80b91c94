// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <torch/types.h>

#include "core/base/json.h"

namespace quantarium::nn {

/// Named tensors and texts, in the safetensors format: 8 bytes of header length (little-endian), a JSON
/// header, raw little-endian data. Opens in Python with the safetensors package.
struct TensorFile {
    std::map<std::string, torch::Tensor> tensors; ///< contiguous, on the CPU
    std::map<std::string, std::string> texts;     ///< the header's "__metadata__"
};

/// Writes atomically (core/base/files.h), with a CRC-32 of the data in `texts["quantarium.crc32"]`. Throws
/// Error(Storage).
void writeTensorFile(const std::filesystem::path& file, const TensorFile& content);

/// Reads a file that may be cut, foreign or hostile: every length, offset, shape, dtype and overlap is
/// checked before memory is taken, and the CRC when there is one. Throws Error(Data) naming file, place and
/// remedy.
TensorFile readTensorFile(const std::filesystem::path& file);

} // namespace quantarium::nn
