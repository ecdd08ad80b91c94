// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/default_workspace.h"

#include <cstdlib>

#include "core/base/error.h"

namespace quantarium::study {

std::filesystem::path defaultWorkspace() {
    const auto variable = [](const char* name) {
        const char* const value = std::getenv(name);
        return std::filesystem::path(value ? value : "");
    };
    if (const auto named = variable("QUANTARIUM_WORKSPACE"); !named.empty()) return named;
    if (const auto home = variable("HOME"); !home.empty()) return home / "Quantarium";
    throw Error(ErrorKind::Config, "no workspace is named and there is no home folder",
                "QUANTARIUM_WORKSPACE", "Set it, or use --workspace DIR.");
}

} // namespace quantarium::study
