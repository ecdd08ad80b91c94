// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/run/recipes.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/base/error.h"
#include "core/base/options.h"
#include "core/base/registry.h"
#include "core/run/resource_texts.h"

namespace quantarium {

namespace {

constexpr const char* kFormat = "quantarium-recipe/1";
constexpr std::array<std::string_view, 5> kReplaced{"task", "start", "weights", "activations", "training"};
constexpr std::array<std::string_view, 2> kMerged{"dataset", "network"};

template <std::size_t size>
bool contains(const std::array<std::string_view, size>& keys, const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

const std::vector<OptionSpec>& headSchema() {
    static const std::vector<OptionSpec> schema = [] {
        OptionSpec config;
        config.name = "config";
        config.type = OptionType::Object;
        config.defaultValue = Json::object();
        return std::vector<OptionSpec>{
            OptionSpec::text("id", "", "", ""), OptionSpec::text("title", "", "", ""),
            OptionSpec::text("source", "", "", ""), OptionSpec::text("differs", "", "", ""), config};
    }();
    return schema;
}

} // namespace

Recipe recipeFromJson(const Json& document, const std::string& source) {
    if (!document.is_object() || document.value("format", Json()) != kFormat)
        throw Error(ErrorKind::Config, "this is not a recipe", source,
                    std::string("Write \"format\": \"") + kFormat + "\".");
    Json head = document;
    head.erase("format");
    const auto options = Options::validated(headSchema(), head, source);
    Recipe recipe{options.text("id"), options.text("title"), options.text("source"), options.text("differs"),
                  options.json().at("config")};
    for (const auto& [key, value] : recipe.config.items())
        if (!contains(kReplaced, key) && !contains(kMerged, key))
            throw Error(ErrorKind::Config, "a recipe says nothing of this", source + ": config." + key);
    return recipe;
}

const std::vector<Recipe>& builtinRecipes() {
    static const std::vector<Recipe> recipes = [] {
        std::vector<Recipe> list;
        for (const auto& [file, text] : recipeTexts())
            list.push_back(recipeFromJson(parseJson(text, std::string(file)), std::string(file)));
        return list;
    }();
    return recipes;
}

const Recipe& builtinRecipe(const std::string& id) {
    std::vector<std::string> ids;
    for (const auto& recipe : builtinRecipes()) {
        if (recipe.id == id) return recipe;
        ids.push_back(recipe.id);
    }
    failUnknownId("recipe", id, ids, "recipe");
}

Json withRecipe(const Recipe& recipe, Json document) {
    const Json repeats = document.value("training", Json::object()).value("repeats", Json());
    for (const auto key : kReplaced)
        document.erase(std::string(key));
    for (const auto& [key, value] : recipe.config.items())
        if (contains(kMerged, key))
            document[key].merge_patch(value);
        else
            document[key] = value;
    if (!repeats.is_null()) document["training"]["repeats"] = repeats;
    return document;
}

} // namespace quantarium
