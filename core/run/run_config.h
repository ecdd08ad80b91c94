// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/options.h"

namespace quantarium {

/// A registry id with that entry's options. The options are checked against the registry by train::resolve,
/// not here.
struct Selection {
    std::string id;
    Json options = Json::object();

    bool operator==(const Selection&) const = default;
};

struct MachineConfig {
    std::string device = "cpu"; ///< "cpu", "cuda", "cuda:1"
    std::int64_t threads =
        0; ///< 0: all cores; train::resolve replaces it by the count, which the result's bits depend on
    std::string precision = "fp32";    ///< "fp32" or "bf16" (mixed precision)
    std::string memoryFormat = "auto"; ///< "auto", "channels-last", "contiguous"

    bool operator==(const MachineConfig&) const = default;
};

struct DatasetConfig {
    std::string id;
    std::string root;                  ///< folder of the files; empty: found through QUANTARIUM_DATA
    std::optional<std::int64_t> limit; ///< at most this many training images (before the validation split)
    std::optional<std::int64_t> testLimit; ///< at most this many test images
    double validation = 0.1;               ///< share of the training images held out to pick the best epoch
    std::string normalization = "dataset"; ///< "dataset", "imagenet", "none"
    Json augment = Json::object();         ///< {"pad": 4, "crop": true, "flip": true}
    Json options = Json::object();

    bool operator==(const DatasetConfig&) const = default;
};

struct StartConfig {
    std::string from = "scratch";   ///< "scratch", "float", "run", "file"
    std::string path;               ///< a run's id for "run", a file for "file"
    std::int64_t floatEpochs = 10;  ///< length of the shared float run for "float"
    Json training = Json::object(); ///< what the float run trains differently: keys of the training section

    bool operator==(const StartConfig&) const = default;
};

/// What happens to the weights, or to the inputs of the layers.
struct QuantizationConfig {
    std::string method; ///< "float" keeps weights, "none" keeps activations
    std::int64_t bits = 32;
    Json options = Json::object();
    std::string policy = "as-published"; ///< "as-published", "all", "skip-first-last", "8bit-first-last"
    std::string depthwise = "quantize";  ///< depthwise convolutions: "quantize", "float", "8bit"
    std::string shortcuts = "quantize";  ///< 1 x 1 shortcuts: "quantize", "float", "8bit"
    std::map<std::string, Json> overrides = {}; ///< glob over layer names -> {"method", "bits", "options"}

    bool operator==(const QuantizationConfig&) const = default;
};

struct TrainingConfig {
    std::int64_t epochs = 20;
    std::int64_t batch = 128;
    std::int64_t repeats = 1;           ///< the same config with seeds seed, seed+1, …
    std::optional<double> gradientClip; ///< largest L2 norm of all gradients together
    Selection optimizer{"sgd", Json::object()};
    Selection schedule{"cosine", Json::object()};

    bool operator==(const TrainingConfig&) const = default;
};

/// One run, whole: what the form edits, the command line reads, the store keeps and a Slurm job receives
/// (format "quantarium-run/1"). A plain value; thread: any.
struct RunConfig {
    std::string name;
    std::uint64_t seed = 1;
    MachineConfig machine;
    Selection task{"classification", Json::object()};
    DatasetConfig dataset;
    Selection network;
    StartConfig start;
    QuantizationConfig weights{"float"};
    QuantizationConfig activations{"none"};
    std::int64_t ensembleMembers = 1;
    TrainingConfig training;

    /// Throws Error(Config) whose `where` is "source: section.key". Unknown keys, wrong types and values
    /// outside a range are refused; what depends on a registry (ids and their options) is checked by
    /// train::resolve.
    static RunConfig fromJson(const Json& document, const std::string& source = {});
    Json toJson() const;
    /// Neither weights nor activations are quantized in any layer.
    bool isFloat() const;
    /// What a repeat's name ends with: " · seed 7".
    std::string seedSuffix() const;
    /// A run's name without that: what the repeats of one configuration have in common.
    std::string withoutSeed(const std::string& runName) const;

    bool operator==(const RunConfig&) const = default;
};

/// A section of the configuration as the form and the help show it.
struct ConfigSection {
    std::string key; ///< "machine"; empty for the top level
    std::string title;
    std::vector<OptionSpec> options;
};

/// The configuration's own schema (without the registries' options), in the order people fill it in.
const std::vector<ConfigSection>& runConfigSchema();

/// Sets one value by its dotted key ("weights.bits", "training.optimizer.options.lr") in a configuration
/// document, for
/// `--set`. The value is read as JSON, else as a text. Throws Error(Config) for an empty key or a path
/// through a non-object.
void setConfigValue(Json& document, const std::string& dottedKey, const std::string& value);

} // namespace quantarium
