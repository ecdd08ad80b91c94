// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "core/run/events.h"

namespace quantarium::cli {

/// The layers of a run as a table, its memory in both accountings, MACs, training memory and notes, for a
/// terminal.
std::string reportText(const RunReport& report);

} // namespace quantarium::cli
