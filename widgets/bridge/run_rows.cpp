// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/bridge/run_rows.h"

#include <algorithm>
#include <set>

namespace quantarium::widgets {

namespace {

constexpr std::size_t kColours = 24; ///< that Theme::runColour() tells apart

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

std::string floatKeyOf(const RunConfig& config) {
    Json document = config.toJson();
    for (const char* key : {"name", "weights", "start"})
        document.erase(key);
    document["machine"] = config.machine.precision;
    document["training"].erase("repeats");
    return hashJson(document);
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
    row.epochsDone = started.firstEpoch;
    row.progress = progressOf(row);
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
    entry.startRun = record.startRun;
    entry.floatKey = floatKeyOf(record.config);
    row.colour = -1;
    return entry;
}

std::optional<double> accuracyDifference(const RunRow& row, const RunRow& reference) {
    for (const char* name : {"test_top1", "validation_top1"}) {
        const auto mine = row.best.find(QLatin1String(name));
        const auto theirs = reference.best.find(QLatin1String(name));
        if (mine != row.best.end() && theirs != reference.best.end()) return mine.value() - theirs.value();
    }
    return std::nullopt;
}

void RunRows::rebuildIndex() {
    m_index.clear();
    for (int i = 0; i < size(); ++i)
        m_index[m_entries[static_cast<std::size_t>(i)].row.id.toStdString()] = i;
}

void RunRows::reset(std::vector<RunEntry> newestFirst) {
    m_entries = std::move(newestFirst);
    rebuildIndex();
    updateDeltas();
}

int RunRows::indexOf(const std::string& id) const {
    const auto found = m_index.find(id);
    return found == m_index.end() ? -1 : found->second;
}

void RunRows::insert(int index, RunEntry entry) {
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
    for (const auto& epoch : letter.epochs)
        applyEpoch(changed.row, epoch);
    if (letter.progress) applyProgress(changed.row, *letter.progress);
    if (letter.ended) {
        ++changed.generation;
        applyEnded(changed.row, *letter.ended);
    }
}

const RunRow* RunRows::floatOf(const RunEntry& one) const {
    const int start = one.startRun.empty() ? -1 : indexOf(one.startRun);
    if (start >= 0 && row(start).config.weights.method == "float") return &row(start);
    const auto found = m_floats.find(one.floatKey);
    const int index = found == m_floats.end() ? -1 : indexOf(found->second);
    return index < 0 ? nullptr : &row(index);
}

bool RunRows::updateDelta(int index) {
    auto& one = entry(index);
    std::optional<double> delta;
    QString reference;
    if (one.row.config.weights.method != "float") {
        const RunRow* base = floatOf(one);
        if (base && base->state == RunState::Finished) delta = accuracyDifference(one.row, *base);
        if (delta) reference = base->name;
    }
    if (delta == one.row.deltaToFloat && reference == one.row.deltaReference) return false;
    one.row.deltaToFloat = delta;
    one.row.deltaReference = reference;
    return true;
}

std::vector<int> RunRows::updateDeltas() {
    m_floats.clear();
    for (const auto& candidate : m_entries) {
        const auto& row = candidate.row;
        if (row.state == RunState::Finished && row.config.weights.method == "float")
            m_floats.try_emplace(candidate.floatKey, row.id.toStdString()); // the newest one comes first
    }
    std::vector<int> changed;
    for (int i = 0; i < size(); ++i)
        if (updateDelta(i)) changed.push_back(i);
    return changed;
}

void RunRows::ensureColour(int index) {
    auto& wanting = entry(index);
    if (wanting.row.colour >= 0) return;
    std::set<int> given;
    std::set<int> shown;
    for (const auto& other : m_entries) {
        if (other.row.colour >= 0) given.insert(other.row.colour);
        if (other.row.checked) shown.insert(other.row.colour);
    }
    const auto& taken = given.size() < kColours ? given : shown;
    int colour = 0;
    while (taken.contains(colour))
        ++colour;
    wanting.row.colour = colour;
}

void RunRows::setChecked(int index, bool checked) {
    if (checked) ensureColour(index);
    entry(index).row.checked = checked;
}

QStringList RunRows::checkedRuns() const {
    QStringList ids;
    for (const auto& candidate : m_entries)
        if (candidate.row.checked) ids.push_back(candidate.row.id);
    return ids;
}

} // namespace quantarium::widgets
