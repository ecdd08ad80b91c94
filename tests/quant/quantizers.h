// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/quant/activation_quantizer.h"
#include "core/quant/weight_quantizer.h"

namespace quantarium::testing {

/// A quantizer with the parameter that it is attached to.
struct Attached {
    torch::Tensor parameter;
    std::unique_ptr<quant::WeightQuantizer> quantizer;

    void materialize(quant::Mode mode) { quantizer->materialize(mode); }
    /// The value of the parameter in this form, as a copy.
    torch::Tensor weight(quant::Mode mode = quant::Mode::Eval);
    torch::Tensor trainable() { return quantizer->parameterGroups().at(0).tensors.at(0); }
    /// The gradient that backward writes for g.
    torch::Tensor gradient(const torch::Tensor& g);
    /// Replaces the trainables of a search method.
    void setLogits(const torch::Tensor& logits);
};

/// Builds a method for this starting weight; a batch norm follows, so search values carry no scale.
Attached attach(const std::string& method, std::int64_t bits, const torch::Tensor& weight,
                const Json& options = Json::object(), bool pretrained = false, std::uint64_t seed = 1);

/// Builds an activation method for a layer's inputs, in training.
std::unique_ptr<quant::ActivationQuantizer> attachActivation(const std::string& method, std::int64_t bits,
                                                             const Json& options = Json::object());

/// Takes the state of one quantizer into another.
void copyState(const quant::WeightQuantizer& from, quant::WeightQuantizer& to);

/// A normal tensor from its own seed.
torch::Tensor randomTensor(torch::IntArrayRef shape, std::uint64_t seed,
                           torch::ScalarType type = torch::kFloat32);

} // namespace quantarium::testing
