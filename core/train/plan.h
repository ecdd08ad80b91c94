// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/nn/layer_graph.h"
#include "core/run/events.h"
#include "core/run/run_config.h"
#include "core/train/registries.h"

namespace quantarium::train {

/// What happens to one layer's input; no method: it stays float.
struct ActivationPlan {
    const quant::ActivationMethod* method = nullptr;
    std::int64_t bits = 32;
    Options options;
};

/// What happens to one layer's weight and input: the configuration's method, an override's, or float by the
/// first/last policy.
struct LayerPlan {
    nn::LayerNode node;
    const quant::WeightMethod* method = nullptr;
    std::int64_t bits = 32;
    Options options;
    std::string remark; ///< why it differs from the configuration's method, or what its bits mean

    ActivationPlan activation;

    bool quantized() const { return method->schema.id != "float"; }
};

/// One plan per layer with weights, in order of execution. Of several matching overrides the longest pattern
/// counts, and any override counts more than the policy. Throws Error(Config) for a pattern that matches no
/// layer.
std::vector<LayerPlan> planLayers(const RunConfig& resolved, const nn::LayerGraph& graph,
                                  const Registries& registries);

quant::LayerContext layerContext(const nn::LayerNode& node);

/// Layers, memory in both accountings, MACs, and the estimated peak memory of training with this batch size.
RunReport reportOf(const RunConfig& resolved, const nn::LayerGraph& graph,
                   const std::vector<LayerPlan>& plans, const Registries& registries);

} // namespace quantarium::train
