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

LayerChoice choose(const WeightsConfig& weights, const nn::LayerNode& node,
                   const quant::WeightMethod& method) {
    if (const Json* given = overrideFor(weights.overrides, node.layer))
        return {given->at("method").get<std::string>(), given->at("bits").get<std::int64_t>(),
                given->at("options"), "set by an override"};
    const LayerChoice normal{weights.method, weights.bits, weights.options, ""};
    if (weights.method == "float" || !(node.first || node.last)) return normal;
    const std::string place = node.first ? "first layer" : "last layer";
    const bool published = weights.policy == "as-published";
    if (weights.policy == "skip-first-last" ||
        (published && method.firstAndLast == quant::FirstAndLast::Float))
        return {"float", 32, Json::object(), place + " stays float (" + weights.policy + ")"};
    if (weights.policy == "8bit-first-last" ||
        (published && method.firstAndLast == quant::FirstAndLast::EightBits)) {
        if (reachesBits(method, kEightBits, weights.options))
            return {weights.method, kEightBits, weights.options, place + " at 8 bits"};
        return {kEightBitMethod, kEightBits, Json::object(), place + " at 8 bits, uniform min-max"};
    }
    return normal;
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

ActivationPlan planActivation(const ActivationsConfig& config, const nn::LayerNode& node,
                              const quant::ActivationMethods& methods) {
    const auto planned = [&](const std::string& id, std::int64_t bits,
                             const Json& options) -> ActivationPlan {
        if (id == "none") return {};
        const auto& method = methods.at(id, "activations.method");
        return {&method, bits, Options::validated(method.schema.options, options, "activations.options")};
    };
    if (const Json* given = overrideFor(config.overrides, node.layer))
        return planned(given->at("method").get<std::string>(), given->at("bits").get<std::int64_t>(),
                       given->at("options"));
    const auto normal = planned(config.method, config.bits, config.options);
    if (normal.method == nullptr || !(node.first || node.last)) return normal;
    const auto published = normal.method->firstAndLast;
    const bool asPublished = config.policy == "as-published";
    if (config.policy == "skip-first-last" || (asPublished && published == quant::FirstAndLast::Float))
        return {};
    if (config.policy == "8bit-first-last" || (asPublished && published == quant::FirstAndLast::EightBits))
        return normal.method->maximumBits >= kEightBits
                   ? planned(config.method, kEightBits, config.options)
                   : planned(kEightBitMethod, kEightBits, Json::object());
    return normal;
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
    }
    // Saved for the backward pass once, and about half of it again as gradients on the way back.
    floats += 1.5 * batch * static_cast<double>(graph.activationElements);
    const auto& dataset = registries.datasets.at(config.dataset.id, "dataset.id");
    const auto& shape = dataset.imageShape;
    const double images = static_cast<double>(config.dataset.limit.value_or(dataset.trainSamples)) +
                          static_cast<double>(config.dataset.testLimit.value_or(dataset.testSamples));
    return kProcessBytes + 4.0 * floats + images * static_cast<double>(shape[0] * shape[1] * shape[2]);
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
        plan.activation = planActivation(config.activations, node, registries.activations);
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
    const auto& dataset = registries.datasets.at(config.dataset.id, "dataset.id");
    const auto& entry = registries.networks.at(config.network.id, "network.id");
    const nn::InputShape shape{dataset.imageShape[0], dataset.imageShape[1], dataset.imageShape[2]};
    const auto network = entry.make(
        shape, dataset.classes,
        Options::validated(entry.schema.options, config.network.options, "network.options"), config.seed);
    const auto graph = nn::traceLayers(*network, shape);
    return reportOf(config, graph, planLayers(config, graph, registries), registries);
}

} // namespace quantarium::train
