// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/reference.h"

#include "app/cli/catalog.h"
#include "core/data/loader.h"
#include "core/run/examples.h"
#include "core/run/recipes.h"
#include "core/run/run_config.h"

namespace quantarium::cli {

namespace {

/// A text inside a Markdown table.
std::string cell(const std::string& text) {
    std::string escaped;
    for (const char character : text) {
        if (character == '|') escaped += '\\';
        escaped += character;
    }
    return escaped;
}

std::string optionTable(const std::vector<OptionSpec>& options) {
    std::string text = "| key | default | allowed | meaning |\n|---|---|---|---|\n";
    for (const auto& option : options) {
        std::string meaning = option.help;
        if (const auto when = condition(option); !when.empty()) meaning += " (" + when + ")";
        if (!option.source.empty()) meaning += " [" + option.source + "]";
        text += "| `" + option.name + "` | `" + cell(defaultValue(option)) + "` | " +
                cell(allowedValues(option)) + " | " + cell(meaning) + " |\n";
    }
    return text + "\n";
}

std::string configChapter() {
    std::string text = "## The configuration\n\nOne JSON document describes one run, whole. Its `format` is "
                       "`quantarium-run/1`. Only `format`, "
                       "`dataset.id` and `network.id` have to be given; unknown keys are errors.\n\n";
    for (const auto& section : runConfigSchema()) {
        text += section.key.empty() ? "### Top level\n\n"
                                    : "### `" + section.key + "`: " + section.title + "\n\n";
        text += optionTable(section.options);
    }
    return text + "### `dataset.augment`\n\n" + optionTable(data::Augmentation::schema());
}

std::string catalogChapter(const Catalog& catalog) {
    std::string text = "## " + catalog.title + "\n\n" + catalog.help + ": `" + catalog.key +
                       "`, with options in `" + catalog.optionsKey + "`. `quantarium-cli " + catalog.command +
                       "` prints the same.\n\n";
    for (const auto& entry : catalog.entries) {
        text += "### `" + entry.schema.id + "`: " + entry.schema.title + "\n\n" + entry.schema.help + "\n\n";
        if (!entry.schema.source.empty()) text += "Source: " + entry.schema.source + "\n\n";
        for (const auto& [name, value] : entry.facts)
            text += "- " + name + ": " + value + "\n";
        if (!entry.facts.empty()) text += "\n";
        if (!entry.schema.options.empty()) text += optionTable(entry.schema.options);
    }
    return text;
}

std::string exampleChapter() {
    std::string text = "## Example experiments\n\n| id | title | shows |\n|---|---|---|\n";
    for (const auto& example : builtinExamples())
        text += "| `" + example.id + "` | " + cell(example.title) + " | " + cell(example.shows) + " |\n";
    return text;
}

std::string recipeChapter() {
    std::string text = "## Recipes\n\nWhat the authors of each method trained it with: `run --recipe ID`, or "
                       "Setup, Presets, As published. `quantarium-cli recipes ID` prints the settings.\n\n"
                       "| id | title | source | differs |\n|---|---|---|---|\n";
    for (const auto& recipe : builtinRecipes())
        text += "| `" + recipe.id + "` | " + cell(recipe.title) + " | " + cell(recipe.source) + " | " +
                cell(recipe.differs) + " |\n";
    return text + "\n";
}

} // namespace

std::string referenceText(const train::Registries& registries) {
    std::string text = "# Reference\n\nMade by `quantarium-cli config --reference` from the schemas that the "
                       "form, the command line and the "
                       "validation use.\n\n";
    text += configChapter();
    for (const auto& catalog : catalogs(registries, false))
        text += catalogChapter(catalog);
    return text + recipeChapter() + exampleChapter();
}

} // namespace quantarium::cli
