// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "widgets/bridge/run_bridge.h"
#include "widgets/main_window/main_window.h"

namespace quantarium::desktop {

/// Throws Error(Storage) when there is no workspace in this folder; opening it to draw it would make one.
void requireWorkspace(const std::string& folder);

/// Waits until the workspace and everything the window shows has been read, then writes a picture of the
/// window. Returns the exit code; what went wrong is on stderr.
int renderWindow(widgets::MainWindow& window, widgets::RunBridge& bridge, const std::string& file);

} // namespace quantarium::desktop
