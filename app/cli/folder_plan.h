// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/run/run_config.h"
#include "core/train/run_queue.h"

namespace quantarium::cli {

/// The runs below one folder when there is no workspace: `runs.json` (format "quantarium-folder/1") names
/// them, each has its run folder beside it. A single run that needs no other one lives in the folder itself.
struct FolderPlan {
    struct Entry {
        std::string id;       ///< "run-1", "float-1"
        std::string folder;   ///< relative to the plan's folder; "." for the folder itself
        std::string startRun; ///< id of the run whose weights it starts from, or empty

        bool operator==(const Entry&) const = default;
    };
    std::filesystem::path root;
    std::vector<Entry> entries;

    const Entry& at(const std::string& id) const; ///< throws Error(Config)

    /// Throws Error(Config) when the folder has no plan, Error(Data) when it is damaged.
    static FolderPlan read(const std::filesystem::path& root);
    void write() const; ///< throws Error(Storage)

    /// The queue's view of one run. `config` is its resolved configuration.
    train::QueuedRun queued(const Entry& entry, const RunConfig& config) const;
};

/// Makes run folders with configurations below a new folder and the plan over them. Runs that start from the
/// same float run share it. Throws Error(Storage) when the folder already holds runs, Error(Config) as
/// train::resolve does.
FolderPlan createFolderPlan(const std::filesystem::path& root, const std::vector<RunConfig>& configs,
                            const train::Registries& registries);

} // namespace quantarium::cli
