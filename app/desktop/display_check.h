// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace quantarium::desktop {

/// Whether a window can be opened here. Qt ends the whole program when it can't, whatever the reason (no
/// DISPLAY, nobody there, no permission, a missing plugin), so a child process tries it first. Call before
/// QApplication exists and before threads do.
bool displayIsReachable(int argc, char** argv);

} // namespace quantarium::desktop
