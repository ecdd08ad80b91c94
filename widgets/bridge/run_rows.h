// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/store/workspace.h"
#include "widgets/bridge/event_mailbox.h"
#include "widgets/bridge/run_source.h"

namespace quantarium::widgets {

/// A row with what finding its float run needs.
struct RunEntry {
    RunRow row;
    std::string startRun;
    std::string floatKey; ///< equal for runs that share data, network, training and seed
    int generation = 0;   ///< grows when the run begins or ends; results read before are stale
};

/// Slow parts are computed here, so call it off the GUI thread for many.
RunEntry entryFromRecord(const store::RunRecord& record);

/// Top-1 of `row` minus that of `reference`, both of their best epoch, in percentage points: on test data
/// when both have it, else on validation data.
std::optional<double> accuracyDifference(const RunRow& row, const RunRow& reference);

/// All runs of a workspace as rows, newest first; knows colours and differences to float. Thread: GUI.
class RunRows {
public:
    void reset(std::vector<RunEntry> newestFirst);
    int size() const { return static_cast<int>(m_entries.size()); }
    int indexOf(const std::string& id) const; ///< -1: none
    const RunRow& row(int index) const { return m_entries[static_cast<std::size_t>(index)].row; }
    RunEntry& entry(int index) { return m_entries[static_cast<std::size_t>(index)]; }

    void insert(int index, RunEntry entry);
    void remove(int index);
    /// Takes over what the store says; keeps colour, check mark and live numbers.
    void refresh(int index, RunEntry fresh);
    /// Applies what happened to the run; the differences of rows that refer to it change too, see
    /// updateDeltas().
    void apply(int index, const RunLetter& letter);
    /// Recomputes the differences to float, after runs came, went or finished; returns the rows that changed.
    std::vector<int> updateDeltas();
    /// The same for one row whose own accuracy changed; true when the difference did too.
    bool updateDelta(int index);

    void setChecked(int index, bool checked);
    /// Gives the run a colour of its own unless it has one.
    void ensureColour(int index);
    QStringList checkedRuns() const; ///< newest first

private:
    void rebuildIndex();
    const RunRow* floatOf(const RunEntry& entry) const; ///< null: none

    std::vector<RunEntry> m_entries;
    std::unordered_map<std::string, int> m_index;          ///< id -> index
    std::unordered_map<std::string, std::string> m_floats; ///< float key -> newest finished float run
};

} // namespace quantarium::widgets
