// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "core/base/options.h"
#include "core/base/registry.h"
#include "core/nn/layer_site.h"

namespace quantarium::nn {

/// What a network is built for. Input size and channels come from the dataset; nothing is silently resized.
struct InputShape {
    std::int64_t channels = 3;
    std::int64_t height = 32;
    std::int64_t width = 32;
};

/// A quantizable layer's place, by the name of the layer ("layer1.0.conv1"; its weight is name + ".weight").
struct NamedSite {
    std::string layer;
    LayerSite* site = nullptr; ///< lives in the network
};

/// A plain LibTorch module with the field's usual parameter names. Knows nothing of quantization beyond its
/// layer sites.
class Network : public torch::nn::Module {
public:
    /// images [N, C, H, W] float32 -> logits [N, classes].
    virtual torch::Tensor forward(torch::Tensor images) = 0;

    /// Quantizable layers in order of execution.
    virtual std::vector<NamedSite> sites() = 0;
};

/// One network family member: its description and how to build it.
struct NetworkEntry {
    EntrySchema schema;
    /// Throws Error(Config) naming the network and the smallest input when the shape doesn't fit. Initial
    /// weights come from the stream (deriveSeed(seed, streams::kInitialization)), never from the process-wide
    /// generator.
    std::function<std::shared_ptr<Network>(const InputShape&, std::int64_t classes, const Options&,
                                           std::uint64_t seed)>
        make;
};

using Networks = Registry<NetworkEntry>;

/// All networks of this program. core/nn/builtin.cpp lists them.
const Networks& builtinNetworks();

} // namespace quantarium::nn
