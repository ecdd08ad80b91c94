// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/resolve.h"

#include <algorithm>
#include <thread>

#include <torch/cuda.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/data/loader.h"
#include "core/run/recipes.h"

namespace quantarium::train {

namespace {

[[noreturn]] void fail(const std::string& problem, const std::string& where, const std::string& remedy = {}) {
    throw Error(ErrorKind::Config, problem, where, remedy);
}

void resolveMachine(MachineConfig& machine, const std::string& source) {
    const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
    if (machine.threads == 0) machine.threads = cores;
    if (machine.threads > cores)
        fail(std::to_string(machine.threads) + " threads are more than this machine's " +
                 std::to_string(cores) + (cores == 1 ? " core" : " cores") + ", and slower",
             source + "machine.threads", "Use at most " + std::to_string(cores) + ", or 0 for all cores.");
    const bool cuda = machine.device == "cuda" || machine.device.starts_with("cuda:");
    if (machine.device != "cpu" && !cuda)
        fail("\"" + machine.device + "\" is no device", source + "machine.device",
             "Allowed: cpu, cuda, cuda:N.");
    if (cuda && machine.device.size() > 4 &&
        (machine.device.size() < 6 || machine.device.size() > 8 ||
         !std::all_of(machine.device.begin() + 5, machine.device.end(),
                      [](char c) { return c >= '0' && c <= '9'; })))
        fail("\"" + machine.device + "\" is no device", source + "machine.device",
             "Allowed: cpu, cuda, cuda:N.");
    if (cuda && !torch::cuda::is_available())
        fail("no CUDA device can be used here", source + "machine.device",
             "Use \"cpu\", or a LibTorch with CUDA on a machine with a GPU.");
}

/// What weights.method and activations.method are mistaken for.
struct OtherSection {
    std::vector<std::string> ids;
    std::string what; ///< "quantizes inputs, not weights"
    std::string key;
    std::string keeps; ///< the word that quantizes nothing in the section itself
};

OtherSection activationsInstead(const Registries& registries) {
    return {registries.activations.ids(), "quantizes inputs, not weights", "activations.method", "float"};
}

OtherSection weightsInstead(const Registries& registries) {
    return {registries.methods.ids(), "quantizes weights, not inputs", "weights.method", "none"};
}

bool contains(const std::vector<std::string>& ids, const std::string& id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// The method with this id. Of an id that stands for something else the error says for what.
template <class Method>
const Method& methodAt(const Registry<Method>& methods, const std::string& id, const std::string& where,
                       const OtherSection& other) {
    if (const auto* method = methods.find(id)) return *method;
    if (id == "float" || id == "none")
        fail("\"" + id + "\" is no method here", where, "Use \"" + other.keeps + "\" to quantize nothing.");
    if (contains(other.ids, id))
        fail("\"" + id + "\" " + other.what, where, "It belongs in " + other.key + ".");
    const auto& recipes = builtinRecipes();
    if (std::any_of(recipes.begin(), recipes.end(), [&](const Recipe& recipe) { return recipe.id == id; }))
        fail("\"" + id + "\" is a recipe, not a method", where,
             "Use \"--recipe " + id + "\"; it sets the methods, too.");
    return methods.at(id, where);
}

/// Options of one weight or activation method at one width, complete; `where` is the section's path.
template <class Method>
Json methodOptions(const Method& method, std::int64_t bits, const Json& options, const std::string& where) {
    if (bits < method.minimumBits || bits > method.maximumBits) {
        const auto range =
            method.minimumBits == method.maximumBits
                ? std::to_string(method.minimumBits)
                : std::to_string(method.minimumBits) + " … " + std::to_string(method.maximumBits);
        fail(std::to_string(bits) + " is outside what " + method.schema.id + " can do", where + ".bits",
             "Allowed for " + method.schema.id + ": " + range + " bits.");
    }
    const auto validated = Options::validated(method.schema.options, options, where + ".options");
    if (method.check) method.check(bits, validated, where);
    return validated.json();
}

/// An override as it is written: the section's own method, bits and options where it doesn't say otherwise.
template <class Section, class Methods>
void resolveOverride(Json& value, const Section& section, const Methods& methods, const OtherSection& other,
                     const std::string& where) {
    const std::vector<OptionSpec> keys{OptionSpec::text("method", "", section.method, ""),
                                       OptionSpec::integer("bits", "", section.bits, 1, 32, "").orNull(), [] {
                                           OptionSpec spec;
                                           spec.name = "options";
                                           spec.type = OptionType::Object;
                                           spec.defaultValue = Json::object();
                                           return spec;
                                       }()};
    const auto given = Options::validated(keys, value, where);
    if (given.text("method") == "none") {
        value = {{"method", "none"}, {"bits", 32}, {"options", Json::object()}};
        return;
    }
    const auto& method = methodAt(methods, given.text("method"), where + ".method", other);
    const bool same = method.schema.id == section.method;
    const auto bits = given.optionalInteger("bits").value_or(same ? section.bits : method.defaultBits);
    Json options = same ? section.options : Json::object();
    for (const auto& [name, option] : given.json().at("options").items())
        options[name] = option;
    value = {{"method", method.schema.id},
             {"bits", bits},
             {"options", methodOptions(method, bits, options, where)}};
}

void resolveWeights(QuantizationConfig& weights, const Registries& registries, const std::string& source) {
    const auto other = activationsInstead(registries);
    const auto& method = methodAt(registries.methods, weights.method, source + "weights.method", other);
    if (weights.method != "float" && weights.bits == 32) weights.bits = method.defaultBits;
    weights.options = methodOptions(method, weights.bits, weights.options, source + "weights");
    for (auto& [pattern, value] : weights.overrides)
        resolveOverride(value, weights, registries.methods, other, source + "weights.overrides." + pattern);
}

void resolveActivations(QuantizationConfig& activations, const Registries& registries,
                        const std::string& source) {
    const auto other = weightsInstead(registries);
    if (activations.method == "none") {
        if (activations.bits != 32)
            fail("activations stay float (32 bits) with the method none", source + "activations.bits",
                 "Use 32, or choose a method.");
        if (!activations.options.empty())
            fail("the method none has no options", source + "activations.options", "Remove them.");
    } else {
        const auto& method =
            methodAt(registries.activations, activations.method, source + "activations.method", other);
        if (activations.bits == 32) activations.bits = method.defaultBits;
        activations.options =
            methodOptions(method, activations.bits, activations.options, source + "activations");
    }
    for (auto& [pattern, value] : activations.overrides)
        resolveOverride(value, activations, registries.activations, other,
                        source + "activations.overrides." + pattern);
}

/// Sign of values that a ReLU let through is always +1.
void requireNegativeInputs(const RunConfig& config, const Registries& registries, const std::string& source) {
    const auto& options = config.network.options;
    const std::string nonlinearity = options.value("nonlinearity", "relu");
    if (nonlinearity != "relu") return;
    const bool choosable = options.contains("nonlinearity");
    const auto require = [&](const std::string& id, const std::string& where) {
        if (id == "none" || !registries.activations.at(id, where).needsNegative) return;
        fail(id + " would see no negative values behind the ReLU of " + config.network.id +
                 " and give the same value everywhere",
             where,
             choosable ? "Set network.options.nonlinearity to none or hardtanh."
                       : "Choose a network with the option nonlinearity, or another activation method.");
    };
    require(config.activations.method, source + "activations.method");
    for (const auto& [pattern, value] : config.activations.overrides)
        require(value.at("method").get<std::string>(), source + "activations.overrides." + pattern);
}

void refuseWhatIsMissing(const RunConfig& config, const std::string& source) {
    if (config.ensembleMembers > 1)
        fail("ensembles of " + std::to_string(config.ensembleMembers) +
                 " members can't be trained by this version",
             source + "ensemble.members", "Use 1; training.repeats gives independently seeded runs.");
}

void checkStart(const RunConfig& config, const std::string& source) {
    if ((config.start.from == "run" || config.start.from == "file") && config.start.path.empty())
        fail("start.from is \"" + config.start.from + "\" but no path is given", source + "start.path",
             config.start.from == "run" ? "Give a run's id; \"quantarium-cli list\" shows them."
                                        : "Give a safetensors file or a PyTorch state dict.");
}

std::string shortNumber(std::int64_t bits) {
    return std::to_string(bits) + " bit";
}

} // namespace

RunConfig resolve(const RunConfig& config, const Registries& registries, const std::string& sourceName) {
    const std::string source = sourceName.empty() ? "" : sourceName + ": ";
    RunConfig result = config;
    resolveMachine(result.machine, source);
    refuseWhatIsMissing(result, source);
    const auto& task = registries.tasks.at(result.task.id, source + "task.id");
    result.task.options =
        Options::validated(task.schema.options, result.task.options, source + "task.options").json();
    const auto& dataset = registries.datasets.at(result.dataset.id, source + "dataset.id");
    result.dataset.options =
        Options::validated(dataset.schema.options, result.dataset.options, source + "dataset.options").json();
    if (result.dataset.augment.empty())
        result.dataset.augment = dataset.defaultAugment.is_object() ? dataset.defaultAugment : Json::object();
    result.dataset.augment =
        Options::validated(data::Augmentation::schema(), result.dataset.augment, source + "dataset.augment")
            .json();
    const auto& network = registries.networks.at(result.network.id, source + "network.id");
    result.network.options =
        Options::validated(network.schema.options, result.network.options, source + "network.options").json();
    const auto& optimizer =
        registries.optimizers.at(result.training.optimizer.id, source + "training.optimizer.id");
    result.training.optimizer.options =
        Options::validated(optimizer.schema.options, result.training.optimizer.options,
                           source + "training.optimizer.options")
            .json();
    if (result.training.optimizer.options.value("nesterov", false) &&
        result.training.optimizer.options.value("momentum", 0.0) == 0.0)
        fail("Nesterov needs a momentum above 0", source + "training.optimizer.options.nesterov",
             "Set momentum, or nesterov to false.");
    const auto& schedule =
        registries.schedules.at(result.training.schedule.id, source + "training.schedule.id");
    result.training.schedule.options =
        Options::validated(schedule.schema.options, result.training.schedule.options,
                           source + "training.schedule.options")
            .json();
    resolveWeights(result.weights, registries, source);
    resolveActivations(result.activations, registries, source);
    requireNegativeInputs(result, registries, source);
    checkStart(result, source);
    if (result.start.from == "float")
        (void)resolve(floatStart(result), registries, source + "start.training (the float run)");
    if (result.name.empty()) result.name = describe(result);
    return result;
}

std::string describe(const RunConfig& config) {
    std::string text = config.network.id + " · " + config.weights.method;
    if (config.weights.method != "float") text += " " + shortNumber(config.weights.bits);
    return text + " · " + config.dataset.id;
}

RunConfig floatStart(const RunConfig& resolved) {
    Json document = resolved.toJson();
    document["weights"] = Json::object();
    document["activations"] = Json::object();
    document["start"] = Json::object();
    document["name"] = "";
    document["training"]["epochs"] = resolved.start.floatEpochs;
    document["training"]["repeats"] = 1;
    for (const auto& [key, value] : resolved.start.training.items()) {
        if (key == "epochs" || key == "repeats")
            fail("the float run's " + key + " can't be set here", "start.training." + key,
                 key == "epochs" ? "Use start.float_epochs." : "Each repeat has its own float run.");
        document["training"][key] = value;
    }
    return RunConfig::fromJson(document, "start.training");
}

std::vector<RunConfig> repeats(const RunConfig& resolved) {
    std::vector<RunConfig> result;
    for (std::int64_t i = 0; i < resolved.training.repeats; ++i) {
        RunConfig one = resolved;
        one.training.repeats = 1;
        one.seed = resolved.seed + static_cast<std::uint64_t>(i);
        if (resolved.training.repeats > 1) one.name += one.seedSuffix();
        result.push_back(std::move(one));
    }
    return result;
}

Json identity(const RunConfig& resolved) {
    Json document = resolved.toJson();
    document.erase("name");
    return document;
}

} // namespace quantarium::train
