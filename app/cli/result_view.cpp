// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/result_view.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <set>
#include <utility>

#include "app/cli/plan_view.h"
#include "app/cli/text_table.h"
#include "core/base/error.h"
#include "core/base/registry.h"
#include "core/base/text.h"
#include "core/store/result_columns.h"

namespace quantarium::cli {

namespace {

using store::ResultTable;
using store::RunRecord;
using Writer = std::string (*)(const ResultTable&);

constexpr std::array<std::pair<const char*, Writer>, 6> kWriters{{{"csv", store::toCsv},
                                                                  {"json", store::toJsonText},
                                                                  {"markdown", store::toMarkdown},
                                                                  {"latex", store::toLatex},
                                                                  {"tsv", store::toTsv},
                                                                  {"text", store::toText}}};

/// The columns of the run table that fit on a terminal, under shorter titles.
const std::map<std::string, std::string>& shortTitles() {
    static const std::map<std::string, std::string> titles{{"name", "Name"},
                                                           {"state", "State"},
                                                           {"method", "Method"},
                                                           {"bits", "Bits"},
                                                           {"last_top1", "Last epoch"},
                                                           {"best_top1", "Best epoch"},
                                                           {"measured_on", "Top-1 on"},
                                                           {"delta_to_float", "Δ to float"},
                                                           {"memory_reduction_weights", "Memory (weights)"},
                                                           {"seconds", "Time"}};
    return titles;
}

ResultTable shortened(const ResultTable& table) {
    ResultTable result;
    result.notes = {
        "Last epoch, best epoch: top-1 of the last epoch and of the one that was best on validation data.",
        "Memory: the quantized weights alone."};
    result.rows.resize(table.rows.size());
    for (std::size_t column = 0; column < table.columns.size(); ++column) {
        const auto title = shortTitles().find(table.columns[column].key);
        if (title == shortTitles().end()) continue;
        result.columns.push_back(table.columns[column]);
        if (title->first == "delta_to_float")
            result.notes.emplace_back("Δ to float: the best epoch's top-1 minus that of its float run.");
        result.columns.back().title = title->second;
        for (std::size_t row = 0; row < table.rows.size(); ++row)
            result.rows[row].push_back(table.rows[row][column]);
    }
    result.notes.emplace_back("\"quantarium-cli export\" has every column.");
    return result;
}

/// "weights.bits" -> value, for every leaf of a configuration.
std::map<std::string, Json> leaves(const RunConfig& config) {
    std::map<std::string, Json> result;
    const Json flat = config.toJson().flatten();
    for (const auto& [pointer, value] : flat.items()) {
        std::string key = pointer.substr(1);
        std::replace(key.begin(), key.end(), '/', '.');
        if (key != "format" && key != "name") result[key] = value;
    }
    return result;
}

/// Six significant digits: what a reader can use.
std::string significant(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

void addRow(ResultTable& table, const std::string& title, std::vector<Json> cells) {
    std::vector<Json> row{title};
    row.insert(row.end(), std::make_move_iterator(cells.begin()), std::make_move_iterator(cells.end()));
    table.rows.push_back(std::move(row));
}

void addDifferences(ResultTable& table, const std::vector<RunRecord>& runs) {
    std::vector<std::map<std::string, Json>> all;
    std::set<std::string> keys;
    for (const auto& run : runs) {
        all.push_back(leaves(run.config));
        for (const auto& [key, value] : all.back())
            keys.insert(key);
    }
    for (const auto& key : keys) {
        std::vector<Json> cells;
        for (const auto& one : all)
            cells.push_back(one.contains(key) ? one.at(key) : Json());
        if (std::any_of(cells.begin(), cells.end(), [&](const Json& cell) { return cell != cells.front(); }))
            addRow(table, key, std::move(cells));
    }
}

void addValues(ResultTable& table, const std::vector<RunRecord>& runs, const std::string& prefix,
               std::map<std::string, double> RunRecord::*member) {
    std::set<std::string> names;
    for (const auto& run : runs)
        for (const auto& [name, value] : run.*member)
            names.insert(name);
    for (const auto& name : names) {
        std::vector<Json> cells;
        for (const auto& run : runs) {
            const auto found = (run.*member).find(name);
            cells.push_back(found == (run.*member).end() ? Json() : Json(significant(found->second)));
        }
        addRow(table, prefix + name, std::move(cells));
    }
}

std::string line(const std::string& name, const std::string& value) {
    if (value.empty()) return {};
    return name + std::string(14 - std::min<std::size_t>(14, displayWidth(name)), ' ') + value + "\n";
}

/// A measured value with its unit.
std::string withUnit(const std::string& name, double value) {
    if (name.ends_with("top1") || name.ends_with("top5") || name.ends_with("top1_mixed"))
        return fixedNumber(value, 2) + " %";
    if (name == "seconds") return formatDuration(value);
    return significant(value);
}

/// What was measured, of the last or the best epoch; test data only when the run has finished.
std::map<std::string, double> measuredValues(const RunRecord& run, const char* moment,
                                             const std::map<std::string, double>& recorded) {
    auto values = recorded;
    if (!run.result.is_object() || !run.result.contains(moment)) return values;
    for (const auto& [name, value] : run.result.at(moment).items())
        if (value.is_number()) values[name] = value.get<double>();
    return values;
}

std::string valuesText(const RunRecord& run) {
    const auto lastValues = measuredValues(run, "last", run.last);
    const auto bestValues = measuredValues(run, "best", run.best);
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, value] : lastValues) {
        const auto best = bestValues.find(name);
        rows.push_back(
            {name, withUnit(name, value), best == bestValues.end() ? "" : withUnit(name, best->second)});
    }
    if (rows.empty()) return {};
    const std::string best = "Best epoch (" + std::to_string(run.bestEpoch) + ")";
    return textTable({"Measured", "Last epoch", best}, rows).insert(0, 1, '\n');
}

/// What the run cost and where it ran.
std::string costText(const RunRecord& run) {
    std::string text;
    if (const auto seconds = store::resultNumber(run, "seconds"))
        text += line("Time", formatDuration(*seconds));
    if (const auto step = store::resultNumber(run, "step_seconds"))
        text += line("Per step", significant(*step) + " s");
    if (const auto tensors = store::resultNumber(run, "tensor_bytes"))
        text += line("Tensor memory", formatBytes(*tensors));
    if (const auto peak = store::resultNumber(run, "peak_bytes"))
        text += line("Peak memory", formatBytes(*peak) + " (whole process)");
    if (!run.environment.is_object() || run.environment.empty()) return text;
    const auto part = [&](const char* name) {
        const auto found = run.environment.find(name);
        if (found == run.environment.end()) return std::string();
        return found->is_string() ? found->get<std::string>() : dumpJson(*found);
    };
    return text +
           line("Quantarium",
                part("quantarium") + " (commit " + part("commit") + "), LibTorch " + part("libtorch")) +
           line("Machine", part("host") + ", " + part("processor") + ", " + part("threads") + " of " +
                               part("cores") + " cores, " + part("instruction_set") + ", " + part("system"));
}

/// The last recorded weights; null when there are none.
std::shared_ptr<const WeightSnapshot> lastSnapshot(const store::Workspace& workspace, const RunRecord& run) {
    const auto epochs = workspace.snapshotEpochs(run.id);
    return epochs.empty() ? nullptr : workspace.snapshot(run.id, epochs.back());
}

bool hasOwnValues(const LayerSnapshot& layer) {
    return !layer.diagnostics.empty() || !layer.inputDiagnostics.empty();
}

Json numbers(const std::map<std::string, double>& values) {
    Json object = Json::object();
    for (const auto& [name, value] : values)
        object[name] = numberToJson(value);
    return object;
}

/// What the layers' methods tell of themselves: a line for each layer, a column for each name.
std::string ownValuesText(const WeightSnapshot& snapshot) {
    using Values = std::map<std::string, double>;
    const std::pair<const char*, Values LayerSnapshot::*> groups[] = {
        {"", &LayerSnapshot::diagnostics}, {"input ", &LayerSnapshot::inputDiagnostics}};
    std::vector<std::string> header{"Layer"};
    std::vector<std::vector<std::string>> rows;
    for (const auto& layer : snapshot.layers)
        if (hasOwnValues(layer)) rows.push_back({layer.layer});
    for (const auto& [prefix, member] : groups) {
        std::set<std::string> names;
        for (const auto& layer : snapshot.layers)
            for (const auto& [name, value] : layer.*member)
                names.insert(name);
        for (const auto& name : names) {
            header.push_back(prefix + name);
            auto row = rows.begin();
            for (const auto& layer : snapshot.layers) {
                if (!hasOwnValues(layer)) continue;
                const auto found = (layer.*member).find(name);
                (row++)->push_back(found == (layer.*member).end() ? "" : significant(found->second));
            }
        }
    }
    if (rows.empty()) return {};
    return "\nMethods' own values after epoch " + std::to_string(snapshot.epoch) + "\n" +
           textTable(header, rows);
}

/// The same for programs; null when the methods tell nothing.
Json ownValuesJson(const WeightSnapshot* snapshot) {
    Json layers = Json::array();
    if (snapshot)
        for (const auto& layer : snapshot->layers)
            if (hasOwnValues(layer))
                layers.push_back({{"layer", layer.layer},
                                  {"weights", numbers(layer.diagnostics)},
                                  {"inputs", numbers(layer.inputDiagnostics)}});
    if (layers.empty()) return {};
    return {{"epoch", snapshot->epoch}, {"layers", layers}};
}

} // namespace

std::vector<std::string> tableFormats() {
    std::vector<std::string> names;
    for (const auto& [name, writer] : kWriters)
        names.emplace_back(name);
    return names;
}

std::string formatted(const ResultTable& table, const std::string& format) {
    for (const auto& [name, writer] : kWriters)
        if (format == name) return writer(table);
    failUnknownId("format", format, tableFormats(), "--format");
}

std::string shortResults(const store::Workspace& workspace, std::vector<RunRecord> runs) {
    const auto known = [&](const std::string& id) {
        return std::any_of(runs.begin(), runs.end(), [&](const RunRecord& run) { return run.id == id; });
    };
    std::vector<RunRecord> starts;
    for (const auto& run : runs)
        if (!run.startRun.empty() && !known(run.startRun) &&
            std::none_of(starts.begin(), starts.end(),
                         [&](const RunRecord& start) { return start.id == run.startRun; }))
            if (auto start = workspace.find(run.startRun)) starts.push_back(std::move(*start));
    runs.insert(runs.begin(), starts.begin(), starts.end());
    return store::toText(shortened(store::runTable(workspace, runs)));
}

ResultTable comparison(const store::Workspace& workspace, const std::vector<RunRecord>& runs) {
    ResultTable table;
    table.columns.push_back({"what", "", "", -1});
    std::vector<Json> names;
    std::vector<Json> states;
    for (const auto& run : runs) {
        table.columns.push_back({run.id, run.id, "", -1});
        names.emplace_back(run.name);
        states.emplace_back(toString(run.state));
    }
    addRow(table, "name", std::move(names));
    addRow(table, "state", std::move(states));
    addDifferences(table, runs);
    const auto measured = store::runTable(workspace, runs);
    for (std::size_t column = 0; column < measured.columns.size(); ++column) {
        const auto& title = measured.columns[column].title;
        std::vector<Json> cells;
        bool numbers = false;
        for (const auto& row : measured.rows) {
            numbers |= row[column].is_number_float();
            cells.push_back(row[column].is_number_float() ? Json(significant(row[column].get<double>()))
                                                          : row[column]);
        }
        if (numbers)
            addRow(table,
                   measured.columns[column].unit.empty() ? title
                                                         : title + " (" + measured.columns[column].unit + ")",
                   std::move(cells));
    }
    addValues(table, runs, "last ", &RunRecord::last);
    addValues(table, runs, "best ", &RunRecord::best);
    return table;
}

std::string runText(const store::Workspace& workspace, const RunRecord& run) {
    std::string text = run.name + "\n\n";
    text += line("Id", run.id) +
            line("State", toString(run.state) + ", " + std::to_string(run.epochsDone) + " of " +
                              std::to_string(run.config.training.epochs) + " epochs");
    text += line("Reason", run.reason) + line("Group", run.group) + line("Starts from", run.startRun);
    text += line("Created", run.createdAt) + line("Started", run.startedAt) + line("Ended", run.endedAt);
    text += line("Folder", workspace.runFolder(run.id).string()) + line("Note", run.note);
    text += costText(run) + valuesText(run);
    if (run.report) text.append("\n").append(reportText(*run.report));
    if (const auto snapshot = lastSnapshot(workspace, run)) text += ownValuesText(*snapshot);
    return text + "\nConfiguration\n" + dumpJson(run.config.toJson(), 2) + "\n";
}

Json runJson(const store::Workspace& workspace, const RunRecord& run) {
    Json series = Json::object();
    for (const auto& name : workspace.seriesNames(run.id))
        for (const auto& [epoch, value] : workspace.series(run.id, name))
            series[name].push_back({epoch, numberToJson(value)});
    return {{"id", run.id},
            {"name", run.name},
            {"group", run.group},
            {"state", toString(run.state)},
            {"reason", run.reason},
            {"config", run.config.toJson()},
            {"start_run", run.startRun},
            {"created", run.createdAt},
            {"started", run.startedAt},
            {"ended", run.endedAt},
            {"epochs_done", run.epochsDone},
            {"best_epoch", run.bestEpoch},
            {"last", numbers(run.last)},
            {"best", numbers(run.best)},
            {"result", run.result},
            {"report", run.report ? toJson(*run.report) : Json()},
            {"environment", run.environment},
            {"note", run.note},
            {"folder", workspace.runFolder(run.id).string()},
            {"diagnostics", ownValuesJson(lastSnapshot(workspace, run).get())},
            {"series", series}};
}

} // namespace quantarium::cli
