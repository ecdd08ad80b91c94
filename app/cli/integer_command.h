// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/program.h"

namespace quantarium::cli {

/// integer: a finished run's network computed in integers, beside its evaluation.
void addIntegerCommand(CLI::App& app, Program& program);

} // namespace quantarium::cli
