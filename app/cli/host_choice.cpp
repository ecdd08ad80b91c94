// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/host_choice.h"

#include <CLI/CLI.hpp>

#include "app/cli/folder_host.h"
#ifdef QUANTARIUM_WITH_STORE
#include "app/cli/workspace_host.h"
#include "core/study/default_workspace.h"
#endif

namespace quantarium::cli {

void HostChoice::addOptions(CLI::App& command) {
    auto* const folderOption =
        command.add_option("--folder", folder, "Plain run folders in this folder, without a workspace")
            ->type_name("DIR");
#ifdef QUANTARIUM_WITH_STORE
    command
        .add_option("--workspace", workspace, "The workspace; else $QUANTARIUM_WORKSPACE, else ~/Quantarium")
        ->type_name("DIR")
        ->excludes(folderOption);
#else
    folderOption->required();
#endif
}

std::unique_ptr<RunHost> HostChoice::open(const train::Registries& registries, RunObserver& observer) const {
#ifdef QUANTARIUM_WITH_STORE
    if (folder.empty())
        return openWorkspaceHost(workspace.empty() ? study::defaultWorkspace()
                                                   : std::filesystem::path(workspace),
                                 registries, observer);
#endif
    return openFolderHost(folder, registries, observer);
}

} // namespace quantarium::cli
