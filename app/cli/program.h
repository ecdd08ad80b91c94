// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <iosfwd>

#include "app/cli/exit_code.h"
#include "core/train/registries.h"

namespace CLI {
class App;
}

namespace quantarium::cli {

/// What every command gets: the registries, where to write, and a place for what the chosen command will do.
///
/// A command group is a function `void add…Commands(CLI::App& app, Program& program)`. It adds its
/// subcommands; the callback of the one that was chosen sets `action`, which main() then runs. Errors are
/// thrown as quantarium::Error.
struct Program {
    const train::Registries& registries;
    std::ostream& out;   ///< results
    std::ostream& error; ///< notes for people
    std::function<ExitCode()> action;
};

} // namespace quantarium::cli
