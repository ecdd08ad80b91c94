// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <torch/csrc/jit/ir/ir.h>

#include "core/deploy/integer_operations.h"
#include "core/deploy/layer_weights.h"

namespace quantarium::deploy {

/// Throws Error(Config): this operation can't be done with integers the way it is used.
[[noreturn]] void refuse(const torch::jit::Node& node, const std::string& how,
                         const std::string& where = "network");

/// Constants among a node's inputs. All but tensorOf and boolOf refuse the node when the input is computed.
torch::Tensor tensorOf(const torch::jit::Value& value); ///< undefined if it is none
bool boolOf(const torch::jit::Value& value);            ///< true if it is computed
std::int64_t integerOf(const torch::jit::Value& value, const torch::jit::Node& node);
/// A number, or `otherwise` for None.
double numberOf(const torch::jit::Value& value, double otherwise, const torch::jit::Node& node);
/// One integer for both, or two.
void readPair(const torch::jit::Value& value, std::int64_t (&pair)[2], const torch::jit::Node& node);

/// The size of one sample: [1, C, H, W], or [1, features] as C = features.
MapShape mapOf(const torch::jit::Value& value, const torch::jit::Node& node);

/// Of an aten::batch_norm.
NormConstants normConstants(const torch::jit::Node& node);

/// Windows of max_pool2d and avg_pool2d; max pooling's padding is outside of all windows.
PoolWindows slidingWindows(const torch::jit::Node& node, const MapShape& in, const MapShape& out);
/// Windows of adaptive pooling: from ⌊i · in / out⌋ to ⌈(i + 1) · in / out⌉.
PoolWindows adaptiveWindows(const MapShape& in, const MapShape& out);
/// Elements of each window; nothing if they differ.
std::optional<std::int64_t> elementsOf(const PoolWindows& windows);

/// Where the elements of a map come from in another one: start + i · step along channels, rows, columns.
class MapPlaces {
public:
    MapPlaces(const MapShape& from, const MapShape& to) : m_from(from), m_to(to) {}

    std::int64_t start[3] = {0, 0, 0};
    std::int64_t step[3] = {1, 1, 1};

    /// One place for each element; −1 where it lies outside.
    std::vector<std::int64_t> all() const;

private:
    MapShape m_from;
    MapShape m_to;
};

} // namespace quantarium::deploy
