// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/run/run_config.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "core/base/error.h"
#include "core/base/text.h"

namespace quantarium {

namespace {

constexpr const char* kFormat = "quantarium-run/1";
constexpr double kInfinity = std::numeric_limits<double>::infinity();

OptionSpec object(std::string name, std::string title, std::string help) {
    OptionSpec spec;
    spec.name = std::move(name);
    spec.title = std::move(title);
    spec.type = OptionType::Object;
    spec.defaultValue = Json::object();
    spec.help = std::move(help);
    return spec;
}

/// @param item what the bits belong to
/// @param of "the inputs of " before a layer, or nothing
ConfigSection quantization(std::string key, std::string title, std::string method, std::string help,
                           const std::string& item, const std::string& of) {
    using S = OptionSpec;
    const std::vector<std::string> treatments{"quantize", "float", "8bit"};
    return {std::move(key),
            std::move(title),
            {S::text("method", "Method", std::move(method), std::move(help)),
             S::integer("bits", "Bit width", 32, 1, 32,
                        "Bits per " + item + "; 32 stands for the method's own default", "bits"),
             object("options", "Options", "The method's own options"),
             S::choice("policy", "First and last layer", "as-published",
                       {"as-published", "all", "skip-first-last", "8bit-first-last"},
                       "What happens to " + of + "the first and the last layer"),
             S::choice("depthwise", "Depthwise convolutions", "quantize", treatments,
                       "What happens to " + of + "depthwise convolutions")
                 .asAdvanced(),
             S::choice("shortcuts", "1 x 1 shortcuts", "quantize", treatments,
                       "What happens to " + of + "the 1 x 1 convolutions beside residual blocks")
                 .asAdvanced(),
             object("overrides", "Overrides", "Layer name pattern -> method, bits, options")}};
}

std::vector<ConfigSection> makeSchema() {
    using S = OptionSpec;
    std::vector<ConfigSection> schema;
    schema.push_back(
        {"",
         "Run",
         {S::text("name", "Name", "", "What you call this run; made from its contents when empty"),
          S::integer("seed", "Seed", 1, 0, 9007199254740991.0,
                     "Every random stream of the run derives from it")}});
    schema.push_back({"task",
                      "Task",
                      {S::text("id", "Task", "classification", "What the network is trained for"),
                       object("options", "Options", "The task's own options")}});
    schema.push_back(
        {"dataset",
         "Data",
         {S::text("id", "Dataset", "", "Which dataset"),
          S::text("root", "Folder", "", "Where its files are; empty: looked for through QUANTARIUM_DATA"),
          S::integer("limit", "Train on at most", 1, 1, 1e12, "Use at most this many training images")
              .orNull(),
          S::integer("test_limit", "Test on at most", 1, 1, 1e12, "Use at most this many test images")
              .orNull()
              .asAdvanced(),
          S::real("validation", "Validation share", 0.1, 0.0, 0.9,
                  "Share of the training images held out; the best epoch is picked on them"),
          S::choice("normalization", "Normalization", "dataset", {"dataset", "imagenet", "none"},
                    "Which mean and standard deviation the images are normalized with"),
          object("augment", "Augmentation", "Pad, random crop, flip"),
          object("options", "Options", "The dataset's own options")}});
    schema.push_back({"network",
                      "Network",
                      {S::text("id", "Network", "", "Which network"),
                       object("options", "Options", "The network's own options")}});
    schema.push_back(
        {"start",
         "Start",
         {S::choice("from", "Start from", "scratch", {"scratch", "float", "run", "file"},
                    "Fresh weights, a shared float run, another run, or a weights file"),
          S::text("path", "Run or file", "", "The run's id, or the file: safetensors or a PyTorch state dict")
              .when("from", {"run", "file"}),
          S::integer("float_epochs", "Float epochs", 10, 1, 100000, "Length of the shared float run",
                     "epochs")
              .when("from", {"float"}),
          object("training", "Float training",
                 "What the float run trains differently, for example {\"optimizer\": {\"id\": \"sgd\", "
                 "\"options\": {\"lr\": 0.1}}}")
              .when("from", {"float"})}});
    schema.push_back(quantization("weights", "Weights", "float", "How weights are quantized", "weight", ""));
    schema.push_back(quantization("activations", "Activations", "none",
                                  "How the layers' inputs are quantized", "activation", "the inputs of "));
    schema.push_back({"ensemble",
                      "Ensemble",
                      {S::integer("members", "Members", 1, 1, 64,
                                  "Independently seeded networks whose predictions are averaged")}});
    schema.push_back(
        {"training",
         "Training",
         {S::integer("epochs", "Epochs", 20, 0, 1e6,
                     "Passes over the training images; 0: only measure the network it starts from", "epochs"),
          S::integer("batch", "Batch size", 128, 1, 1e6, "Images per step", "images"),
          S::integer("repeats", "Repeats", 1, 1, 1000,
                     "The same run with this many seeds; results are mean ± standard deviation"),
          S::real("gradient_clip", "Gradient clip", 1.0, 1e-12, kInfinity,
                  "Largest L2 norm of all gradients together")
              .orNull(),
          object("optimizer", "Optimizer", "{\"id\": \"sgd\", \"options\": {…}}"),
          object("schedule", "Schedule", "{\"id\": \"cosine\", \"options\": {…}}")}});
    schema.push_back(
        {"machine",
         "Machine",
         {S::text("device", "Device", "cpu", "cpu, cuda or cuda:N"),
          S::integer("threads", "Threads", 0, 0, 4096, "Threads of this run; 0: all cores"),
          S::choice("precision", "Precision", "fp32", {"fp32", "bf16"},
                    "bf16: convolutions and matrix products in bfloat16; weights, logits, batch norm and "
                    "loss stay FP32"),
          S::choice("memory_format", "Memory format", "auto", {"auto", "channels-last", "contiguous"},
                    "Layout of the images in memory; auto takes the faster one")}});
    return schema;
}

const ConfigSection& section(const std::string& key) {
    for (const auto& candidate : runConfigSchema())
        if (candidate.key == key) return candidate;
    throw std::logic_error("no configuration section " + key);
}

Options sectionOptions(const Json& document, const std::string& key, const std::string& source) {
    const auto found = document.find(key);
    return Options::validated(section(key).options, found == document.end() ? Json() : *found, source + key);
}

Selection selectionFrom(const Json& value, const Selection& defaults, const std::string& where) {
    const std::vector<OptionSpec> keys{OptionSpec::text("id", "", defaults.id, ""),
                                       object("options", "", "")};
    const auto options = Options::validated(keys, value, where);
    return {options.text("id"), options.json().at("options")};
}

Json selectionTo(const Selection& selection) {
    return {{"id", selection.id}, {"options", selection.options}};
}

Json orNull(const std::optional<std::int64_t>& value) {
    return value ? Json(*value) : Json();
}

void readDataset(DatasetConfig& dataset, const Options& options) {
    dataset.id = options.text("id");
    dataset.root = options.text("root");
    dataset.limit = options.optionalInteger("limit");
    dataset.testLimit = options.optionalInteger("test_limit");
    dataset.validation = options.real("validation");
    dataset.normalization = options.text("normalization");
    dataset.augment = options.json().at("augment");
    dataset.options = options.json().at("options");
}

std::map<std::string, Json> readOverrides(const Options& options, const std::string& where) {
    std::map<std::string, Json> overrides;
    for (const auto& [pattern, value] : options.json().at("overrides").items()) {
        if (!value.is_object())
            throw Error(ErrorKind::Config, dumpJson(value) + " is not an object", where + "." + pattern,
                        "Give at least one of method, bits, options.");
        overrides[pattern] = value;
    }
    return overrides;
}

void readQuantized(QuantizationConfig& section, const Options& options, const std::string& where) {
    section.method = options.text("method");
    section.bits = options.integer("bits");
    section.options = options.json().at("options");
    section.policy = options.text("policy");
    section.depthwise = options.text("depthwise");
    section.shortcuts = options.text("shortcuts");
    section.overrides = readOverrides(options, where + ".overrides");
}

Json quantizedTo(const QuantizationConfig& section) {
    return {{"method", section.method},
            {"bits", section.bits},
            {"options", section.options},
            {"policy", section.policy},
            {"depthwise", section.depthwise},
            {"shortcuts", section.shortcuts},
            {"overrides", Json(section.overrides)}};
}

void readTraining(TrainingConfig& training, const Options& options, const std::string& source) {
    training.epochs = options.integer("epochs");
    training.batch = options.integer("batch");
    training.repeats = options.integer("repeats");
    training.gradientClip = options.optionalReal("gradient_clip");
    training.optimizer =
        selectionFrom(options.json().at("optimizer"), training.optimizer, source + "training.optimizer");
    training.schedule =
        selectionFrom(options.json().at("schedule"), training.schedule, source + "training.schedule");
}

} // namespace

const std::vector<ConfigSection>& runConfigSchema() {
    static const std::vector<ConfigSection> schema = makeSchema();
    return schema;
}

RunConfig RunConfig::fromJson(const Json& document, const std::string& sourceName) {
    const std::string source = sourceName.empty() ? "" : sourceName + ": ";
    if (!document.is_object())
        throw Error(ErrorKind::Config, "the configuration is not a JSON object", sourceName);
    const auto format = document.find("format");
    if (format == document.end() || *format != kFormat)
        throw Error(ErrorKind::Config,
                    format == document.end() ? "the key is missing"
                                             : dumpJson(*format) + " is not known here",
                    source + "format", std::string("Write \"format\": \"") + kFormat + "\".");
    Json top = Json::object();
    std::vector<std::string> keys{"format"};
    for (const auto& part : runConfigSchema()) {
        if (!part.key.empty())
            keys.push_back(part.key);
        else
            for (const auto& option : part.options)
                keys.push_back(option.name);
    }
    for (const auto& [key, value] : document.items()) {
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
            const auto near = nearestWord(key, keys);
            throw Error(ErrorKind::Config, "there is no such key", source + key,
                        (near.empty() ? "" : "Did you mean \"" + near + "\"? ") + "Allowed: " + join(keys) +
                            ".");
        }
        if (key == "name" || key == "seed") top[key] = value;
    }
    RunConfig config;
    const auto run = Options::validated(section("").options, top, source);
    config.name = run.text("name");
    config.seed = static_cast<std::uint64_t>(run.integer("seed"));
    const auto machine = sectionOptions(document, "machine", source);
    config.machine = {machine.text("device"), machine.integer("threads"), machine.text("precision"),
                      machine.text("memory_format")};
    const auto task = sectionOptions(document, "task", source);
    config.task = {task.text("id"), task.json().at("options")};
    readDataset(config.dataset, sectionOptions(document, "dataset", source));
    if (config.dataset.id.empty())
        throw Error(ErrorKind::Config, "no dataset is named", source + "dataset.id",
                    "\"quantarium-cli datasets\" lists them.");
    const auto network = sectionOptions(document, "network", source);
    config.network = {network.text("id"), network.json().at("options")};
    if (config.network.id.empty())
        throw Error(ErrorKind::Config, "no network is named", source + "network.id",
                    "\"quantarium-cli networks\" lists them.");
    const auto start = sectionOptions(document, "start", source);
    config.start = {start.text("from"), start.text("path"), start.integer("float_epochs"),
                    start.json().at("training")};
    readQuantized(config.weights, sectionOptions(document, "weights", source), source + "weights");
    readQuantized(config.activations, sectionOptions(document, "activations", source),
                  source + "activations");
    config.ensembleMembers = sectionOptions(document, "ensemble", source).integer("members");
    readTraining(config.training, sectionOptions(document, "training", source), source);
    return config;
}

std::string RunConfig::seedSuffix() const {
    return " · seed " + std::to_string(seed);
}

std::string RunConfig::withoutSeed(const std::string& runName) const {
    const auto suffix = seedSuffix();
    return runName.ends_with(suffix) ? runName.substr(0, runName.size() - suffix.size()) : runName;
}

bool RunConfig::isFloat() const {
    return weights.method == "float" && weights.overrides.empty() && activations.method == "none" &&
           activations.overrides.empty();
}

Json RunConfig::toJson() const {
    return {{"format", kFormat},
            {"name", name},
            {"seed", seed},
            {"machine",
             {{"device", machine.device},
              {"threads", machine.threads},
              {"precision", machine.precision},
              {"memory_format", machine.memoryFormat}}},
            {"task", selectionTo(task)},
            {"dataset",
             {{"id", dataset.id},
              {"root", dataset.root},
              {"limit", orNull(dataset.limit)},
              {"test_limit", orNull(dataset.testLimit)},
              {"validation", dataset.validation},
              {"normalization", dataset.normalization},
              {"augment", dataset.augment},
              {"options", dataset.options}}},
            {"network", selectionTo(network)},
            {"start",
             {{"from", start.from},
              {"path", start.path},
              {"float_epochs", start.floatEpochs},
              {"training", start.training}}},
            {"weights", quantizedTo(weights)},
            {"activations", quantizedTo(activations)},
            {"ensemble", {{"members", ensembleMembers}}},
            {"training",
             {{"epochs", training.epochs},
              {"batch", training.batch},
              {"repeats", training.repeats},
              {"gradient_clip", training.gradientClip ? Json(*training.gradientClip) : Json()},
              {"optimizer", selectionTo(training.optimizer)},
              {"schedule", selectionTo(training.schedule)}}}};
}

void setConfigValue(Json& document, const std::string& dottedKey, const std::string& value) {
    Json parsed = Json::parse(value, nullptr, false);
    if (parsed.is_discarded()) parsed = value;
    Json* node = &document;
    std::size_t begin = 0;
    for (;;) {
        const auto dot = dottedKey.find('.', begin);
        const auto key = dottedKey.substr(begin, dot == std::string::npos ? dot : dot - begin);
        if (key.empty())
            throw Error(ErrorKind::Config, "\"" + dottedKey + "\" is not a key", "--set",
                        "Write --set section.key=value.");
        if (!node->is_object())
            throw Error(ErrorKind::Config, "\"" + dottedKey.substr(0, begin) + "\" is not a section",
                        "--set " + dottedKey);
        node = &(*node)[key];
        if (dot == std::string::npos) break;
        if (node->is_null()) *node = Json::object();
        begin = dot + 1;
    }
    *node = std::move(parsed);
}

} // namespace quantarium
