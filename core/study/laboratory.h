// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/run/events.h"
#include "core/store/workspace.h"
#include "core/train/registries.h"

namespace quantarium::study {

/// A workspace with a run queue: the one way in which the desktop and the command line start runs. Submitting
/// resolves a configuration, finds or adds the shared float run, makes one run per repeat, records
/// everything, and keeps the store and the run folders in step after a crash. Functions may be called from
/// any thread.
class Laboratory {
public:
    /// Opens the workspace for writing and imports what runs wrote into their folders while no one recorded
    /// it (a crash); runs left as running become stopped and can be resumed. Throws Error.
    explicit Laboratory(std::filesystem::path workspaceFolder,
                        const train::Registries& registries = train::Registries::builtin(), int cores = 0);
    ~Laboratory(); ///< checkpoints and joins everything
    Laboratory(const Laboratory&) = delete;
    Laboratory& operator=(const Laboratory&) = delete;

    store::Workspace& workspace();
    const train::Registries& registries() const;

    /// Adds runs to the queue. Returns their ids in order: the shared float runs that had to be made first,
    /// then one per repeat. Throws Error(Config) or Error(Storage); nothing is then queued.
    std::vector<std::string> submit(const RunConfig& config);

    /// Continues a paused, stopped or failed run from its checkpoint.
    void resume(const std::string& id);
    void pause(const std::string& id);
    void stop(const std::string& id);
    void stopAll();
    bool idle() const;
    void waitIdle();
    std::vector<std::string> active() const;

    /// Observers see every run's events after they were handed to the recorder, in the runs' threads. Not
    /// owned; remove before destroying it (removal waits until no call is in it).
    void addObserver(RunObserver* observer);
    void removeObserver(RunObserver* observer);

    /// Waits until everything handed over so far is in the store.
    void flush();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace quantarium::study
