// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/config_commands.h"

#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "app/cli/plan_view.h"
#include "app/cli/preflight.h"
#include "app/cli/reference.h"
#include "app/cli/run_input.h"

namespace quantarium::cli {

namespace {

/// A document that runs as it is, in the order in which people fill it in.
constexpr const char* kStartingDocument = R"({
  "format": "quantarium-run/1",
  "name": "My first run",
  "seed": 1,
  "dataset": {"id": "shapes10", "limit": 3000},
  "network": {"id": "resnet20"},
  "start": {"from": "float", "float_epochs": 4},
  "weights": {"method": "inq", "bits": 5},
  "training": {
    "epochs": 4,
    "batch": 64,
    "optimizer": {"id": "sgd", "options": {"lr": 0.05}},
    "schedule": {"id": "cosine"}
  }
}
)";

struct ConfigArguments {
    std::string check;
    RunChanges changes;
    bool example = false;
    bool reference = false;
    bool json = false;
};

ExitCode check(Program& program, const ConfigArguments& arguments) {
    for (const auto& [config, report] :
         checkRuns(givenRuns(arguments.check, arguments.changes), program.registries)) {
        if (arguments.json) {
            program.out << dumpJson({{"config", config.toJson()}, {"report", toJson(report)}}) << "\n";
            continue;
        }
        program.out << config.name << "\n\n"
                    << dumpJson(config.toJson(), 2) << "\n\n"
                    << reportText(report) << "\n";
    }
    return ExitCode::Ok;
}

} // namespace

void addConfigCommands(CLI::App& app, Program& program) {
    const auto arguments = std::make_shared<ConfigArguments>();
    auto* const command = app.add_subcommand("config", "Check a configuration, or print one to start from");
    auto* const modes = command->add_option_group("what");
    modes
        ->add_option("--check", arguments->check,
                     "Print what this configuration means, complete, and what its layers will be like")
        ->type_name("FILE|EXAMPLE");
    modes->add_flag("--example", arguments->example, "Print a configuration to start from");
    modes->add_flag("--reference", arguments->reference,
                    "Print the reference of all keys as Markdown (docs/reference.md)");
    modes->require_option(1);
    addRunChanges(*command, arguments->changes, "With --check: ");
    command->add_flag("--json", arguments->json, "With --check: one JSON object a run");
    command->callback([arguments, &program] {
        program.action = [arguments, &program] {
            if (arguments->example)
                program.out << kStartingDocument;
            else if (arguments->reference)
                program.out << referenceText(program.registries);
            else
                return check(program, *arguments);
            return ExitCode::Ok;
        };
    });
}

} // namespace quantarium::cli
