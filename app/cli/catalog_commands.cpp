// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/catalog_commands.h"

#include <algorithm>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "app/cli/catalog.h"
#include "app/cli/text_table.h"
#include "core/base/registry.h"
#include "core/run/examples.h"
#include "core/run/recipes.h"

namespace quantarium::cli {

namespace {

constexpr std::size_t kWidth = 100;

struct CatalogArguments {
    std::string command;
    std::string id;
    bool json = false;
};

void printOption(std::ostream& out, const OptionSpec& option) {
    out << "    " << option.name << " = " << defaultValue(option) << "  (" << allowedValues(option) << ")\n";
    std::string text = option.help;
    if (const auto when = condition(option); !when.empty()) text += " (" + when + ")";
    if (!option.source.empty()) text += " [" + option.source + "]";
    out << wrapped(text, 8, kWidth);
}

void printEntry(std::ostream& out, const CatalogEntry& entry) {
    out << entry.schema.id << "  " << entry.schema.title << "\n" << wrapped(entry.schema.help, 2, kWidth);
    if (!entry.schema.source.empty()) out << wrapped("Source: " + entry.schema.source, 2, kWidth);
    for (const auto& [name, value] : entry.facts)
        out << wrapped(name + ": " + value, 2, kWidth);
    if (!entry.schema.options.empty()) out << "  Options:\n";
    for (const auto& option : entry.schema.options)
        printOption(out, option);
}

Json optionJson(const OptionSpec& option) {
    return {{"name", option.name},
            {"title", option.title},
            {"default", option.defaultValue},
            {"allowed", allowedValues(option)},
            {"unit", option.unit},
            {"help", option.help},
            {"source", option.source},
            {"only_when", condition(option)},
            {"nullable", option.nullable}};
}

Json entryJson(const CatalogEntry& entry) {
    Json options = Json::array();
    for (const auto& option : entry.schema.options)
        options.push_back(optionJson(option));
    Json facts = Json::object();
    for (const auto& [name, value] : entry.facts)
        facts[name] = value;
    return {{"id", entry.schema.id},
            {"title", entry.schema.title},
            {"help", entry.schema.help},
            {"source", entry.schema.source},
            {"facts", facts},
            {"options", options}};
}

std::vector<CatalogEntry> chosen(const Catalog& catalog, const std::string& id) {
    if (id.empty()) return catalog.entries;
    std::vector<std::string> ids;
    for (const auto& entry : catalog.entries) {
        if (entry.schema.id == id) return {entry};
        ids.push_back(entry.schema.id);
    }
    failUnknownId("entry", id, ids, catalog.command);
}

ExitCode printCatalog(Program& program, const CatalogArguments& arguments) {
    const auto all = catalogs(program.registries, true);
    const auto& catalog = *std::find_if(all.begin(), all.end(),
                                        [&](const Catalog& one) { return one.command == arguments.command; });
    const auto entries = chosen(catalog, arguments.id);
    if (arguments.json) {
        Json list = Json::array();
        for (const auto& entry : entries)
            list.push_back(entryJson(entry));
        program.out << dumpJson(list, 2) << "\n";
        return ExitCode::Ok;
    }
    program.out << catalog.title << " (" << catalog.key << "; options in " << catalog.optionsKey << ")\n";
    for (const auto& entry : entries) {
        program.out << "\n";
        printEntry(program.out, entry);
    }
    return ExitCode::Ok;
}

void addCatalog(CLI::App& app, Program& program, const Catalog& catalog) {
    const auto arguments = std::make_shared<CatalogArguments>();
    arguments->command = catalog.command;
    auto* const command =
        app.add_subcommand(catalog.command, catalog.title + " with their options, defaults and ranges");
    command->add_option("id", arguments->id, "Only this one")->type_name("ID");
    command->add_flag("--json", arguments->json, "Print JSON");
    command->callback([arguments, &program] {
        program.action = [arguments, &program] { return printCatalog(program, *arguments); };
    });
}

ExitCode printExamples(Program& program) {
    for (const auto& example : builtinExamples()) {
        program.out << example.id << "  " << example.title << " (" << example.runCount() << " runs, about "
                    << fixedNumber(example.minutes, 0) << " min on two processor cores)\n"
                    << wrapped(example.shows, 2, kWidth);
    }
    program.out << "\nStart one with \"quantarium-cli run ID\".\n";
    return ExitCode::Ok;
}

Json recipeJson(const Recipe& recipe) {
    return {{"id", recipe.id},
            {"title", recipe.title},
            {"source", recipe.source},
            {"differs", recipe.differs},
            {"config", recipe.config}};
}

ExitCode printRecipes(Program& program, const CatalogArguments& arguments) {
    Json list = Json::array();
    const auto print = [&](const Recipe& recipe) {
        list.push_back(recipeJson(recipe));
        if (arguments.json) return;
        program.out << recipe.id << "  " << recipe.title << "\n"
                    << wrapped("Source: " + recipe.source, 2, kWidth);
        if (!recipe.differs.empty()) program.out << wrapped("Differs: " + recipe.differs, 2, kWidth);
        if (!arguments.id.empty()) program.out << "\n" << dumpJson(recipe.config, 2) << "\n";
    };
    if (!arguments.id.empty()) {
        print(builtinRecipe(arguments.id));
    } else {
        for (const auto& recipe : builtinRecipes())
            print(recipe);
        if (!arguments.json) program.out << "\nTrain with one: \"quantarium-cli run FILE --recipe ID\".\n";
    }
    if (arguments.json) program.out << dumpJson(list, 2) << "\n";
    return ExitCode::Ok;
}

void addRecipes(CLI::App& app, Program& program) {
    const auto arguments = std::make_shared<CatalogArguments>();
    auto* const command = app.add_subcommand(
        "recipes", "What the authors of each method trained it with: for \"run --recipe ID\"");
    command->add_option("id", arguments->id, "Only this one, with its configuration")->type_name("ID");
    command->add_flag("--json", arguments->json, "Print JSON");
    command->callback([arguments, &program] {
        program.action = [arguments, &program] { return printRecipes(program, *arguments); };
    });
}

} // namespace

void addCatalogCommands(CLI::App& app, Program& program) {
    for (const auto& catalog : catalogs(program.registries, false))
        addCatalog(app, program, catalog);
    addRecipes(app, program);
    app.add_subcommand("examples", "Example experiments that \"run\" knows by name")->callback([&program] {
        program.action = [&program] { return printExamples(program); };
    });
}

} // namespace quantarium::cli
