// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/deploy/integer_operations.h"

namespace quantarium::deploy {

/// A trained network in integers only: 8-bit weights and layer inputs, 32-bit biases and sums (Jacob et al.
/// 2018, arXiv 1712.05877, section 2). Images come in as floats and are rounded once; logits go out as 32-bit
/// integers in units of logitScale(). Immutable; may be used by several threads at once.
class IntegerNetwork {
public:
    struct Parts {
        std::vector<std::unique_ptr<const IntegerOperation>> operations; ///< in order of execution
        std::size_t values = 0;                                          ///< ids go from 0 to below this
        std::size_t logits = 0;                                          ///< the value that comes out
        double logitScale = 1;
        std::map<std::string, std::size_t> layerInputs; ///< the codes that each layer gets
        MapShape image;
        std::int64_t weightBytes = 0; ///< of all weights, one byte each
    };

    explicit IntegerNetwork(Parts parts) : m_parts(std::move(parts)) {}

    /// One normalized image [channels, height, width].
    std::vector<std::int32_t> logits(std::span<const float> image) const;

    /// The codes that each layer gets for one normalized image, [channels, height, width]: to see where two
    /// networks part.
    std::map<std::string, std::vector<std::uint8_t>> layerInputs(std::span<const float> image) const;

    /// Normalized images [N, channels, height, width] float32 -> logits [N, classes] int32, in LibTorch's
    /// number of threads. Throws Error(Data) for images of another size.
    torch::Tensor forward(const torch::Tensor& images) const;

    double logitScale() const { return m_parts.logitScale; }
    std::size_t operations() const { return m_parts.operations.size(); }
    std::int64_t weightBytes() const { return m_parts.weightBytes; }

private:
    ImageValues run(std::span<const float> image) const;

    Parts m_parts;
};

} // namespace quantarium::deploy
