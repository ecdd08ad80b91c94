// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <string>

#include <torch/csrc/jit/ir/ir.h>

#include "core/deploy/integer_network.h"
#include "core/deploy/layer_weights.h"

namespace quantarium::deploy {

/// Parameters of a network by their memory: names of weights in a traced graph.
using ParameterNames = std::map<const void*, std::string>;

/// The integer operations of a traced pass (nn::traceForward), whose one input is an image of this size.
/// Throws Error(Config) naming the operation that is not known, or how it is used.
IntegerNetwork::Parts translateGraph(const torch::jit::Graph& graph, const ParameterNames& names,
                                     const std::map<std::string, LayerGrids>& layers, const MapShape& image);

} // namespace quantarium::deploy
