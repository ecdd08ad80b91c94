// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>

#include "core/nn/tensor_file.h"

namespace quantarium::nn {

/// Reads the tensors of any file of weights: safetensors, or a PyTorch state dict in the zip or in the legacy
/// format, told by its first bytes. A prefix that all names share because of a wrapper (`module.`, `model.`,
/// `_orig_mod.`, …) is taken off; floating-point tensors come as float32. The file may be cut, foreign or
/// hostile, and nothing in it is ever run. Throws Error(Data) naming file, place and remedy.
TensorFile readWeightsFile(const std::filesystem::path& file);

} // namespace quantarium::nn
