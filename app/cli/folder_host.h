// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>

#include "app/cli/run_host.h"
#include "core/run/events.h"
#include "core/train/registries.h"

namespace quantarium::cli {

/// Runs in plain run folders below one folder, without a workspace: on a GPU server, in a Slurm job. The
/// observer must outlive the host. Throws Error(Storage) when another process works in the folder.
std::unique_ptr<RunHost> openFolderHost(const std::filesystem::path& folder,
                                        const train::Registries& registries, RunObserver& observer);

} // namespace quantarium::cli
