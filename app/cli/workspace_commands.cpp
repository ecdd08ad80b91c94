// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/workspace_commands.h"

#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "app/cli/progress_line.h"
#include "app/cli/result_view.h"
#include "app/cli/text_table.h"
#include "core/base/files.h"
#include "core/base/text.h"
#include "core/store/export.h"
#include "core/store/workspace.h"
#include "core/study/default_workspace.h"

namespace quantarium::cli {

namespace {

struct WorkspaceArguments {
    std::string workspace;
    std::vector<std::string> ids;
    std::string text;
    std::string state;
    std::string format = "text";
    std::string by = "run";
    std::string output;
    std::vector<std::string> columns;
    bool json = false;
    bool bin = false;
};

store::Workspace openForReading(const WorkspaceArguments& arguments) {
    return store::Workspace(arguments.workspace.empty() ? study::defaultWorkspace()
                                                        : std::filesystem::path(arguments.workspace),
                            store::Access::Read);
}

/// The runs that were named, or all, oldest first.
std::vector<store::RunRecord> chosenRuns(const store::Workspace& workspace,
                                         const std::vector<std::string>& ids) {
    std::vector<store::RunRecord> runs;
    for (const auto& id : ids)
        runs.push_back(workspace.at(id));
    if (ids.empty()) {
        runs = workspace.list();
        std::reverse(runs.begin(), runs.end());
    }
    return runs;
}

/// "84.00 %", or "84.00 % (test)" where there is no validation to tell of, as in a run of no epochs.
std::string shown(const std::map<std::string, double>& values, const Json& result,
                  const std::string& moment) {
    auto value = headline(values);
    if (!value) value = headline(result, moment);
    if (!value) return "";
    const auto split = value->name.substr(0, value->name.find('_'));
    return fixedNumber(value->value, 2) + " %" + (split == "validation" ? "" : " (" + split + ")");
}

ExitCode list(Program& program, const WorkspaceArguments& arguments) {
    const auto workspace = openForReading(arguments);
    store::RunFilter filter;
    filter.text = arguments.text;
    filter.binned = arguments.bin;
    if (!arguments.state.empty()) filter.state = runStateFromString(arguments.state, "--state");
    const auto runs = workspace.list(filter);
    if (arguments.json) {
        Json all = Json::array();
        for (const auto& run : runs)
            all.push_back(runJson(workspace, run));
        program.out << dumpJson(all, 2) << "\n";
        return ExitCode::Ok;
    }
    if (runs.empty()) {
        program.out << "No runs in " << workspace.folder().string()
                    << ". Start with \"quantarium-cli run first-look\".\n";
        return ExitCode::Ok;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& run : runs)
        rows.push_back({run.id, toString(run.state),
                        std::to_string(run.epochsDone) + "/" + std::to_string(run.config.training.epochs),
                        shortened(run.name, 48), run.config.weights.method,
                        std::to_string(run.config.weights.bits), shown(run.last, run.result, "last"),
                        shown(run.best, run.result, "best"), run.createdAt});
    program.out << textTable(
        {"Id", "State", "Epochs", "Name", "Method", "Bits", "Val. last", "Val. best", "Created"}, rows);
    return ExitCode::Ok;
}

ExitCode show(Program& program, const WorkspaceArguments& arguments) {
    const auto workspace = openForReading(arguments);
    const auto run = workspace.at(arguments.ids.front());
    program.out << (arguments.json ? dumpJson(runJson(workspace, run), 2) + "\n" : runText(workspace, run));
    return ExitCode::Ok;
}

ExitCode write(Program& program, const WorkspaceArguments& arguments, const store::ResultTable& table) {
    const auto text = formatted(table, arguments.format);
    if (arguments.output.empty())
        program.out << text;
    else
        writeFileAtomically(arguments.output, text);
    return ExitCode::Ok;
}

ExitCode compare(Program& program, const WorkspaceArguments& arguments) {
    const auto workspace = openForReading(arguments);
    return write(program, arguments, comparison(workspace, chosenRuns(workspace, arguments.ids)));
}

ExitCode exportTable(Program& program, const WorkspaceArguments& arguments) {
    const auto workspace = openForReading(arguments);
    const auto runs = chosenRuns(workspace, arguments.ids);
    auto table =
        arguments.by == "config" ? store::groupTable(workspace, runs) : store::runTable(workspace, runs);
    return write(program, arguments, store::withColumns(std::move(table), arguments.columns));
}

using Action = ExitCode (*)(Program&, const WorkspaceArguments&);

struct Added {
    CLI::App* command;
    std::shared_ptr<WorkspaceArguments> arguments;
};

Added addCommand(CLI::App& app, Program& program, const std::string& name, const std::string& help,
                 Action action) {
    const auto arguments = std::make_shared<WorkspaceArguments>();
    auto* const command = app.add_subcommand(name, help);
    command
        ->add_option("--workspace", arguments->workspace,
                     "The workspace; else $QUANTARIUM_WORKSPACE, else ~/Quantarium")
        ->type_name("DIR");
    command->callback([arguments, action, &program] {
        program.action = [arguments, action, &program] { return action(program, *arguments); };
    });
    return {command, arguments};
}

void addTableOptions(const Added& added) {
    added.command
        ->add_option("--format", added.arguments->format, "How the table is written: " + join(tableFormats()))
        ->check(CLI::IsMember(tableFormats()))
        ->type_name("FORMAT")
        ->capture_default_str();
    added.command->add_option("--output", added.arguments->output, "A file instead of standard output")
        ->type_name("FILE");
}

} // namespace

void addWorkspaceCommands(CLI::App& app, Program& program) {
    const auto listing = addCommand(app, program, "list", "The runs of a workspace, newest first", list);
    listing.command->add_option("--text", listing.arguments->text,
                                "Only runs with this in name, method, network, dataset or id");
    listing.command->add_option("--state", listing.arguments->state, "Only runs in this state")
        ->check(CLI::IsMember({"queued", "running", "paused", "stopped", "finished", "failed"}))
        ->type_name("STATE");
    listing.command->add_flag("--bin", listing.arguments->bin, "What is in the bin instead");
    listing.command->add_flag("--json", listing.arguments->json, "Print JSON, with all series");

    const auto showing = addCommand(app, program, "show", "Everything known of one run", show);
    showing.command->add_option("run", showing.arguments->ids, "A run's id, or its beginning")
        ->required()
        ->expected(1)
        ->type_name("RUN");
    showing.command->add_flag("--json", showing.arguments->json, "Print JSON, with all series");

    const auto comparing =
        addCommand(app, program, "compare", "Runs side by side: how they differ and what came out", compare);
    comparing.command->add_option("run", comparing.arguments->ids, "Ids of runs, or their beginnings")
        ->required()
        ->type_name("RUN");
    addTableOptions(comparing);

    const auto exporting = addCommand(
        app, program, "export", "The table of results: one row per run, or per configuration", exportTable);
    exporting.command
        ->add_option("run", exporting.arguments->ids, "Ids of runs; without any: all, oldest first")
        ->type_name("RUN");
    exporting.command
        ->add_option("--by", exporting.arguments->by, "run: one row per run; config: mean ± std over seeds")
        ->check(CLI::IsMember({"run", "config"}))
        ->capture_default_str();
    exporting.command
        ->add_option("--columns", exporting.arguments->columns,
                     "Only these columns, in this order, by their keys in the CSV header")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("KEY,KEY…");
    addTableOptions(exporting);
}

} // namespace quantarium::cli
