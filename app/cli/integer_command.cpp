// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/integer_command.h"

#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include <ATen/Parallel.h>

#include "app/cli/text_table.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/store/workspace.h"
#include "core/study/default_workspace.h"
#include "core/study/integer_check.h"
#include "core/train/finished_run.h"

namespace quantarium::cli {

namespace {

struct IntegerArguments {
    std::string workspace;
    std::string run;
    bool json = false;
};

/// Weights that a run without epochs was measured from.
std::filesystem::path startFileOf(const store::Workspace& workspace, const store::RunRecord& run) {
    if (!run.startRun.empty()) return train::RunFolder(workspace.runFolder(run.startRun)).modelFile();
    return run.config.start.from == "file" ? run.config.start.path : std::string();
}

std::string textOf(const store::RunRecord& run, const study::IntegerCheck& check) {
    const auto percent = [](double value) { return fixedNumber(value, 2) + " %"; };
    const auto steps = [&](double difference) {
        return fixedNumber(difference, 4) + " (" + fixedNumber(difference / check.outputStep, 2) +
               " of an 8-bit output step)";
    };
    std::string text = run.id + "  " + run.name + "\n\n";
    const std::vector<std::pair<std::string, std::string>> lines{
        {"Test images", groupedNumber(check.images)},
        {"Top-1, simulated", percent(check.simulatedTop1)},
        {"Top-1, integers", percent(check.integerTop1)},
        {"Same class", percent(check.agreement)},
        {"  evaluation, shaken", percent(check.shakenAgreement) + " (each value moved by up to 1/" +
                                     fixedNumber(1 / study::kShakenShare, 0) +
                                     " of a step before it is rounded)"},
        {"Largest logit difference", steps(check.largestDifference)},
        {"Mean logit difference", steps(check.meanDifference)},
        {"Weights, a byte each", formatBytes(static_cast<double>(check.weightBytes))},
        {"Operations", groupedNumber(check.operations)},
        {"Time per image", fixedNumber(1e3 * check.secondsPerImage, 1) + " ms"}};
    for (const auto& [name, value] : lines)
        text += name + std::string(26 - displayWidth(name), ' ') + value + "\n";
    return text;
}

ExitCode check(Program& program, const IntegerArguments& arguments) {
    const store::Workspace workspace(arguments.workspace.empty() ? study::defaultWorkspace()
                                                                 : std::filesystem::path(arguments.workspace),
                                     store::Access::Read);
    const auto run = workspace.at(arguments.run);
    if (run.state != RunState::Finished)
        throw Error(ErrorKind::Config, "run " + run.id + " is " + toString(run.state) + ", not finished",
                    "RUN", "Resume it first, or choose a finished run.");
    at::set_num_threads(static_cast<int>(run.config.machine.threads));
    auto session = train::openFinishedRun(train::RunFolder(workspace.runFolder(run.id)), program.registries,
                                          startFileOf(workspace, run));
    const auto result = study::checkIntegers(session);
    if (!arguments.json) {
        program.out << textOf(run, result);
        return ExitCode::Ok;
    }
    auto document = result.toJson();
    document["run"] = run.id;
    program.out << dumpJson(document, 2) << "\n";
    return ExitCode::Ok;
}

} // namespace

void addIntegerCommand(CLI::App& app, Program& program) {
    const auto arguments = std::make_shared<IntegerArguments>();
    auto* const command = app.add_subcommand(
        "integer", "Compute a run's network in integers only, and compare it with its evaluation");
    command
        ->add_option("run", arguments->run,
                     "A finished run with weights.method integer and activations.method minmax")
        ->required()
        ->type_name("RUN");
    command
        ->add_option("--workspace", arguments->workspace,
                     "The workspace; else $QUANTARIUM_WORKSPACE, else ~/Quantarium")
        ->type_name("DIR");
    command->add_flag("--json", arguments->json, "Print JSON");
    command->callback([arguments, &program] {
        program.action = [arguments, &program] { return check(program, *arguments); };
    });
}

} // namespace quantarium::cli
