// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "app/cli/run_input.h"
#include "core/run/events.h"
#include "core/run/run_config.h"
#include "core/train/registries.h"

namespace quantarium::cli {

/// Configurations as they were read, and where they come from.
struct GivenRuns {
    std::vector<RunConfig> configs;
    std::string source; ///< the file or example, for messages
    RunChanges changes; ///< already made
};

/// The configurations that FILE|EXAMPLE stands for, with the changes. Throws Error.
GivenRuns givenRuns(const std::string& fileOrExample, const RunChanges& changes);

/// What a configuration means, complete, and what its layers will be like.
struct CheckedRun {
    RunConfig config;
    RunReport report;
};

/// Checks all that can be checked without the dataset's files: configurations (Config) and the weights they
/// start from (Data). Throws Error; what is wrong with a recipe's own setting names the recipe.
std::vector<CheckedRun> checkRuns(const GivenRuns& given, const train::Registries& registries);

/// Finds out before anything is queued what would make these runs fail at their start: also dataset files
/// that are missing or damaged (Data), more memory than there is (Resource). Throws Error.
void checkBeforeStart(const GivenRuns& given, const train::Registries& registries);

} // namespace quantarium::cli
