// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/catalog.h"

#include <utility>

#include "app/cli/text_table.h"
#include "core/base/json.h"
#include "core/base/text.h"

namespace quantarium::cli {

namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

template <class Entry, class MakeFacts>
std::vector<CatalogEntry> entriesOf(const Registry<Entry>& registry, MakeFacts&& facts) {
    std::vector<CatalogEntry> entries;
    for (const auto& entry : registry.entries())
        entries.push_back({entry.schema, facts(entry)});
    return entries;
}

Facts noFacts() {
    return {};
}

std::string yesNo(bool value) {
    return value ? "yes" : "no";
}

std::string firstAndLastText(quant::FirstAndLast what) {
    switch (what) {
    case quant::FirstAndLast::Quantized:
        return "quantized";
    case quant::FirstAndLast::Float:
        return "float";
    case quant::FirstAndLast::EightBits:
        return "8 bits";
    }
    return {};
}

Facts methodFacts(const quant::WeightMethod& method) {
    const std::string range = std::to_string(method.minimumBits) + " … " + std::to_string(method.maximumBits);
    return {{"Bits", method.minimumBits == method.maximumBits ? std::to_string(method.minimumBits) : range},
            {"Usual bits", std::to_string(method.defaultBits)},
            {"Published from trained weights", yesNo(method.wantsPretrained)},
            {"First and last layer as published", firstAndLastText(method.firstAndLast)}};
}

Facts activationFacts(const quant::ActivationMethod& method) {
    return {{"Bits", std::to_string(method.minimumBits) + " … " + std::to_string(method.maximumBits)},
            {"Usual bits", std::to_string(method.defaultBits)},
            {"First and last layer as published", firstAndLastText(method.firstAndLast)}};
}

Facts datasetFacts(const data::DatasetEntry& dataset, bool withMachine) {
    const auto& published = dataset.published;
    const auto& shape = published.imageShape;
    Facts facts{{"Images", groupedNumber(published.trainSamples) + " for training, " +
                               groupedNumber(published.testSamples) + " for testing"},
                {"Size", std::to_string(shape[0]) + " × " + std::to_string(shape[1]) + " × " +
                             std::to_string(shape[2]) + " (channels, height, width)"},
                {"Classes", std::to_string(published.classes)},
                {"Usual augmentation",
                 dumpJson(dataset.defaultAugment.is_null() ? Json::object() : dataset.defaultAugment)}};
    if (dataset.embedded)
        facts.emplace_back("Files", "none needed");
    else if (!dataset.lacking.empty())
        facts.emplace_back("Files", dataset.lacking);
    else if (withMachine)
        facts.emplace_back("Files", dataset.available && dataset.available({})
                                        ? "found"
                                        : "not found; set QUANTARIUM_DATA or dataset.root");
    return facts;
}

} // namespace

std::vector<Catalog> catalogs(const train::Registries& registries, bool withMachine) {
    const auto plain = [](const auto&) { return noFacts(); };
    std::vector<Catalog> all;
    all.push_back({"networks", "Networks", "What is trained", "network.id", "network.options",
                   entriesOf(registries.networks, plain)});
    all.push_back({"methods", "Weight methods", "How weights are quantized", "weights.method",
                   "weights.options", entriesOf(registries.methods, methodFacts)});
    all.push_back({"activations", "Activation methods", "How the layers' inputs are quantized",
                   "activations.method", "activations.options",
                   entriesOf(registries.activations, activationFacts)});
    all.push_back({"datasets", "Datasets", "What is learned", "dataset.id", "dataset.options",
                   entriesOf(registries.datasets, [&](const data::DatasetEntry& entry) {
                       return datasetFacts(entry, withMachine);
                   })});
    all.push_back({"tasks", "Tasks", "What a network is trained for", "task.id", "task.options",
                   entriesOf(registries.tasks, plain)});
    all.push_back({"optimizers", "Optimizers", "How weights follow their gradients", "training.optimizer.id",
                   "training.optimizer.options", entriesOf(registries.optimizers, plain)});
    all.push_back({"schedules", "Schedules", "How the learning rate changes", "training.schedule.id",
                   "training.schedule.options", entriesOf(registries.schedules, plain)});
    return all;
}

std::string allowedValues(const OptionSpec& option) {
    std::string text = allowedText(option);
    if (option.type == OptionType::RealList)
        text = "list of numbers" + (text.empty() ? "" : ", each " + text);
    if (option.type == OptionType::IntegerList)
        text = "list of whole numbers" + (text.empty() ? "" : ", each " + text);
    if (text.empty() && option.type == OptionType::Text) text = "text";
    if (text.empty() && option.type == OptionType::Object) text = "object";
    if (text.empty()) text = "number";
    if (!option.unit.empty()) text += " " + option.unit;
    return option.nullable ? text + ", or null" : text;
}

std::string defaultValue(const OptionSpec& option) {
    if (option.defaultValue.is_null()) return "null";
    return dumpJson(option.defaultValue);
}

std::string condition(const OptionSpec& option) {
    if (option.onlyWhen.empty()) return {};
    std::vector<std::string> values;
    for (const auto& value : option.onlyWhenValues)
        values.push_back(dumpJson(value));
    return "only when " + option.onlyWhen + " is " + join(values, " or ");
}

} // namespace quantarium::cli
