// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <set>

#include "core/base/registry.h"
#include "core/base/text.h"
#include "core/store/export.h"
#include "core/store/float_reference.h"
#include "core/store/result_columns.h"
#include "core/store/statistics.h"

namespace quantarium::store {

namespace {

using Column = ResultTable::Column;
using Record = const RunRecord*;

/// Rows grow cell by cell; the first one names the columns.
class Builder {
public:
    void startRow() { m_table.rows.emplace_back(); }

    void add(Column column, Json value) {
        if (m_table.rows.size() == 1) m_table.columns.push_back(std::move(column));
        m_table.rows.back().push_back(std::move(value));
    }

    void add(const std::vector<RecordColumn>& columns, const RunRecord& run) {
        for (const auto& one : columns)
            add(one.column, one.cell(run));
    }

    ResultTable& table() { return m_table; }

private:
    ResultTable m_table;
};

const char* splitName(Split split) {
    return split == Split::Test ? "test" : "validation";
}

/// Best top-1 minus that of the float run, on the same images, in percentage points.
std::optional<double> difference(const RunRecord& run, const RunRecord* reference) {
    if (!reference) return std::nullopt;
    const Split split = commonSplit({&run, reference});
    const auto own = bestTop1(run, split);
    const auto other = bestTop1(*reference, split);
    if (!own || !other) return std::nullopt;
    return *own - *other;
}

Json meanCell(const std::vector<double>& values) {
    const auto summary = summarize(values);
    if (!summary) return nullptr;
    return {{"mean", numberToJson(summary->mean)}, {"std", cell(summary->deviation)}, {"n", summary->count}};
}

/// Values of the records that have one.
template <class Value> std::vector<double> collect(const std::vector<Record>& records, Value&& value) {
    std::vector<double> values;
    for (const Record record : records)
        if (const auto one = value(*record)) values.push_back(*one);
    return values;
}

struct Comparison {
    Json delta; ///< mean ± std cell or null
    std::optional<Interval> interval;
};

/// Paired when every repeat has a float run of its own, else Welch against all repeats of the float run.
Comparison compare(const std::vector<Record>& finished, const FloatReference& floats) {
    std::vector<Record> everyone = finished;
    std::set<std::string> references;
    const RunRecord* one = nullptr;
    for (const Record run : finished) {
        const auto match = floats.of(*run);
        if (!match.run) return {};
        one = match.run;
        references.insert(one->id);
        everyone.push_back(one);
    }
    if (!one) return {};
    const auto differences =
        collect(finished, [&](const RunRecord& run) { return difference(run, floats.of(run).run); });
    if (differences.size() != finished.size()) return {};
    if (references.size() == finished.size()) return {meanCell(differences), pairedInterval(differences)};
    const auto repeats = floats.repeatsOf(*one);
    everyone.insert(everyone.end(), repeats.begin(), repeats.end());
    const Split split = commonSplit(everyone);
    const auto best = [&](const RunRecord& run) { return bestTop1(run, split); };
    const auto own = collect(finished, best);
    const auto others = collect(repeats, best);
    const auto interval = welchInterval(own, others);
    if (!interval) return {meanCell(differences), std::nullopt};
    return {{{"mean", numberToJson(summarize(own)->mean - summarize(others)->mean)},
             {"std", nullptr},
             {"n", own.size()}},
            interval};
}

std::vector<std::string> commonNotes() {
    return {
        "Δ to float: best top-1 minus that of its float run, in percentage points. The float run is the "
        "one whose "
        "weights it started from, else the one with the same data, network, training and seed.",
        "Memory, weights only: 32 / bits over the quantized weights, as the papers count. Memory, "
        "everything: all "
        "parameters, codebooks and scales counted.",
        "Multiplies, Scales after: of the quantized layers' weights only.",
        "Tensor memory is the most that tensors took at once while the run trained; peak memory is the whole "
        "process's and holds what earlier runs of it left. Only runs that trained alone in their process "
        "have "
        "them."};
}

std::vector<std::vector<Record>> groupsOf(const std::vector<RunRecord>& runs) {
    std::vector<std::vector<Record>> groups;
    std::map<std::string, std::size_t> places;
    for (const auto& run : runs) {
        const auto [place, isNew] = places.emplace(repeatKey(run), groups.size());
        if (isNew) groups.emplace_back();
        groups[place->second].push_back(&run);
    }
    for (auto& group : groups)
        std::stable_sort(group.begin(), group.end(),
                         [](Record a, Record b) { return a->config.seed < b->config.seed; });
    return groups;
}

void addRunRow(Builder& builder, const RunRecord& run, const FloatReference& floats) {
    const auto match = floats.of(run);
    const Split split = commonSplit({&run});
    builder.startRow();
    builder.add({"run", "Run", ""}, run.id);
    builder.add({"name", "Name", ""}, run.name);
    builder.add(configurationColumns(), run);
    builder.add({"seed", "Seed", ""}, run.config.seed);
    builder.add({"state", "State", ""}, toString(run.state));
    builder.add({"last_top1", "Top-1, last epoch", "%", 2}, cell(lastTop1(run, split)));
    builder.add({"best_top1", "Top-1, best epoch", "%", 2}, cell(bestTop1(run, split)));
    builder.add({"measured_on", "Measured on", ""}, bestTop1(run, split) ? Json(splitName(split)) : Json());
    builder.add({"best_epoch", "Best epoch", ""}, run.bestEpoch > 0 ? Json(run.bestEpoch) : Json());
    builder.add({"best_validation_top1", "Best validation top-1", "%", 2, true},
                cell(bestTop1(run, Split::Validation)));
    builder.add({"delta_to_float", "Δ to float", "pp", 2}, cell(difference(run, match.run)));
    builder.add({"float_run", "Float run", ""}, match.run ? Json(match.run->id) : Json());
    builder.add({"float_by", "Float run found by", "", -1, true}, match.run ? Json(match.how) : Json());
    builder.add(reportColumns(), run);
    builder.add({"seconds", "Time", "s", 1}, cell(resultNumber(run, "seconds")));
    builder.add({"step_seconds", "Time per step", "s", 4, true}, cell(resultNumber(run, "step_seconds")));
    builder.add({"time_to_float", "Step time to float", "×", 2}, cell(relativeTime(run, match.run)));
    builder.add({"tensor_bytes", "Tensor memory", "B"}, cell(resultNumber(run, "tensor_bytes")));
    builder.add({"tensors_to_float", "Tensor memory to float", "×", 2}, cell(relativeMemory(run, match.run)));
    builder.add({"peak_bytes", "Peak memory", "B"}, cell(resultNumber(run, "peak_bytes")));
    builder.add({"snapshot_share", "Share of snapshots", "", -1, true},
                cell(resultNumber(run, "snapshot_share")));
    builder.add(configurationDetails(), run);
}

void addAccuracies(Builder& builder, const std::vector<Record>& finished, const FloatReference& floats) {
    const Split split = commonSplit(finished);
    const auto comparison = compare(finished, floats);
    const auto& interval = comparison.interval;
    builder.add({"last_top1", "Top-1, last epoch", "%", 2},
                meanCell(collect(finished, [&](auto& run) { return lastTop1(run, split); })));
    builder.add({"best_top1", "Top-1, best epoch", "%", 2},
                meanCell(collect(finished, [&](auto& run) { return bestTop1(run, split); })));
    builder.add({"measured_on", "Measured on", ""}, finished.empty() ? Json() : Json(splitName(split)));
    builder.add({"delta_to_float", "Δ to float", "pp", 2}, comparison.delta);
    builder.add({"delta_low", "Δ, 95 % from", "pp", 2}, interval ? numberToJson(interval->low) : Json());
    builder.add({"delta_high", "Δ, 95 % to", "pp", 2}, interval ? numberToJson(interval->high) : Json());
    builder.add({"within_noise", "Within noise", ""}, interval ? Json(interval->contains(0)) : Json());
}

Json floatRuns(const std::vector<Record>& finished, const FloatReference& floats) {
    std::set<std::string> ids;
    for (const Record run : finished)
        if (const auto match = floats.of(*run); match.run) ids.insert(match.run->id);
    return ids.empty() ? Json() : Json(join({ids.begin(), ids.end()}));
}

void addGroupRow(Builder& builder, const std::vector<Record>& group, const FloatReference& floats) {
    std::vector<Record> finished;
    std::vector<std::string> seeds;
    for (const Record run : group) {
        if (run->state != RunState::Finished) continue;
        finished.push_back(run);
        seeds.push_back(std::to_string(run->config.seed));
    }
    const RunRecord& shown = finished.empty() ? *group.front() : *finished.front();
    const auto mean = [&](const auto& value) { return meanCell(collect(finished, value)); };
    const auto result = [&](const char* name) {
        return mean([&](const RunRecord& run) { return resultNumber(run, name); });
    };
    builder.startRow();
    builder.add({"name", "Name", ""}, shown.config.withoutSeed(shown.name));
    builder.add(configurationColumns(), shown);
    builder.add({"seeds", "Seeds", ""}, join(seeds));
    builder.add({"finished", "Finished", "runs"}, finished.size());
    builder.add({"runs", "Of", "runs"}, group.size());
    addAccuracies(builder, finished, floats);
    builder.add({"float_runs", "Float runs", "", -1, true}, floatRuns(finished, floats));
    builder.add(reportColumns(), shown);
    builder.add({"seconds", "Time", "s", 1}, result("seconds"));
    builder.add({"step_seconds", "Time per step", "s", 4}, result("step_seconds"));
    builder.add({"time_to_float", "Step time to float", "×", 2},
                mean([&](const RunRecord& run) { return relativeTime(run, floats.of(run).run); }));
    builder.add({"tensor_bytes", "Tensor memory", "B"}, result("tensor_bytes"));
    builder.add({"tensors_to_float", "Tensor memory to float", "×", 2},
                mean([&](const RunRecord& run) { return relativeMemory(run, floats.of(run).run); }));
    builder.add({"peak_bytes", "Peak memory", "B"}, result("peak_bytes"));
    builder.add(configurationDetails(), shown);
}

} // namespace

ResultTable runTable(const Workspace& workspace, const std::vector<RunRecord>& runs) {
    const FloatReference floats(workspace, runs);
    Builder builder;
    for (const auto& run : runs)
        addRunRow(builder, run, floats);
    builder.table().notes = commonNotes();
    return std::move(builder.table());
}

ResultTable groupTable(const Workspace& workspace, const std::vector<RunRecord>& runs) {
    const FloatReference floats(workspace, runs);
    Builder builder;
    for (const auto& group : groupsOf(runs))
        addGroupRow(builder, group, floats);
    builder.table().notes = commonNotes();
    builder.table().notes.push_back("± is the sample standard deviation over the seeds of finished runs. "
                                    "Within noise: the 95 % interval of the "
                                    "difference (paired where each run has a float run of its own, else "
                                    "Welch) contains 0; it needs two seeds.");
    return std::move(builder.table());
}

ResultTable withColumns(ResultTable table, const std::vector<std::string>& keys) {
    if (keys.empty()) return table;
    std::vector<std::string> known;
    for (const auto& column : table.columns)
        known.push_back(column.key);
    ResultTable result;
    result.notes = std::move(table.notes);
    result.rows.resize(table.rows.size());
    for (const auto& key : keys) {
        const auto found = std::find(known.begin(), known.end(), key);
        if (found == known.end()) failUnknownId("column", key, known, "--columns");
        const auto place = static_cast<std::size_t>(found - known.begin());
        result.columns.push_back(table.columns[place]);
        result.columns.back().detail = false; // asked for
        for (std::size_t row = 0; row < table.rows.size(); ++row)
            result.rows[row].push_back(table.rows[row][place]);
    }
    return result;
}

} // namespace quantarium::store
