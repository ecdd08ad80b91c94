// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/run/run_config.h"
#include "core/train/registries.h"

namespace quantarium::train {

/// Completes a configuration: every option of every entry filled in with its default, the thread count and a
/// name set. What comes out repeats the run. Throws Error(Config) whose `where` is the key ("weights.bits",
/// "dataset.options.difficulty") for unknown ids and options, bits outside the method's range,
/// contradictions, and what this version can't do yet (ensemble.members > 1).
RunConfig resolve(const RunConfig& config, const Registries& registries, const std::string& source = {});

/// "resnet20 · rdhs 3 bit · fashion-mnist"; used when the configuration has no name.
std::string describe(const RunConfig& config);

/// The float run that `start.from = "float"` means: same data, network and training, `float_epochs` long,
/// same seed.
RunConfig floatStart(const RunConfig& resolved);

/// One configuration per repeat, seeds seed, seed + 1, …; each with repeats = 1.
std::vector<RunConfig> repeats(const RunConfig& resolved);

/// The parts of a configuration that its result depends on (no name), for finding an equal run.
Json identity(const RunConfig& resolved);

} // namespace quantarium::train
