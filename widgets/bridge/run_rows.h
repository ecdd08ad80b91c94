// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/store/workspace.h"
#include "widgets/bridge/event_mailbox.h"
#include "widgets/bridge/run_source.h"

namespace quantarium::widgets {

struct RunEntry {
    RunRow row;
    int generation = 0; ///< grows when the run begins or ends; results read before are stale
};

RunEntry entryFromRecord(const store::RunRecord& record);
/// The same with the seconds of a run that has no result yet, summed over its epochs.
RunEntry entryFromWorkspace(const store::Workspace& workspace, const store::RunRecord& record);

/// Ids of all runs, oldest first, those in the bin too: a run's place in it gives its colour.
std::vector<std::string> creationOrder(const store::Workspace& workspace);

/// A finished run's top-1 accuracy beside its float run's, both of their best epoch.
struct Comparison {
    double points = 0;   ///< percentage points, its own minus the float run's
    bool onTest = false; ///< else on validation data
    std::string reference;
};

/// By id, for every finished quantized run whose float run store::FloatReference finds. Reads the workspace:
/// not for the GUI thread.
using Comparisons = std::unordered_map<std::string, Comparison>;
Comparisons compareToFloat(const store::Workspace& workspace);

/// All runs of a workspace as rows, newest first; knows their colours. Thread: GUI.
class RunRows {
public:
    /// @param created ids in order of creation, see creationOrder(); runs it lacks come after
    void reset(std::vector<RunEntry> newestFirst, const std::vector<std::string>& created = {});
    int size() const { return static_cast<int>(m_entries.size()); }
    int indexOf(const std::string& id) const; ///< -1: none
    const RunRow& row(int index) const { return m_entries[static_cast<std::size_t>(index)].row; }
    RunEntry& entry(int index) { return m_entries[static_cast<std::size_t>(index)]; }

    void insert(int index, RunEntry entry);
    void remove(int index);
    /// Takes over what the store says; keeps colour, check mark and live numbers.
    void refresh(int index, RunEntry fresh);
    void apply(int index, const RunLetter& letter);
    /// Shows these differences to float and no others; returns the rows that changed.
    std::vector<int> showComparisons(const Comparisons& comparisons);

    void setChecked(int index, bool checked) { entry(index).row.checked = checked; }
    QStringList checkedRuns() const; ///< newest first

private:
    void rebuildIndex();
    int colourOf(const std::string& id); ///< by its place; a new run gets the next place

    std::vector<RunEntry> m_entries;
    std::unordered_map<std::string, int> m_index;  ///< id -> index
    std::unordered_map<std::string, int> m_places; ///< id -> place in the order of creation; none is reused
};

} // namespace quantarium::widgets
