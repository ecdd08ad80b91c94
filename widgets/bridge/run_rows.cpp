// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/bridge/run_rows.h"

#include <algorithm>
#include <iterator>

#include "core/store/float_reference.h"
#include "core/store/result_columns.h"

namespace quantarium::widgets {

namespace {

constexpr int kColours = 24; ///< that Theme::runColour() tells apart

QMap<QString, double> toMap(const std::map<std::string, double>& values) {
    QMap<QString, double> result;
    for (const auto& [name, value] : values)
        result.insert(QString::fromStdString(name), value);
    return result;
}

/// Adds what was measured at the end, on test data, to an epoch's values.
void addMeasured(QMap<QString, double>& values, const Json& result, const char* moment) {
    const auto found = result.find(moment);
    if (found == result.end() || !found->is_object()) return;
    for (const auto& [name, value] : found->items())
        if (name.starts_with("test_") && value.is_number())
            values.insert(QString::fromStdString(name), value.get<double>());
}

double progressOf(const RunRow& row) {
    if (row.state == RunState::Finished) return 1;
    return row.epochsTotal > 0 ? static_cast<double>(row.epochsDone) / static_cast<double>(row.epochsTotal)
                               : 0;
}

void applyEpoch(RunRow& row, const EpochDone& epoch) {
    row.epochsDone = epoch.epoch;
    row.last = toMap(epoch.values);
    const auto seconds = epoch.values.find("seconds");
    if (seconds != epoch.values.end()) row.seconds += seconds->second;
    if (!epoch.best) return;
    row.best = row.last;
    row.bestEpoch = epoch.epoch;
}

void applyStarted(RunRow& row, const RunStarted& started) {
    row.state = RunState::Running;
    row.reason.clear();
    row.report = started.report;
    row.epochsTotal = started.totalEpochs;
    const bool goesOn = row.epochsDone == started.firstEpoch; // within an epoch, after a pause
    row.epochsDone = started.firstEpoch;
    row.progress = goesOn ? std::max(row.progress, progressOf(row)) : progressOf(row);
    row.secondsLeft = -1;
}

void applyProgress(RunRow& row, const Progress& progress) {
    if (row.state == RunState::Queued) row.state = RunState::Running;
    row.phase = QString::fromStdString(progress.phase);
    row.imagesPerSecond = progress.imagesPerSecond;
    row.snapshotShare = progress.snapshotShare;
    row.secondsLeft = progress.secondsLeft;
    row.epochsDone = progress.epoch;
    if (progress.totalSteps > 0)
        row.progress = static_cast<double>(progress.step) / static_cast<double>(progress.totalSteps);
}

void applyEnded(RunRow& row, const RunEnded& ended) {
    row.state = ended.state;
    row.reason = QString::fromStdString(ended.reason);
    row.secondsLeft = -1;
    row.imagesPerSecond = 0;
    row.snapshotShare = 0;
    row.phase.clear();
    if (row.state == RunState::Finished) row.progress = 1;
}

} // namespace

RunEntry entryFromRecord(const store::RunRecord& record) {
    RunEntry entry;
    auto& row = entry.row;
    row.id = QString::fromStdString(record.id);
    row.name = QString::fromStdString(record.name);
    row.group = QString::fromStdString(record.group);
    row.state = record.state;
    row.reason = QString::fromStdString(record.reason);
    row.config = record.config;
    row.report = record.report;
    row.epochsDone = record.epochsDone;
    row.epochsTotal = record.config.training.epochs;
    row.progress = progressOf(row);
    row.last = toMap(record.last);
    row.best = toMap(record.best);
    row.bestEpoch = record.bestEpoch;
    if (record.result.is_object()) {
        row.seconds = record.result.value("seconds", 0.0);
        addMeasured(row.last, record.result, "last");
        addMeasured(row.best, record.result, "best");
    }
    return entry;
}

RunEntry entryFromWorkspace(const store::Workspace& workspace, const store::RunRecord& record) {
    auto entry = entryFromRecord(record);
    if (entry.row.seconds > 0 || record.epochsDone == 0) return entry;
    for (const auto& [epoch, seconds] : workspace.series(record.id, "seconds"))
        entry.row.seconds += seconds;
    return entry;
}

std::vector<std::string> creationOrder(const store::Workspace& workspace) {
    store::RunFilter bin;
    bin.binned = true;
    auto runs = workspace.list();
    const auto binned = workspace.list(bin);
    runs.insert(runs.begin(), binned.begin(), binned.end());
    std::reverse(runs.begin(), runs.end());
    std::stable_sort(runs.begin(), runs.end(), [](const store::RunRecord& a, const store::RunRecord& b) {
        return a.createdAt < b.createdAt;
    });
    std::vector<std::string> ids;
    for (const auto& run : runs)
        ids.push_back(run.id);
    return ids;
}

Comparisons compareToFloat(const store::Workspace& workspace) {
    Comparisons comparisons;
    const store::FloatReference floats(workspace, {});
    store::RunFilter finished;
    finished.state = RunState::Finished;
    for (const auto& run : workspace.list(finished)) {
        const auto match = floats.of(run);
        if (!match.run || match.run->state != RunState::Finished) continue;
        const auto split = store::commonSplit({&run, match.run});
        const auto own = store::bestTop1(run, split);
        const auto other = store::bestTop1(*match.run, split);
        if (own && other)
            comparisons[run.id] = {*own - *other, split == store::Split::Test,
                                   match.run->name + " (" + match.how + ")"};
    }
    return comparisons;
}

void RunRows::rebuildIndex() {
    m_index.clear();
    for (int i = 0; i < size(); ++i)
        m_index[m_entries[static_cast<std::size_t>(i)].row.id.toStdString()] = i;
}

int RunRows::colourOf(const std::string& id) {
    const auto next = static_cast<int>(m_places.size());
    return m_places.try_emplace(id, next).first->second % kColours;
}

void RunRows::reset(std::vector<RunEntry> newestFirst, const std::vector<std::string>& created) {
    m_entries = std::move(newestFirst);
    m_places.clear();
    for (const auto& id : created)
        (void)colourOf(id);
    for (auto entry = m_entries.rbegin(); entry != m_entries.rend(); ++entry)
        entry->row.colour = colourOf(entry->row.id.toStdString());
    rebuildIndex();
}

int RunRows::indexOf(const std::string& id) const {
    const auto found = m_index.find(id);
    return found == m_index.end() ? -1 : found->second;
}

void RunRows::insert(int index, RunEntry entry) {
    entry.row.colour = colourOf(entry.row.id.toStdString());
    m_entries.insert(m_entries.begin() + index, std::move(entry));
    rebuildIndex();
}

void RunRows::remove(int index) {
    m_entries.erase(m_entries.begin() + index);
    rebuildIndex();
}

void RunRows::refresh(int index, RunEntry fresh) {
    auto& old = entry(index);
    fresh.generation = old.generation;
    fresh.row.colour = old.row.colour;
    fresh.row.checked = old.row.checked;
    fresh.row.deltaToFloat = old.row.deltaToFloat;
    fresh.row.deltaReference = old.row.deltaReference;
    fresh.row.deltaOnTest = old.row.deltaOnTest;
    if (fresh.row.epochsDone == old.row.epochsDone) // the store counts whole epochs only
        fresh.row.progress = std::max(fresh.row.progress, old.row.progress);
    if (fresh.row.state == RunState::Running) {
        fresh.row.progress = old.row.progress;
        fresh.row.secondsLeft = old.row.secondsLeft;
        fresh.row.imagesPerSecond = old.row.imagesPerSecond;
        fresh.row.snapshotShare = old.row.snapshotShare;
        fresh.row.phase = old.row.phase;
    }
    if (fresh.row.seconds == 0) fresh.row.seconds = old.row.seconds;
    old = std::move(fresh);
}

void RunRows::apply(int index, const RunLetter& letter) {
    auto& changed = entry(index);
    if (letter.started) {
        ++changed.generation;
        applyStarted(changed.row, *letter.started);
    }
    if (changed.row.report)
        for (const auto& note : letter.notes)
            changed.row.report->notes.push_back(note);
    for (const auto& epoch : letter.epochs)
        applyEpoch(changed.row, epoch);
    if (letter.progress) applyProgress(changed.row, *letter.progress);
    if (letter.ended) {
        ++changed.generation;
        applyEnded(changed.row, *letter.ended);
    }
}

std::vector<int> RunRows::showComparisons(const Comparisons& comparisons) {
    std::vector<int> changed;
    for (int i = 0; i < size(); ++i) {
        auto& row = entry(i).row;
        const auto found = comparisons.find(row.id.toStdString());
        std::optional<double> delta;
        QString reference;
        bool onTest = true;
        if (found != comparisons.end()) {
            delta = found->second.points;
            reference = QString::fromStdString(found->second.reference);
            onTest = found->second.onTest;
        }
        if (delta == row.deltaToFloat && reference == row.deltaReference && onTest == row.deltaOnTest)
            continue;
        row.deltaToFloat = delta;
        row.deltaReference = reference;
        row.deltaOnTest = onTest;
        changed.push_back(i);
    }
    return changed;
}

QStringList RunRows::checkedRuns() const {
    QStringList ids;
    for (const auto& candidate : m_entries)
        if (candidate.row.checked) ids.push_back(candidate.row.id);
    return ids;
}

} // namespace quantarium::widgets
