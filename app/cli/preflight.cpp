// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/preflight.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/run/recipes.h"
#include "core/train/resolve.h"
#include "core/train/session.h"
#include "core/train/start_weights.h"

namespace quantarium::cli {

namespace {

/// Whether `document` has a value at "weights.bits" or above it.
bool sets(const Json& document, std::string key) {
    const Json* section = &document;
    while (section->is_object() && !key.empty()) {
        const auto dot = std::min(key.find('.'), key.size());
        const auto found = section->find(key.substr(0, dot));
        if (found == section->end()) return false;
        section = &*found;
        key.erase(0, dot + 1);
    }
    return true;
}

/// Whether one of the --set options gives this key, or what it is in.
bool isSetByHand(const RunChanges& changes, const std::string& key) {
    return std::any_of(changes.settings.begin(), changes.settings.end(), [&](const std::string& setting) {
        const auto name = setting.substr(0, setting.find('='));
        return key == name || key.starts_with(name + ".");
    });
}

/// The error, at "recipe xnor-net: network.options.nonlinearity" if that is where its key was set.
Error placed(const Error& error, const std::string& source, const RunChanges& changes) {
    const std::string place = source + ": ";
    if (changes.recipe.empty() || !error.where().starts_with(place)) return error;
    const auto key = error.where().substr(place.size());
    if (isSetByHand(changes, key) || !sets(builtinRecipe(changes.recipe).config, key)) return error;
    return {error.kind(), error.problem(), "recipe " + changes.recipe + ": " + key, error.remedy()};
}

RunConfig resolved(const RunConfig& config, const train::Registries& registries, const std::string& source,
                   const RunChanges& changes) {
    try {
        return train::resolve(config, registries, source);
    } catch (const Error& error) {
        throw placed(error, source, changes);
    }
}

} // namespace

GivenRuns givenRuns(const std::string& fileOrExample, const RunChanges& changes) {
    return {readRuns(fileOrExample, changes), fileOrExample, changes};
}

std::vector<CheckedRun> checkRuns(const GivenRuns& given, const train::Registries& registries) {
    std::vector<CheckedRun> checked;
    for (const auto& one : given.configs) {
        const auto source = given.configs.size() > 1 ? given.source + " (" + one.name + ")" : given.source;
        const auto config = resolved(one, registries, source, given.changes);
        const auto report = train::planRun(config, registries);
        if (config.start.from == "file") train::requireStartFits(config, registries, config.start.path);
        checked.push_back({config, report});
    }
    return checked;
}

void checkBeforeStart(const GivenRuns& given, const train::Registries& registries) {
    std::set<Json> opened;
    for (const auto& [config, report] : checkRuns(given, registries)) {
        train::requireMemory(report);
        const auto& entry = registries.datasets.at(config.dataset.id, "dataset.id");
        if (!entry.embedded && opened.insert(config.toJson().at("dataset")).second)
            (void)train::openData(config, registries);
    }
}

} // namespace quantarium::cli
