// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/run/events.h"

namespace quantarium::widgets {

/// What happened to one run since the mailbox was last emptied. A resumed run begins a new letter.
struct RunLetter {
    std::string runId;
    std::optional<RunStarted> started;
    std::vector<EpochDone> epochs;            ///< all of them; only the newest few keep their snapshots
    std::vector<std::int64_t> snapshotEpochs; ///< those of `epochs` that had a snapshot; the store has it
    std::optional<Progress> progress; ///< the newest; `losses` holds those of all progress events, bounded
    std::int64_t lossesDropped = 0;   ///< step losses beyond the bound; the store has them
    std::shared_ptr<const WeightSnapshot> weights; ///< the newest, between epochs
    std::vector<std::string> notes;                ///< what came up meanwhile
    std::optional<RunEnded> ended;
};

/// Takes events in the runs' threads and hands them over in bulk. onEvent() only locks, stores and, when the
/// mailbox was empty, calls `wake` once; the GUI thread answers by take() after its 40 ms timer.
class EventMailbox : public RunObserver {
public:
    static constexpr std::size_t kMaximumLosses = 20000; ///< per run between two take()
    static constexpr std::size_t kSnapshotsKept = 4;

    /// @param wake called in a run's thread, outside the lock, when the first event arrives in an empty
    /// mailbox
    explicit EventMailbox(std::function<void()> wake) : m_wake(std::move(wake)) {}

    void onEvent(const std::string& runId, const RunEvent& event) override;
    bool watchesWeights(const std::string& runId) const override;

    /// Everything so far, in order of each run's events; the mailbox is empty afterwards. Thread: any.
    std::vector<RunLetter> take();

    void setWatched(std::set<std::string> runIds);

private:
    RunLetter& letterFor(const std::string& runId);

    std::function<void()> m_wake;
    mutable std::mutex m_mutex;
    std::vector<RunLetter> m_letters;
    std::set<std::string> m_watched;
};

} // namespace quantarium::widgets
