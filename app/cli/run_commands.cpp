// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/run_commands.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "app/cli/host_choice.h"
#include "app/cli/interrupts.h"
#include "app/cli/preflight.h"
#include "app/cli/run_input.h"
#include "app/cli/run_printers.h"
#include "core/base/json.h"

namespace quantarium::cli {

namespace {

using Ids = std::vector<std::string>;

struct RunArguments {
    HostChoice where;
    bool json = false;
    std::string input;
    RunChanges changes;
    Ids ids;
};

std::unique_ptr<RunLog> makeLog(Program& program, bool json) {
    if (json) return makeJsonPrinter(program.out, program.error);
    const auto terminal = Terminal::detect();
    return terminal.interactive ? makeBarPrinter(program.error, terminal) : makeLinePrinter(program.out);
}

Ids idsInState(const std::vector<RunLog::Run>& runs, std::initializer_list<RunState> states) {
    Ids ids;
    for (const auto& run : runs)
        if (run.ended && std::find(states.begin(), states.end(), run.ended->state) != states.end())
            ids.push_back(run.id);
    return ids;
}

void printSummary(Program& program, bool json, RunHost& host, const Ids& ids, const Ids& stopped) {
    if (json) {
        program.out << dumpJson({{"event", "summary"},
                                 {"runs", ids},
                                 {"stopped", stopped},
                                 {"resume", stopped.empty() ? Json() : Json(host.resumeCommand(stopped))}})
                    << std::endl;
        return;
    }
    if (!ids.empty()) program.out << "\n" << host.resultTable(ids) << "\n" << host.placeOf(ids);
    if (!stopped.empty())
        program.out << "\nStopped. Continue with:\n  " << host.resumeCommand(stopped) << "\n";
    program.out.flush();
}

/// The one way in which runs are started, watched and reported.
ExitCode carryOut(Program& program, const RunArguments& arguments,
                  const std::function<Ids(RunHost&)>& start) {
    const auto log = makeLog(program, arguments.json);
    const auto host = arguments.where.open(program.registries, *log);
    Ids ids;
    {
        const Interrupts interrupts([&] {
            log->note("Stopping: a checkpoint is being written. Ctrl-C again ends at once; the last finished "
                      "epoch is safe.");
            host->stopAll();
        });
        ids = start(*host);
        log->announce(ids.size());
        host->waitIdle();
    }
    const auto runs = log->runs();
    const Ids stopped = idsInState(runs, {RunState::Stopped, RunState::Paused});
    printSummary(program, arguments.json, *host, ids, stopped);
    std::optional<ErrorKind> failed;
    for (const auto& run : runs) {
        if (!run.ended || run.ended->state != RunState::Failed) continue;
        program.error << "quantarium-cli: " << run.line.name << ": " << run.ended->reason << std::endl;
        if (!failed) failed = run.ended->error.value_or(ErrorKind::Run);
    }
    if (failed) return exitCodeFor(*failed);
    return stopped.empty() ? ExitCode::Ok : ExitCode::Interrupted;
}

void addCommon(CLI::App& command, RunArguments& arguments) {
    arguments.where.addOptions(command);
    command.add_flag("--json", arguments.json, "Print one JSON object per event instead of a progress bar");
}

void addRun(CLI::App& app, Program& program) {
    const auto arguments = std::make_shared<RunArguments>();
    auto* const command =
        app.add_subcommand("run", "Train the runs of a configuration file or of an example");
    command
        ->add_option("input", arguments->input,
                     "A configuration file, or the id of an example (\"quantarium-cli examples\")")
        ->required()
        ->type_name("FILE|EXAMPLE");
    addRunChanges(*command, arguments->changes);
    addCommon(*command, *arguments);
    command->callback([arguments, &program] {
        program.action = [arguments, &program] {
            const auto given = givenRuns(arguments->input, arguments->changes);
            checkBeforeStart(given, program.registries);
            return carryOut(program, *arguments, [&](RunHost& host) { return host.submit(given.configs); });
        };
    });
}

void addResume(CLI::App& app, Program& program) {
    const auto arguments = std::make_shared<RunArguments>();
    auto* const command = app.add_subcommand("resume", "Continue stopped runs from their checkpoints");
    command
        ->add_option("run", arguments->ids,
                     "Ids of runs, or their beginnings; without any: every stopped run")
        ->type_name("RUN");
    addCommon(*command, *arguments);
    command->callback([arguments, &program] {
        program.action = [arguments, &program] {
            return carryOut(program, *arguments, [&](RunHost& host) { return host.resume(arguments->ids); });
        };
    });
}

} // namespace

void addRunCommands(CLI::App& app, Program& program) {
    addRun(app, program);
    addResume(app, program);
}

} // namespace quantarium::cli
