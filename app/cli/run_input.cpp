// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/run_input.h"

#include <filesystem>

#include "core/base/error.h"
#include "core/base/registry.h"
#include "core/run/examples.h"
#include "core/run/recipes.h"

namespace quantarium::cli {

namespace {

void applySettings(Json& document, const std::vector<std::string>& settings) {
    for (const auto& setting : settings) {
        const auto equals = setting.find('=');
        if (equals == std::string::npos)
            throw Error(ErrorKind::Config, "\"" + setting + "\" has no '='", "--set",
                        "Write --set section.key=value.");
        setConfigValue(document, setting.substr(0, equals), setting.substr(equals + 1));
    }
}

void apply(Json& document, const RunChanges& changes) {
    if (!changes.recipe.empty()) document = withRecipe(builtinRecipe(changes.recipe), std::move(document));
    applySettings(document, changes.settings);
}

std::vector<RunConfig> changed(const Example& example, const RunChanges& changes) {
    if (changes.recipe.empty() && changes.settings.empty()) return example.runs;
    std::vector<RunConfig> runs;
    for (const auto& run : example.runs) {
        Json document = run.toJson();
        apply(document, changes);
        runs.push_back(RunConfig::fromJson(document, changes.recipe.empty() ? "--set" : "--recipe"));
    }
    return runs;
}

bool isExample(const Json& document) {
    return document.is_object() && document.contains("runs");
}

} // namespace

void addRunChanges(CLI::App& command, RunChanges& changes, const std::string& when) {
    command
        .add_option("--recipe", changes.recipe,
                    when + "Train as a method's authors did (see \"recipes\"): sets task, start, weights, "
                           "activations and training")
        ->type_name("ID");
    command
        .add_option("--set", changes.settings,
                    when +
                        "Change one value of the configuration, such as training.epochs=3; may be repeated")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
}

std::vector<RunConfig> readRuns(const std::string& fileOrExample, const RunChanges& changes) {
    if (std::filesystem::exists(fileOrExample)) {
        Json document = readJsonFile(fileOrExample);
        if (isExample(document)) return changed(exampleFromJson(document, fileOrExample), changes);
        if (document.is_object()) apply(document, changes);
        return {RunConfig::fromJson(document, fileOrExample)};
    }
    std::vector<std::string> ids;
    for (const auto& example : builtinExamples()) {
        if (example.id == fileOrExample) return changed(example, changes);
        ids.push_back(example.id);
    }
    if (fileOrExample.ends_with(".json") || fileOrExample.find('/') != std::string::npos)
        throw Error(ErrorKind::Config, "there is no such file", fileOrExample,
                    "\"quantarium-cli config --example\" prints one to start from.");
    failUnknownId("example or file", fileOrExample, ids, "run");
}

} // namespace quantarium::cli
