// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/deploy/integer_network.h"
#include "core/nn/network.h"
#include "core/quant/activation_quantizer.h"
#include "core/quant/weight_quantizer.h"

namespace quantarium::deploy {

/// A layer of a trained network with what evaluation quantizes it with. Not owned.
struct QuantizedLayerParts {
    std::string name; ///< module path, "layer1.0.conv1"
    const quant::WeightQuantizer* weight = nullptr;
    const quant::ActivationQuantizer* input = nullptr; ///< null: the layer's input stays float
};

/// Builds the integer network that computes what the network computes in evaluation with these quantizers.
///
/// The structure comes from a traced pass without quantizers. Each layer with weights becomes a convolution
/// on codes of its input's grid, with the batch norm behind it folded into integers and bias; what stands
/// between layers works on 32-bit sums. Sums of two branches are brought to a common scale fine enough that
/// rounding there is far below any step of a grid, as evaluation doesn't round them at all.
///
/// Differs from the paper (Jacob et al. 2018, arXiv 1712.05877): it has a quantizer behind each residual sum
/// and carries 8 bits on; training here doesn't round those sums, so they stay 32-bit integers.
///
/// Throws Error(Config) that names all layers that have no integer weights or no grid at their input, or the
/// operation that integers can't do here.
IntegerNetwork buildIntegerNetwork(nn::Network& network, const nn::InputShape& shape,
                                   const std::vector<QuantizedLayerParts>& layers);

} // namespace quantarium::deploy
