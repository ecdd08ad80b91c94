// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "core/base/error.h"

namespace quantarium::cli {

/// What the program returns to the shell. Stable: scripts and job systems rely on the numbers.
enum class ExitCode {
    Ok = 0,
    Internal = 1,
    Usage = 2,
    Data = 3,
    Storage = 4,
    RunFailed = 5,
    Resource = 6,
    Interrupted = 130
};

ExitCode exitCodeFor(ErrorKind kind);

/// The list for --help and the documentation, one code a line.
std::string exitCodeHelp();

} // namespace quantarium::cli
