// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/train/run_folder.h"
#include "core/train/session.h"

namespace quantarium::train {

/// A finished run as it was measured and stored at its end: the network of its best epoch with quantizers,
/// ranges and running statistics, and its data. A run without epochs is measured anew.
/// @param startFile weights that a run without epochs started from, empty otherwise
/// Throws Error(Config) when the run has not finished, Error(Data) when its files are damaged.
Session openFinishedRun(const RunFolder& folder, const Registries& registries,
                        const std::filesystem::path& startFile = {});

} // namespace quantarium::train
