// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>

namespace quantarium::study {

/// The workspace that the desktop and the command line use when none is named: $QUANTARIUM_WORKSPACE, else
/// "Quantarium" in the home folder. Throws Error(Config) when there is neither.
std::filesystem::path defaultWorkspace();

} // namespace quantarium::study
