// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "core/run/run_config.h"
#include "core/train/registries.h"

namespace quantarium::cli {

/// Finds out before anything is queued what would make these runs fail at their start: a wrong configuration
/// (Config), dataset files that are missing or damaged (Data), more memory than there is (Resource). Throws
/// Error.
void checkBeforeStart(const std::vector<RunConfig>& configs, const train::Registries& registries,
                      const std::string& source);

} // namespace quantarium::cli
