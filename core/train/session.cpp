// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/session.h"

#include <algorithm>
#include <set>

#include <torch/nn/modules/batchnorm.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/train/memory.h"
#include "core/train/plan.h"
#include "core/train/start_weights.h"

namespace quantarium::train {

namespace {

/// Lets an activation quantizer act at a layer's site.
class ActivationSite : public nn::SiteTransform {
public:
    explicit ActivationSite(std::shared_ptr<quant::ActivationQuantizer> quantizer)
        : m_quantizer(std::move(quantizer)) {}
    torch::Tensor before(const torch::Tensor& input) override { return m_quantizer->before(input); }
    torch::Tensor after(const torch::Tensor& output) override { return m_quantizer->after(output); }

private:
    std::shared_ptr<quant::ActivationQuantizer> m_quantizer;
};

void attachActivation(Session& session, QuantizedLayer& layer, const ActivationPlan& plan) {
    if (plan.method == nullptr) return;
    layer.activation = plan.method->make(
        {layerContext(layer.node), plan.bits, plan.options, session.config.seed, session.device});
    for (auto& named : session.network->sites())
        if (named.layer == layer.node.layer)
            named.site->attach(std::make_shared<ActivationSite>(layer.activation));
}

/// The batch norm that the layer graph found behind a layer.
std::optional<quant::FollowingBatchNorm> batchNormBehind(const nn::Network& network,
                                                         const nn::LayerNode& node) {
    if (node.batchNorm.empty()) return std::nullopt;
    const auto modules = network.named_modules({}, /*include_self=*/false);
    const auto* found = modules.find(node.batchNorm);
    const auto norm =
        found == nullptr ? nullptr : std::dynamic_pointer_cast<torch::nn::BatchNorm2dImpl>(*found);
    if (norm == nullptr || !norm->running_var.defined()) return std::nullopt;
    return quant::FollowingBatchNorm{norm->weight, norm->running_var, norm->options.eps()};
}

std::vector<QuantizedLayer> attachQuantizers(Session& session, const std::vector<LayerPlan>& plans) {
    const auto parameters = session.network->named_parameters();
    std::vector<QuantizedLayer> layers;
    for (const auto& plan : plans) {
        QuantizedLayer layer;
        layer.node = plan.node;
        layer.method = plan.method;
        layer.parameter = parameters[plan.node.parameter];
        quant::QuantizerArguments arguments;
        arguments.parameter = layer.parameter;
        arguments.layer = layerContext(plan.node);
        arguments.layer.batchNorm = batchNormBehind(*session.network, plan.node);
        arguments.bits = plan.bits;
        arguments.options = plan.options;
        arguments.seed = session.config.seed;
        arguments.pretrained = session.config.start.from != "scratch";
        layer.quantizer = plan.method->make(arguments);
        attachActivation(session, layer, plan.activation);
        layers.push_back(std::move(layer));
    }
    return layers;
}

std::unique_ptr<Optimizer> makeOptimizer(Session& session, const Registries& registries) {
    std::vector<quant::ParameterGroup> groups;
    std::set<const void*> attached;
    for (auto& layer : session.layers) {
        attached.insert(layer.parameter.unsafeGetTensorImpl());
        for (auto& group : layer.quantizer->parameterGroups())
            groups.push_back(std::move(group));
        if (!layer.activation) continue;
        for (auto& group : layer.activation->parameterGroups())
            groups.push_back(std::move(group));
    }
    quant::ParameterGroup rest;
    for (const auto& parameter : session.network->parameters())
        if (!attached.contains(parameter.unsafeGetTensorImpl())) rest.tensors.push_back(parameter);
    if (!rest.tensors.empty()) groups.push_back(std::move(rest));
    const auto& entry =
        registries.optimizers.at(session.config.training.optimizer.id, "training.optimizer.id");
    return entry.make(std::move(groups),
                      Options::validated(entry.schema.options, session.config.training.optimizer.options,
                                         "training.optimizer.options"));
}

/// 256 small images; of large ones as many as take that memory, but at least a training batch.
std::int64_t evaluationBatch(const RunConfig& config, const std::array<std::int64_t, 3>& image) {
    constexpr std::int64_t kImages = 256;
    constexpr std::int64_t kElements = kImages * 3 * 32 * 32;
    const std::int64_t fitting = kElements / (image[0] * image[1] * image[2]);
    return std::max(config.training.batch, std::min(kImages, fitting));
}

} // namespace

void Session::materialize(quant::Mode mode, int pass) {
    for (auto& layer : layers) {
        layer.quantizer->materialize(mode, pass);
        if (layer.activation) layer.activation->setMode(mode);
    }
}

int Session::passes() const {
    int most = 1;
    for (const auto& layer : layers)
        most = std::max(most, layer.quantizer->passes());
    return most;
}

std::unique_ptr<data::Loader> Session::loader(std::shared_ptr<const data::Dataset> dataset,
                                              LoaderUse use) const {
    data::LoaderSettings settings;
    const bool chosen = use != LoaderUse::Evaluate;
    settings.batch = chosen ? config.training.batch : evaluationBatch(config, dataset->imageShape());
    settings.decoders = config.machine.threads;
    settings.shuffle = chosen;
    settings.dropLast = chosen;
    if (use == LoaderUse::Train)
        settings.augmentation = data::Augmentation::from(
            Options::validated(data::Augmentation::schema(), config.dataset.augment, "dataset.augment"));
    settings.normalization = splits.normalization;
    settings.seed = config.seed;
    settings.channelsLast = channelsLast;
    return std::make_unique<data::Loader>(std::move(dataset), settings);
}

data::Batch Session::onDevice(data::Batch batch) const {
    if (device.is_cpu()) return batch;
    return {batch.images.to(device, /*non_blocking=*/true), batch.targets.to(device, /*non_blocking=*/true)};
}

std::vector<torch::Tensor> Session::parameters() const {
    return network->parameters();
}

namespace {

data::DatasetRequest dataRequest(const RunConfig& config, const data::DatasetEntry& entry) {
    data::DatasetRequest request;
    request.root = config.dataset.root;
    request.seed = config.seed;
    request.validationShare = config.dataset.validation;
    request.limit = config.dataset.limit;
    request.testLimit = config.dataset.testLimit;
    request.normalization = config.dataset.normalization;
    request.options = Options::validated(entry.schema.options, config.dataset.options, "dataset.options");
    return request;
}

} // namespace

data::DatasetFacts describeData(const RunConfig& config, const Registries& registries) {
    const auto& entry = registries.datasets.at(config.dataset.id, "dataset.id");
    return entry.describe(dataRequest(config, entry));
}

data::Splits openData(const RunConfig& config, const Registries& registries) {
    const auto& entry = registries.datasets.at(config.dataset.id, "dataset.id");
    return entry.open(dataRequest(config, entry));
}

Session openSession(const RunConfig& config, const Registries& registries,
                    const std::filesystem::path& startFile) {
    Session session;
    session.config = config;
    session.device = torch::Device(config.machine.device);
    session.mixedPrecision = config.machine.precision == "bf16";
    session.channelsLast = config.machine.memoryFormat != "contiguous";

    const auto& entry = registries.networks.at(config.network.id, "network.id");
    const auto classes = describeData(config, registries).classes;
    requireMemory(planRun(config, registries));
    session.splits = openData(config, registries);
    const auto image = session.splits.train->imageShape();
    const nn::InputShape shape{image[0], image[1], image[2]};
    session.network = entry.make(
        shape, classes, Options::validated(entry.schema.options, config.network.options, "network.options"),
        config.seed);
    if (!startFile.empty()) loadStart(*session.network, startFile);
    session.graph = nn::traceLayers(*session.network, shape);
    session.network->to(session.device);
    const auto& task = registries.tasks.at(config.task.id, "task.id");
    session.task =
        task.make(classes, Options::validated(task.schema.options, config.task.options, "task.options"));
    const auto plans = planLayers(config, session.graph, registries);
    session.layers = attachQuantizers(session, plans);
    session.optimizer = makeOptimizer(session, registries);
    const auto& schedule = registries.schedules.at(config.training.schedule.id, "training.schedule.id");
    session.schedule = schedule.make(Options::validated(
        schedule.schema.options, config.training.schedule.options, "training.schedule.options"));
    session.report = reportOf(config, session.graph, plans, registries);
    session.report.notes.insert(session.report.notes.end(), session.splits.notes.begin(),
                                session.splits.notes.end());
    return session;
}

void requireMemory(const RunReport& report) {
    const double available = availableMemory();
    if (report.trainingBytes <= available) return;
    throw Error(ErrorKind::Resource,
                "training needs about " + formatBytes(report.trainingBytes) + " of memory; " +
                    formatBytes(available) + " are free",
                "training.batch", "Use a smaller batch or network, or close other programs.");
}

} // namespace quantarium::train
