// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "app/cli/run_host.h"
#include "core/run/events.h"
#include "core/train/registries.h"

namespace CLI {
class App;
}

namespace quantarium::cli {

/// Where a command's runs shall live: `--workspace DIR` (where this program has a store) or `--folder DIR`.
struct HostChoice {
    std::string workspace;
    std::string folder;

    void addOptions(CLI::App& command);
    /// Throws Error.
    std::unique_ptr<RunHost> open(const train::Registries& registries, RunObserver& observer) const;
};

} // namespace quantarium::cli
