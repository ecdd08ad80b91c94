// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/program.h"

namespace quantarium::cli {

/// list, show, compare, export: what reads a workspace. Several may read while another process trains in it.
void addWorkspaceCommands(CLI::App& app, Program& program);

} // namespace quantarium::cli
