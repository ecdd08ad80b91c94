// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/plan.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/quant/memory.h"
#include "core/train/session.h"

namespace quantarium::train {

namespace {

constexpr double kProcessBytes = 300.0 * 1024 * 1024; ///< LibTorch and program before any data

constexpr std::int64_t kEightBits = 8;
constexpr const char* kEightBitMethod = "minmax"; ///< for methods that don't reach 8 bits themselves
constexpr std::int64_t kEightBitValues = 255;     ///< at least, to count as 8 bits
constexpr const char* kOverridden = "set by an override";

/// Whether a method can do this width with these options.
bool reachesBits(const quant::WeightMethod& method, std::int64_t bits, const Json& options) {
    if (bits < method.minimumBits || bits > method.maximumBits) return false;
    if (!method.check) return true;
    try {
        method.check(bits, Options::validated(method.schema.options, options, ""), "");
        return true;
    } catch (const Error&) {
        return false;
    }
}

struct LayerChoice {
    std::string method;
    std::int64_t bits = 32;
    Json options = Json::object();
    std::string remark;
};

using Overrides = std::map<std::string, Json>;

/// The longest matching pattern's value, or null.
const Json* overrideFor(const Overrides& overrides, const std::string& layer) {
    const Json* found = nullptr;
    std::size_t length = 0;
    for (const auto& [pattern, value] : overrides)
        if (pattern.size() >= length && matchesGlob(layer, pattern)) {
            found = &value;
            length = pattern.size();
        }
    return found;
}

/// What a section's policies do to one layer.
enum class Treatment { Method, Float, EightBits };

struct PolicyResult {
    Treatment treatment = Treatment::Method;
    std::string why; ///< "first layer (skip-first-last)"
};

/// First and last layer come before depthwise convolutions and shortcuts.
PolicyResult applyPolicies(const QuantizationConfig& section, const nn::LayerNode& node,
                           quant::FirstAndLast published) {
    const auto named = [](const std::string& text, const std::string& why) -> PolicyResult {
        if (text == "float") return {Treatment::Float, why};
        return text == "8bit" ? PolicyResult{Treatment::EightBits, why} : PolicyResult{};
    };
    if (node.first || node.last) {
        const std::string why =
            std::string(node.first ? "first" : "last") + " layer (" + section.policy + ")";
        if (section.policy == "skip-first-last") return {Treatment::Float, why};
        if (section.policy == "8bit-first-last") return {Treatment::EightBits, why};
        if (section.policy == "all") return {};
        if (published == quant::FirstAndLast::Float) return {Treatment::Float, why};
        return published == quant::FirstAndLast::EightBits ? PolicyResult{Treatment::EightBits, why}
                                                           : PolicyResult{};
    }
    if (node.kind == "depthwise conv") return named(section.depthwise, "depthwise convolution");
    if (node.shortcut) return named(section.shortcuts, "1 x 1 shortcut");
    return {};
}

LayerChoice choose(const QuantizationConfig& weights, const nn::LayerNode& node,
                   const quant::WeightMethod& method) {
    if (const Json* given = overrideFor(weights.overrides, node.layer))
        return {given->at("method").get<std::string>(), given->at("bits").get<std::int64_t>(),
                given->at("options"), kOverridden};
    const LayerChoice normal{weights.method, weights.bits, weights.options, ""};
    if (weights.method == "float") return normal;
    const auto [treatment, why] = applyPolicies(weights, node, method.firstAndLast);
    if (treatment == Treatment::Float) return {"float", 32, Json::object(), why + " stays float"};
    if (treatment == Treatment::Method) return normal;
    if (reachesBits(method, kEightBits, weights.options))
        return {weights.method, kEightBits, weights.options, why + " at 8 bits"};
    return {kEightBitMethod, kEightBits, Json::object(), why + " at 8 bits, uniform min-max"};
}

void requireMatches(const Overrides& overrides, const std::string& where, const nn::LayerGraph& graph) {
    for (const auto& [pattern, value] : overrides) {
        std::vector<std::string> names;
        for (const auto& node : graph.nodes)
            if (node.macs > 0) names.push_back(node.layer);
        if (std::none_of(names.begin(), names.end(),
                         [&, p = pattern](const std::string& n) { return matchesGlob(n, p); }))
            throw Error(ErrorKind::Config, "no layer of this network matches", where + "." + pattern,
                        "Layers: " + join(names) + ".");
    }
}

/// @param why gets what an override or a policy did to the input: "first layer (as-published) stays float"
ActivationPlan planActivation(const QuantizationConfig& config, const nn::LayerNode& node,
                              const quant::ActivationMethods& methods, std::string& why) {
    const auto planned = [&](const std::string& id, std::int64_t bits,
                             const Json& options) -> ActivationPlan {
        if (id == "none") return {};
        const auto& method = methods.at(id, "activations.method");
        return {&method, bits, Options::validated(method.schema.options, options, "activations.options")};
    };
    if (const Json* given = overrideFor(config.overrides, node.layer)) {
        why = kOverridden;
        return planned(given->at("method").get<std::string>(), given->at("bits").get<std::int64_t>(),
                       given->at("options"));
    }
    const auto normal = planned(config.method, config.bits, config.options);
    if (normal.method == nullptr) return normal;
    const auto result = applyPolicies(config, node, normal.method->firstAndLast);
    if (result.treatment == Treatment::Method) return normal;
    why = result.why + (result.treatment == Treatment::Float ? " stays float" : " at 8 bits");
    if (result.treatment == Treatment::Float) return {};
    // "8 bits" of a method may be few values: a sum of 8 binary bases has 9.
    const bool reaches = normal.method->maximumBits >= kEightBits &&
                         normal.method->levels(kEightBits, normal.options) >= kEightBitValues;
    if (reaches) return planned(config.method, kEightBits, config.options);
    why += ", uniform min-max";
    return planned(kEightBitMethod, kEightBits, Json::object());
}

LayerReport layerReport(const LayerPlan& plan) {
    LayerReport layer;
    layer.layer = plan.node.parameter;
    layer.kind = plan.node.kind;
    layer.weightShape = plan.node.weightShape;
    layer.outputShape = plan.node.outputShape;
    layer.weights = 1;
    for (const auto size : plan.node.weightShape)
        layer.weights *= size;
    layer.macs = plan.node.macs;
    layer.method = plan.method->schema.id;
    layer.bits = plan.bits;
    layer.levels = plan.method->levels(plan.bits, plan.options);
    layer.sideBits = plan.method->sideBits(layerContext(plan.node), plan.bits, plan.options);
    const auto flags = plan.method->multiplications(plan.bits, plan.options);
    layer.macMultiplies = flags.mac;
    layer.postScale = flags.postScale;
    layer.remark = plan.remark;
    if (plan.activation.method != nullptr) layer.activationMethod = plan.activation.method->schema.id;
    layer.activationBits = plan.activation.bits;
    if (plan.activation.method != nullptr)
        layer.activationLevels =
            plan.activation.method->levels(plan.activation.bits, plan.activation.options);
    return layer;
}

double trainingBytes(const RunConfig& config, const nn::LayerGraph& graph,
                     const std::vector<LayerPlan>& plans, const Registries& registries) {
    const auto& optimizer = registries.optimizers.at(config.training.optimizer.id, "training.optimizer.id");
    const auto batch = static_cast<double>(std::max<std::int64_t>(1, config.training.batch));
    // The parameter and its gradient; the optimizer's state only for those it trains itself.
    const double state = optimizer.stateFloatsPerParameter;
    double floats = static_cast<double>(graph.parameters) * (2.0 + state);
    for (const auto& plan : plans) {
        double weights = 1;
        for (const auto size : plan.node.weightShape)
            weights *= static_cast<double>(size);
        floats += weights * plan.method->trainingFloatsPerWeight(plan.bits, plan.options);
        floats -= weights * state; // counted by the method, whose trainables the optimizer moves instead
        // A quantized input is one more result that is saved.
        if (plan.activation.method != nullptr) floats += batch * static_cast<double>(plan.node.inputElements);
    }
    // Saved for the backward pass once, and about half of it again as gradients on the way back.
    floats += 1.5 * batch * static_cast<double>(graph.activationElements);
    const auto data = describeData(config, registries);
    const auto imageBytes = static_cast<double>(data.imageShape[0] * data.imageShape[1] * data.imageShape[2]);
    // The batch at work, and those that the loader prepares meanwhile.
    floats += static_cast<double>(1 + data::LoaderSettings().prefetch) * batch * imageBytes;
    const double images = static_cast<double>(config.dataset.limit.value_or(data.trainSamples)) +
                          static_cast<double>(config.dataset.testLimit.value_or(data.testSamples));
    return kProcessBytes + 4.0 * floats + (data.inMemory ? images * imageBytes : 0.0);
}

} // namespace

quant::LayerContext layerContext(const nn::LayerNode& node) {
    quant::LayerContext context;
    context.name = node.parameter;
    context.shape = node.weightShape;
    context.fanIn = node.fanIn;
    context.fanOut = node.fanOut;
    context.first = node.first;
    context.last = node.last;
    context.depthwise = node.kind == "depthwise conv";
    context.stride = node.stride;
    context.padding = node.padding;
    context.followedByBatchNorm = node.followedByBatchNorm;
    return context;
}

std::vector<LayerPlan> planLayers(const RunConfig& config, const nn::LayerGraph& graph,
                                  const Registries& registries) {
    requireMatches(config.weights.overrides, "weights.overrides", graph);
    requireMatches(config.activations.overrides, "activations.overrides", graph);
    const auto& method = registries.methods.at(config.weights.method, "weights.method");
    std::vector<LayerPlan> plans;
    for (const auto& node : graph.nodes) {
        if (node.kind == "batch norm") continue;
        auto choice = choose(config.weights, node, method);
        LayerPlan plan;
        plan.node = node;
        plan.method = &registries.methods.at(choice.method, "weights.overrides");
        plan.bits = choice.method == "float" ? 32 : choice.bits;
        plan.options = Options::validated(plan.method->schema.options, choice.options, "weights.options");
        plan.remark = choice.remark;
        std::string why;
        plan.activation = planActivation(config.activations, node, registries.activations, why);
        const auto remark = [&](const std::string& text) {
            if (!text.empty()) plan.remark += (plan.remark.empty() ? "" : "; ") + text;
        };
        if (!why.empty()) remark("input: " + why);
        if (const auto* inputs = plan.activation.method) {
            if (inputs->losesNegative && !node.inputNeverNegative &&
                inputs->losesNegative(plan.activation.bits, plan.activation.options))
                remark("input: values below 0 all become the lowest one");
            if (inputs->remark) remark(inputs->remark(plan.activation.options));
        }
        plans.push_back(std::move(plan));
    }
    return plans;
}

RunReport reportOf(const RunConfig& config, const nn::LayerGraph& graph, const std::vector<LayerPlan>& plans,
                   const Registries& registries) {
    RunReport report;
    std::set<std::string> remarks;
    const auto note = [&](const std::string& remark) {
        if (!remark.empty() && remarks.insert(remark).second) report.notes.push_back(remark);
    };
    for (const auto& plan : plans) {
        report.layers.push_back(layerReport(plan));
        if (plan.method->remark) note(plan.method->remark(plan.bits, plan.options));
        if (plan.method->epochsRemark) note(plan.method->epochsRemark(config.training.epochs, plan.options));
    }
    report.memory = quant::countMemory(report.layers, graph.parameters);
    report.macs = graph.macs;
    report.trainingBytes = trainingBytes(config, graph, plans, registries);
    return report;
}

RunReport planRun(const RunConfig& config, const Registries& registries) {
    const auto dataset = describeData(config, registries);
    const auto& entry = registries.networks.at(config.network.id, "network.id");
    const nn::InputShape shape{dataset.imageShape[0], dataset.imageShape[1], dataset.imageShape[2]};
    const auto network = entry.make(
        shape, dataset.classes,
        Options::validated(entry.schema.options, config.network.options, "network.options"), config.seed);
    const auto graph = nn::traceLayers(*network, shape);
    return reportOf(config, graph, planLayers(config, graph, registries), registries);
}

} // namespace quantarium::train
