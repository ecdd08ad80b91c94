// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>

#include "app/cli/run_host.h"
#include "core/run/events.h"
#include "core/train/registries.h"

namespace quantarium::cli {

/// Runs in a workspace, through study::Laboratory as in the desktop. The observer must outlive the host.
std::unique_ptr<RunHost> openWorkspaceHost(const std::filesystem::path& workspace,
                                           const train::Registries& registries, RunObserver& observer);

} // namespace quantarium::cli
