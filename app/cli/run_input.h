// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/run/run_config.h"

namespace quantarium::cli {

/// What the command line changes in a configuration.
struct RunChanges {
    std::string recipe; ///< id of a recipe that comes first; empty: none
    std::vector<std::string> settings;
};

/// The options --recipe and --set.
/// @param when "With --check: " where they belong to one mode of a command
void addRunChanges(CLI::App& command, RunChanges& changes, const std::string& when = {});

/// The configurations that FILE|EXAMPLE stands for: a run configuration file, an example file, or the id of a
/// built-in example; each with the changes. Throws Error.
std::vector<RunConfig> readRuns(const std::string& fileOrExample, const RunChanges& changes);

} // namespace quantarium::cli
