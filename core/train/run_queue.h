// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/run/events.h"
#include "core/run/run_config.h"
#include "core/train/registries.h"

namespace quantarium::train {

/// A run that waits for its turn.
struct QueuedRun {
    std::string id;
    RunConfig config;             ///< resolved
    std::filesystem::path folder; ///< a checkpoint in it is continued
    std::string startRun; ///< id of the run whose weights it starts from; waits for it when that is queued
    std::filesystem::path startFile; ///< that run's weights, or the file
};

/// Runs queued runs in background threads: as many at once as fit into the cores with their threads and into
/// the memory with what their training is expected to take, in order of submission. All functions may be called from any thread; observers are called in the runs' threads.
class RunQueue {
public:
    /// The observer must outlive the queue. cores 0: this machine's; memory 0: what is free when the first of
    /// some runs starts, bytes otherwise.
    RunQueue(const Registries& registries, RunObserver& observer, int cores = 0, double memory = 0);
    ~RunQueue(); ///< stopAll(), then joins
    RunQueue(const RunQueue&) = delete;
    RunQueue& operator=(const RunQueue&) = delete;

    void submit(QueuedRun run);
    void pause(const std::string& id); ///< a queued run leaves the queue as Paused; a running one checkpoints
                                       ///< at the next batch
    void stop(const std::string& id);
    void stopAll(); ///< asks every run to checkpoint and end; queued ones end as Stopped
    bool idle() const;
    void waitIdle();
    std::vector<std::string> active() const; ///< running and queued ids

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace quantarium::train
