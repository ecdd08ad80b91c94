// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/program.h"

namespace quantarium::cli {

/// config --check, --example, --reference.
void addConfigCommands(CLI::App& app, Program& program);

} // namespace quantarium::cli
