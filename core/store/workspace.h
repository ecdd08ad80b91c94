// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/run/events.h"
#include "core/run/run_config.h"

namespace quantarium::store {

/// A run as tables show it; read in one query, without its series.
struct RunRecord {
    std::string id; ///< "20261120-142233-a1b2", sorts by creation
    std::string name;
    std::string group; ///< shared by the repeats of one configuration; empty for a single run
    RunState state = RunState::Queued;
    std::string reason;    ///< why it failed; how to resume
    RunConfig config;      ///< resolved
    Json identity;         ///< train::identity(config): what the result depends on
    std::string startRun;  ///< id of the run whose weights it started from, or empty
    std::string createdAt; ///< UTC, "2026-11-20T14:22:33Z"
    std::string startedAt;
    std::string endedAt;
    std::int64_t epochsDone = 0;
    std::map<std::string, double> last; ///< values of the last epoch
    std::map<std::string, double> best; ///< values of the best epoch on validation data
    std::int64_t bestEpoch = 0;
    Json result; ///< RunEnded::result when finished
    std::optional<RunReport> report;
    Json environment;
    std::string note; ///< the user's own words
};

/// What `list` and the Runs table ask for; empty members don't filter.
struct RunFilter {
    std::string text; ///< in name, method, network, dataset or id
    std::optional<RunState> state;
    std::string group;
    bool binned = false; ///< the bin's contents instead of the runs
};

enum class Access { Read, Write };

/// A folder with workspace.sqlite (WAL) and runs/<id>/. Many readers, one writer (a lock file). Opening
/// starts nothing and changes nothing but the schema version (forward, after a backup). Thread: any; calls
/// are serialized inside.
class Workspace {
public:
    /// Write access creates what is missing. Throws Error(Storage): not a workspace, read-only, from a newer
    /// version, locked by another process (with its process number), damaged.
    Workspace(std::filesystem::path folder, Access access);
    ~Workspace();
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;

    const std::filesystem::path& folder() const;
    std::filesystem::path runFolder(const std::string& id) const;

    /// A new id that no run has, not even a binned one.
    std::string newRunId() const;

    void addRun(const RunRecord& run); ///< id, name, group, config, startRun, state
    void recordStarted(const std::string& id, const RunStarted& started);
    void recordEpoch(const std::string& id,
                     const EpochDone& epoch); ///< one transaction; replaces the same epoch
    void dropEpochsAfter(const std::string& id, std::int64_t epoch); ///< a resumed run writes them again
    void recordNotes(const std::string& id, const Noted& noted); ///< joins the report's notes
    void recordState(const std::string& id, RunState state, const std::string& reason = {});
    void recordEnded(const std::string& id, const RunEnded& ended);
    void setName(const std::string& id, const std::string& name);
    void setNote(const std::string& id, const std::string& note);

    std::vector<RunRecord> list(const RunFilter& filter = {}) const; ///< newest first
    std::optional<RunRecord> find(const std::string& id) const; ///< also by unique prefix; not in the bin
    /// Throws Error(Config) when there is none or the prefix fits several.
    RunRecord at(const std::string& id) const;
    /// A finished run whose identity document (train::identity) is equal, newest first.
    std::optional<RunRecord> findFinished(const Json& identity) const;

    /// One recorded value by epoch: (epoch, value), ascending.
    std::vector<std::pair<std::int64_t, double>> series(const std::string& id, const std::string& name) const;
    std::vector<std::string> seriesNames(const std::string& id) const;
    /// Loss of every optimizer step, in order; first = steps done after it.
    std::vector<std::pair<std::int64_t, double>> stepLosses(const std::string& id) const;
    std::vector<std::int64_t> snapshotEpochs(const std::string& id) const;
    std::shared_ptr<const WeightSnapshot> snapshot(const std::string& id, std::int64_t epoch) const;

    /// Moves runs to the bin (files too); undo brings them back. Running runs are refused.
    void moveToBin(const std::vector<std::string>& ids);
    void restore(const std::vector<std::string>& ids);
    void emptyBin();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace quantarium::store
