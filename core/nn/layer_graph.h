// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/nn/network.h"

namespace quantarium::nn {

/// One operation with weights, or a batch norm, in order of execution.
struct LayerNode {
    std::string layer;     ///< module path, "layer1.0.conv1"
    std::string parameter; ///< weight name, "layer1.0.conv1.weight"
    std::string kind;      ///< "conv", "depthwise conv", "linear", "batch norm"
    std::vector<std::int64_t> weightShape;
    std::vector<std::int64_t> outputShape; ///< of one sample
    std::int64_t groups = 1;
    std::int64_t stride = 1;  ///< of a convolution, along the height
    std::int64_t padding = 0; ///< of a convolution, along the height
    std::int64_t fanIn = 0;
    std::int64_t fanOut = 0;
    std::int64_t parameters = 0;    ///< weight and bias
    std::int64_t macs = 0;          ///< for one sample; 0 for batch norm
    std::int64_t inputElements = 0; ///< of one sample; 0 for batch norm
    /// Behind a ReLU or what else lets no value below 0 through, as far as the trace tells.
    bool inputNeverNegative = false;
    bool first = false; ///< first layer with weights that a quantizer can take
    bool last = false;
    /// A 1x1 convolution beside a longer path from the same input: the projection of a residual block.
    bool shortcut = false;
    /// Its output goes to one batch norm and nowhere else, directly or through max pooling (which commutes
    /// with the positive scale that batch norm removes).
    bool followedByBatchNorm = false;
    std::string batchNorm; ///< module path of that batch norm, "layer1.0.bn1"; empty if there is none
};

/// The order, shapes, MACs and parameters of a network for one input shape.
struct LayerGraph {
    std::vector<LayerNode>
        nodes; ///< in order of execution; a shared weight appears once, at its first use, MACs summed
    std::int64_t macs = 0;
    std::int64_t parameters = 0; ///< all learnable parameters of the network, each tensor once
    std::int64_t activationElements =
        0; ///< elements of all intermediate results for one sample, for the memory estimate

    const LayerNode* find(const std::string& parameter) const;
};

/// Traces one forward pass (torch::jit::tracer) of a network in evaluation mode, on one image of zeros; its
/// mode, parameters, buffers and gradients are afterwards as before, also after an exception. Weights are
/// recognized by their storage, so what a site's transform puts in a weight's place is not seen. Throws
/// Error(Config) if the network can't be run on this shape. Thread: the one that owns the network.
LayerGraph traceLayers(Network& network, const InputShape& shape);

} // namespace quantarium::nn
