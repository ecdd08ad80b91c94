// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <torch/types.h>

namespace quantarium::nn {

/// Something that acts on a layer's input or output, such as an activation quantizer.
class SiteTransform {
public:
    virtual ~SiteTransform() = default;
    virtual torch::Tensor before(const torch::Tensor& input) { return input; }
    virtual torch::Tensor after(const torch::Tensor& output) { return output; }
};

/// The place of one quantizable layer in a network: networks call `site.after(layer(site.before(x)))`.
/// Identity until a transform is attached. LibTorch's C++ modules have no forward hooks; this is ours.
class LayerSite {
public:
    void attach(std::shared_ptr<SiteTransform> transform) { m_transform = std::move(transform); }
    const std::shared_ptr<SiteTransform>& transform() const { return m_transform; }
    torch::Tensor before(const torch::Tensor& input) const {
        return m_transform ? m_transform->before(input) : input;
    }
    torch::Tensor after(const torch::Tensor& output) const {
        return m_transform ? m_transform->after(output) : output;
    }

private:
    std::shared_ptr<SiteTransform> m_transform;
};

} // namespace quantarium::nn
