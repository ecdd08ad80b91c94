// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <utility>
#include <vector>

#include <torch/nn/module.h>

namespace quantarium::train {

/// Puts a network's buffers (running statistics) back when it goes out of scope, for passes that must not
/// move them.
class BufferKeeper {
public:
    BufferKeeper(torch::nn::Module& network, bool active) {
        if (!active) return;
        for (const auto& buffer : network.buffers())
            m_kept.emplace_back(buffer, buffer.clone());
    }
    ~BufferKeeper() {
        const torch::NoGradGuard guard;
        for (auto& [buffer, copy] : m_kept)
            buffer.copy_(copy);
    }
    BufferKeeper(const BufferKeeper&) = delete;
    BufferKeeper& operator=(const BufferKeeper&) = delete;

private:
    std::vector<std::pair<torch::Tensor, torch::Tensor>> m_kept;
};

} // namespace quantarium::train
