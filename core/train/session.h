// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/data/loader.h"
#include "core/nn/layer_graph.h"
#include "core/quant/calibration.h"
#include "core/run/events.h"
#include "core/run/run_config.h"
#include "core/train/registries.h"

namespace quantarium::train {

/// A layer with the quantizer attached to its weight.
struct QuantizedLayer {
    nn::LayerNode node;
    std::string method;
    std::int64_t bits = 32;
    torch::Tensor parameter;
    std::unique_ptr<quant::WeightQuantizer> quantizer; ///< null: the layer is kept in float
};

/// Everything one run needs, built from its configuration: data, network, task, one quantizer per quantized parameter,
/// optimizer, schedule. Belongs to the run's thread.
struct Session {
    RunConfig config;   ///< resolved
    torch::Device device = torch::kCPU;
    bool channelsLast = false;
    bool mixedPrecision = false;
    data::Splits splits;
    std::shared_ptr<nn::Network> network;
    nn::LayerGraph graph;
    std::unique_ptr<tasks::Task> task;
    std::vector<QuantizedLayer> layers; ///< in order of execution
    std::unique_ptr<Optimizer> optimizer;
    Schedule schedule;
    std::unique_ptr<data::Loader> trainLoader;
    RunReport report;

    /// Trainables the optimizer doesn't see because a quantizer may step them itself: index into `layers`.
    bool fusable = false;
};

/// Builds a session. `startFile`: weights of the float run or of the run started from, empty otherwise. Throws Error.
Session openSession(const RunConfig& resolved, const Registries& registries, const std::filesystem::path& startFile = {});

/// What the layers will be like, without loading data: for the form and `config --check`. Throws Error.
RunReport planRun(const RunConfig& resolved, const Registries& registries);

/// Throws Error(Resource) when the training can't fit into this machine's free memory (or the device's).
void requireMemory(const RunReport& report, const torch::Device& device);

} // namespace quantarium::train
