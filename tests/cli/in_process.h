// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

#include "tests/cli/cli_process.h"

namespace quantarium::testing {

/// What quantarium-cli does with this command line, without the second that starting a process with LibTorch
/// takes.
CliOutcome runInProcess(const QStringList& arguments);

} // namespace quantarium::testing
