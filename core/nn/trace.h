// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <torch/csrc/jit/ir/ir.h>

#include "core/nn/network.h"

namespace quantarium::nn {

/// Records one forward pass (torch::jit::tracer) of a network in evaluation mode, on one image of zeros; its
/// mode, parameters, buffers and gradients are afterwards as before, also after an exception. The graph's one
/// input is the images; weights and buffers stand in it as constants that share the network's memory. Throws
/// Error(Config) if the network can't be run on this shape. Thread: the one that owns the network.
std::shared_ptr<torch::jit::Graph> traceForward(Network& network, const InputShape& shape);

/// Whether a node is this operator: "aten::relu".
bool isKind(const torch::jit::Node& node, std::string_view name);

/// The sizes that a value had in the traced pass; empty if it is no tensor.
std::vector<std::int64_t> sizesOf(const torch::jit::Value& value);

/// A list of integers, as one constant or one of single constants; nothing if it is computed.
std::optional<std::vector<std::int64_t>> constantIntegers(const torch::jit::Value& value);

/// The batch norm that a value reaches, directly or through max pooling, if it reaches nothing else; else
/// null.
const torch::jit::Node* onlyBatchNorm(const torch::jit::Value& value);

} // namespace quantarium::nn
