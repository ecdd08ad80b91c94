// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"

namespace quantarium {

/// What the authors of a method trained it with: its options, layer policy, loss, optimizer, schedule,
/// clipping and starting point. The files are in resources/recipes (format "quantarium-recipe/1"), compiled
/// into both programs.
struct Recipe {
    std::string id;
    std::string title;
    std::string source;
    std::string differs; ///< what of the publication this can't repeat or doesn't know; may be empty
    Json config;         ///< sections of a run configuration, without dataset and network of their own
};

/// Throws Error(Config) naming source and key.
Recipe recipeFromJson(const Json& document, const std::string& source);

/// The recipes of this program, by id.
const std::vector<Recipe>& builtinRecipes();

/// Throws Error(Config) naming the nearest recipe.
const Recipe& builtinRecipe(const std::string& id);

/// A configuration document with what the recipe says in place of its own: task, start, weights, activations
/// and training become the recipe's (or defaults, where it says nothing); options of the network and
/// augmentation change where it names them; dataset, network, seed, repeats and machine stay.
Json withRecipe(const Recipe& recipe, Json document);

} // namespace quantarium
