// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <iosfwd>

#include "core/train/registries.h"

namespace quantarium::cli {

/// The whole program: reads the command line, does what it says, writes to the two streams. Returns the exit
/// code; every error becomes one line on `error`.
int runCommandLine(int argumentCount, const char* const* arguments, const train::Registries& registries,
                   std::ostream& out, std::ostream& error);

} // namespace quantarium::cli
