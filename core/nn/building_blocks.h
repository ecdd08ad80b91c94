// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "core/nn/layer_site.h"
#include "core/nn/network.h"

namespace quantarium::nn {

/// Source of a network's initial weights: the run's initialization stream, in the order in which layers are
/// built. The same seed gives the same bits, and no process-wide generator is touched (torch::nn::Conv2d and
/// Linear draw from it in their constructors, which is why the layers below are our own).
class Initializer {
public:
    /// @param seed the run's seed; the stream is deriveSeed(seed, streams::kInitialization).
    explicit Initializer(std::uint64_t seed);

    /// He, Zhang, Ren, Sun 2015, "Delving Deep into Rectifiers", section 2.2: N(0, 2 / fan).
    torch::Tensor heNormal(at::IntArrayRef shape, std::int64_t fan);
    /// Uniform in [-bound, bound).
    torch::Tensor uniform(at::IntArrayRef shape, double bound);

private:
    at::Generator m_generator;
};

/// A layer with a weight and a site around it.
class SitedLayer : public torch::nn::Module {
public:
    LayerSite& site() { return m_site; }

protected:
    LayerSite m_site;
};

/// What a Convolution is made of.
struct ConvolutionShape {
    std::int64_t in = 1;
    std::int64_t out = 1;
    std::int64_t kernel = 3;
    std::int64_t stride = 1;
    std::int64_t padding = 0;
    bool bias = false;
};

/// Two-dimensional convolution, [N, in, H, W] -> [N, out, H', W'], in the memory format of its input.
/// Parameters `weight` [out, in, kernel, kernel] and, if asked for, `bias` [out]. Starts as torchvision's
/// ResNet and VGG do: He normal with the fan-out out · kernel², bias 0.
class Convolution : public SitedLayer {
public:
    Convolution(const ConvolutionShape& shape, Initializer& initializer);
    torch::Tensor forward(const torch::Tensor& input);

private:
    torch::Tensor m_weight;
    torch::Tensor m_bias; ///< undefined: none
    std::int64_t m_stride;
    std::int64_t m_padding;
};

/// Fully connected layer, [N, in] -> [N, out]. Parameters `weight` [out, in] and `bias` [out]. Starts as
/// torch.nn.Linear does: both uniform in ±1/√in.
class Linear : public SitedLayer {
public:
    Linear(std::int64_t in, std::int64_t out, Initializer& initializer);
    torch::Tensor forward(const torch::Tensor& input);

private:
    torch::Tensor m_weight;
    torch::Tensor m_bias;
};

/// The sites of all layers below a module, in order of registration. Networks register layers in order of
/// execution.
std::vector<NamedSite> collectSites(torch::nn::Module& root);

/// Throws Error(Config) naming the network unless there are channels and classes and both sides of the images
/// have at least `smallestSide` pixels.
void requireInput(const std::string& network, const InputShape& shape, std::int64_t classes,
                  std::int64_t smallestSide);

} // namespace quantarium::nn
