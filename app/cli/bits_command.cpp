// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/bits_command.h"

#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "app/cli/program.h"
#include "app/cli/text_table.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/text.h"
#include "core/store/workspace.h"
#include "core/study/bit_search.h"
#include "core/study/default_workspace.h"
#include "core/train/run_folder.h"

namespace quantarium::cli {

namespace {

struct BitsArguments {
    std::string workspace;
    std::string run;
    std::string output;
    bool json = false;
    study::BitSearchSettings settings;
};

std::string widthText(std::int64_t bits) {
    return bits == 0 ? "mixed" : std::to_string(bits);
}

Json trialJson(const study::BitSearchTrial& trial) {
    return {{"group", trial.group},
            {"bits", trial.bits == 0 ? Json() : Json(trial.bits)},
            {"metric", trial.metric},
            {"within_margin", trial.withinMargin}};
}

Json resultJson(const study::BitSearchResult& result) {
    Json trials = Json::array();
    for (const auto& trial : result.trials)
        trials.push_back(trialJson(trial));
    return {{"metric", result.metric},
            {"float", result.reference},
            {"trials", trials},
            {"chosen", result.chosen.toJson()},
            {"chosen_metric", result.chosenMetric}};
}

std::string tableOf(const study::BitSearchResult& result) {
    std::vector<std::vector<std::string>> rows{{"float", "32", fixedNumber(result.reference, 2), "", ""}};
    for (const auto& trial : result.trials)
        rows.push_back({trial.group, widthText(trial.bits), fixedNumber(trial.metric, 2),
                        fixedNumber(trial.metric - result.reference, 2), trial.withinMargin ? "yes" : "no"});
    return textTable({"What is quantized", "Bits", result.metric + " %", "Δ, pp", "Within margin"}, rows);
}

ExitCode search(Program& program, const BitsArguments& arguments) {
    const store::Workspace workspace(arguments.workspace.empty() ? study::defaultWorkspace()
                                                                 : std::filesystem::path(arguments.workspace),
                                     store::Access::Read);
    const auto run = workspace.at(arguments.run);
    if (run.state != RunState::Finished)
        throw Error(ErrorKind::Config, "run " + run.id + " is " + toString(run.state) + ", not finished",
                    "RUN", "Resume it first, or choose a finished run.");
    auto config = run.config;
    config.start = {};
    config.start.from = "run";
    config.start.path = run.id;
    const auto result =
        study::searchBits(config, train::RunFolder(workspace.runFolder(run.id)).modelFile(),
                          arguments.settings, program.registries, [&](const study::BitSearchTrial& trial) {
                              program.error << trial.group << ", " << widthText(trial.bits)
                                            << (trial.bits == 1 ? " bit: " : " bits: ")
                                            << fixedNumber(trial.metric, 2) << " %" << std::endl;
                          });
    program.out << (arguments.json ? dumpJson(resultJson(result), 2) + "\n" : tableOf(result)) << std::flush;
    if (arguments.output.empty()) return ExitCode::Ok;
    writeFileAtomically(arguments.output, dumpJson(result.chosen.toJson(), 2) + "\n");
    if (!arguments.json)
        program.out << "\nWritten to " << arguments.output
                    << ". It trains as the run did; fine-tune it with a lower learning rate:\n"
                    << "  quantarium-cli run " << shellQuoted(arguments.output)
                    << (arguments.workspace.empty() ? "" : " --workspace " + shellQuoted(arguments.workspace))
                    << " --set training.optimizer.options.lr=…\n";
    return ExitCode::Ok;
}

} // namespace

void addBitsCommand(CLI::App& app, Program& program) {
    const auto arguments = std::make_shared<BitsArguments>();
    auto* const command = app.add_subcommand(
        "bits", "Search the smallest widths that a trained network stands (Ristretto's search)");
    command->add_option("run", arguments->run, "A finished run's id, or its beginning")
        ->required()
        ->type_name("RUN");
    command->add_option("--method", arguments->settings.weights, "How weights are quantized")
        ->capture_default_str()
        ->type_name("ID");
    command
        ->add_option("--activations", arguments->settings.activations,
                     "How the layers' inputs are quantized; none: not at all")
        ->capture_default_str()
        ->type_name("ID");
    command
        ->add_option("--margin", arguments->settings.margin,
                     "Percentage points of validation accuracy that each group may lose")
        ->check(CLI::Range(0.0, 100.0))
        ->capture_default_str();
    command
        ->add_option("--output", arguments->output,
                     "Write the configuration that was found, to be fine-tuned")
        ->type_name("FILE");
    command
        ->add_option("--workspace", arguments->workspace,
                     "The workspace; else $QUANTARIUM_WORKSPACE, else ~/Quantarium")
        ->type_name("DIR");
    command->add_flag("--json", arguments->json, "Print JSON");
    command->callback([arguments, &program] {
        program.action = [arguments, &program] { return search(program, *arguments); };
    });
}

} // namespace quantarium::cli
