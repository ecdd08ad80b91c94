// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <iosfwd>
#include <memory>

#include "app/cli/run_log.h"
#include "app/cli/terminal.h"

namespace quantarium::cli {

/// One line a running run at the bottom of the terminal, redrawn in place; a lasting line for each run that
/// ended.
std::unique_ptr<RunLog> makeBarPrinter(std::ostream& terminalStream, const Terminal& terminal);

/// One lasting line for each start, epoch and end: for files and job logs.
std::unique_ptr<RunLog> makeLinePrinter(std::ostream& out);

/// One JSON object per event and line, with the run's id under "run". Notes go to `notes`.
std::unique_ptr<RunLog> makeJsonPrinter(std::ostream& out, std::ostream& notes);

} // namespace quantarium::cli
