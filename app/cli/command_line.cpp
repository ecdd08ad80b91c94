// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command_line.h"

#include <exception>
#include <ostream>

#include <CLI/CLI.hpp>

#include "app/cli/catalog_commands.h"
#include "app/cli/config_commands.h"
#include "app/cli/exit_code.h"
#include "app/cli/program.h"
#include "app/cli/run_commands.h"
#include "core/base/text.h"
#include "core/train/environment.h"
#ifdef QUANTARIUM_WITH_STORE
#include "app/cli/bits_command.h"
#include "app/cli/integer_command.h"
#include "app/cli/workspace_commands.h"
#endif

namespace quantarium::cli {

namespace {

constexpr const char* kHelp = "Trains quantized neural networks and keeps what came out.";

void addCommands(CLI::App& app, Program& program) {
    addRunCommands(app, program);
#ifdef QUANTARIUM_WITH_STORE
    addWorkspaceCommands(app, program);
    addBitsCommand(app, program);
    addIntegerCommand(app, program);
#endif
    addConfigCommands(app, program);
    addCatalogCommands(app, program);
}

/// What is wrong with a first word that is no command.
std::string commandHint(const CLI::App& app, int argumentCount, const char* const* arguments) {
    if (argumentCount < 2) return {};
    std::vector<std::string> names;
    for (const auto* const command : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (command->get_name() == arguments[1]) return {};
        names.push_back(command->get_name());
    }
    const auto near = nearestWord(arguments[1], names);
    if (std::string(arguments[1]).starts_with('-')) return {};
    return " There is no command \"" + std::string(arguments[1]) + "\"." +
           (near.empty() ? "" : " Did you mean \"" + near + "\"?");
}

ExitCode reportUsage(const CLI::ParseError& problem, const std::string& hint, std::ostream& error) {
    std::string text = problem.what();
    for (auto& character : text)
        if (character == '\n') character = ' ';
    if (!text.empty() && text.back() != '.') text += '.';
    error << "quantarium-cli: " << text << hint << " \"quantarium-cli --help\" lists the commands."
          << std::endl;
    return ExitCode::Usage;
}

ExitCode guarded(const Program& program) {
    try {
        return program.action();
    } catch (const Error& problem) {
        program.error << "quantarium-cli: " << problem.what() << std::endl;
        return exitCodeFor(problem.kind());
    } catch (const std::bad_alloc&) {
        program.error << "quantarium-cli: out of memory. Use a smaller batch or network." << std::endl;
        return ExitCode::Resource;
    } catch (const std::exception& problem) {
        program.error << "quantarium-cli: error in the program: " << problem.what() << std::endl;
        return ExitCode::Internal;
    }
}

ExitCode execute(int argumentCount, const char* const* arguments, Program& program) {
    CLI::App app(kHelp, "quantarium-cli");
    app.set_version_flag("--version", "quantarium-cli " + train::versionText());
    app.require_subcommand(1);
    app.footer("\n" + exitCodeHelp());
    addCommands(app, program);
    try {
        app.parse(argumentCount, arguments);
    } catch (const CLI::Success& asked) {
        app.exit(asked, program.out, program.error);
        return ExitCode::Ok;
    } catch (const CLI::ParseError& problem) {
        return reportUsage(problem, commandHint(app, argumentCount, arguments), program.error);
    }
    return guarded(program);
}

} // namespace

int runCommandLine(int argumentCount, const char* const* arguments, const train::Registries& registries,
                   std::ostream& out, std::ostream& error) {
    Program program{registries, out, error, {}};
    const auto code = execute(argumentCount, arguments, program);
    out.flush();
    return static_cast<int>(code);
}

} // namespace quantarium::cli
