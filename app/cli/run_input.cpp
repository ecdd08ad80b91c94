// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/run_input.h"

#include <filesystem>

#include "core/base/error.h"
#include "core/base/registry.h"
#include "core/run/examples.h"

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

std::vector<RunConfig> changed(const Example& example, const std::vector<std::string>& settings) {
    if (settings.empty()) return example.runs;
    std::vector<RunConfig> runs;
    for (const auto& run : example.runs) {
        Json document = run.toJson();
        applySettings(document, settings);
        runs.push_back(RunConfig::fromJson(document, "--set"));
    }
    return runs;
}

bool isExample(const Json& document) {
    return document.is_object() && document.contains("runs");
}

} // namespace

std::vector<RunConfig> readRuns(const std::string& fileOrExample, const std::vector<std::string>& settings) {
    if (std::filesystem::exists(fileOrExample)) {
        Json document = readJsonFile(fileOrExample);
        if (isExample(document)) return changed(exampleFromJson(document, fileOrExample), settings);
        if (document.is_object()) applySettings(document, settings);
        return {RunConfig::fromJson(document, fileOrExample)};
    }
    std::vector<std::string> ids;
    for (const auto& example : builtinExamples()) {
        if (example.id == fileOrExample) return changed(example, settings);
        ids.push_back(example.id);
    }
    if (fileOrExample.ends_with(".json") || fileOrExample.find('/') != std::string::npos)
        throw Error(ErrorKind::Config, "there is no such file", fileOrExample,
                    "\"quantarium-cli config --example\" prints one to start from.");
    failUnknownId("example or file", fileOrExample, ids, "run");
}

} // namespace quantarium::cli
