// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/data/loader.h"
#include "core/nn/layer_graph.h"
#include "core/run/events.h"
#include "core/run/run_config.h"
#include "core/train/registries.h"

namespace quantarium::train {

/// A layer with the quantizer attached to its weight; layers that are kept have the "float" quantizer
/// (identity).
struct QuantizedLayer {
    nn::LayerNode node;
    const quant::WeightMethod* method = nullptr;
    torch::Tensor parameter;
    std::unique_ptr<quant::WeightQuantizer> quantizer;
    std::shared_ptr<quant::ActivationQuantizer> activation; ///< null: the layer's input stays float

    bool quantized() const { return method->schema.id != "float"; }
};

/// What batches are for. Train: shuffled, augmented. Calibrate: shuffled as for training, since files may lie
/// class by class, not augmented. Evaluate: all, in their order, in larger batches.
enum class LoaderUse { Train, Calibrate, Evaluate };

/// Everything one run needs, built from its configuration: data, network, task, one quantizer per weight,
/// optimizer, schedule. Belongs to the run's thread.
struct Session {
    RunConfig config; ///< resolved
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
    RunReport report;

    void materialize(quant::Mode mode, int pass = 0);
    int passes() const; ///< of the layer that needs most
    /// A loader over one of the splits.
    std::unique_ptr<data::Loader> loader(std::shared_ptr<const data::Dataset> dataset, LoaderUse use) const;
    /// Moves a loader's batch to the run's device.
    data::Batch onDevice(data::Batch batch) const;
    /// Network parameters with a gradient, for clipping: what backward() writes into.
    std::vector<torch::Tensor> parameters() const;
};

/// Classes and image shape of the run's dataset, without reading a sample. Throws Error(Data) naming place
/// and remedy.
data::DatasetFacts describeData(const RunConfig& resolved, const Registries& registries);

/// Opens the run's dataset and splits it. Throws Error(Data) naming file, place and remedy.
data::Splits openData(const RunConfig& resolved, const Registries& registries);

/// Builds a session. `startFile`: weights of the float run or of the run started from, empty otherwise.
/// Throws Error.
Session openSession(const RunConfig& resolved, const Registries& registries,
                    const std::filesystem::path& startFile = {});

/// What the layers will be like, without loading data: for the form and `config --check`. Throws Error.
RunReport planRun(const RunConfig& resolved, const Registries& registries);

/// Throws Error(Resource) when the training can't fit into this machine's free memory.
void requireMemory(const RunReport& report);

} // namespace quantarium::train
