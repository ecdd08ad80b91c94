// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>

namespace quantarium::desktop {

/// The desktop's command line.
struct DesktopOptions {
    std::string workspace;  ///< empty: the one used last, else the default
    std::string renderFile; ///< a picture of the window is written here, then the program ends
    std::string panel;      ///< "start", "curves", …; empty: the first
    std::string theme;      ///< "", "light", "dark"
    int width = 1440;
    int height = 900;
    double scale = 1;
};

/// Reads the command line. Nothing when the program should end now with `exitCode` (help, version, wrong use;
/// the text was printed).
std::optional<DesktopOptions> readCommandLine(int argc, char** argv, int& exitCode);

} // namespace quantarium::desktop
