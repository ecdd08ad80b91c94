// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>

#include "core/nn/network.h"
#include "core/run/run_config.h"
#include "core/train/registries.h"

namespace quantarium::train {

/// Copies the weights of another run or of a file (safetensors, PyTorch state dict) into a network. Throws
/// Error(Data) that lists all tensors that are missing, not the network's, or of another shape or kind of
/// number; the network is then unchanged. Counters of batches that batch norms have seen may be missing, as
/// in files older than they are.
void loadStart(nn::Network& network, const std::filesystem::path& file);

/// Whether `file` could start this run, before anything is started. Throws Error(Data) as loadStart does.
void requireStartFits(const RunConfig& resolved, const Registries& registries,
                      const std::filesystem::path& file);

} // namespace quantarium::train
