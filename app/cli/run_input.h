// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/run/run_config.h"

namespace quantarium::cli {

/// The configurations that FILE|EXAMPLE stands for: a run configuration file, an example file, or the id of a
/// built-in example; each changed by `--set section.key=value`. Throws Error.
std::vector<RunConfig> readRuns(const std::string& fileOrExample, const std::vector<std::string>& settings);

} // namespace quantarium::cli
