// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/program.h"

namespace quantarium::cli {

/// networks, methods, datasets, tasks, optimizers, schedules, examples.
void addCatalogCommands(CLI::App& app, Program& program);

} // namespace quantarium::cli
