// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>

namespace quantarium::cli {

/// Whether standard error is a terminal that can redraw a line, and how it writes.
struct Terminal {
    bool interactive = false;
    bool unicode = false; ///< block characters may be used

    /// Looks at standard error, TERM and the locale.
    static Terminal detect();
};

/// Columns of the terminal at standard error now; 80 when unknown.
std::size_t terminalWidth();

} // namespace quantarium::cli
