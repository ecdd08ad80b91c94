// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/nn/modules/batchnorm.h>

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

    std::uint64_t seed() const { return m_seed; } ///< for layers that draw while they train

    /// He, Zhang, Ren, Sun 2015, "Delving Deep into Rectifiers", section 2.2: N(0, 2 / fan).
    torch::Tensor heNormal(at::IntArrayRef shape, std::int64_t fan);
    /// Uniform in [-bound, bound).
    torch::Tensor uniform(at::IntArrayRef shape, double bound);
    /// N(0, deviation²).
    torch::Tensor normal(at::IntArrayRef shape, double deviation);

private:
    std::uint64_t m_seed;
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
    std::int64_t groups = 1; ///< divides in and out; in for a depthwise convolution
};

/// A convolution without bias whose map keeps its size, or is divided by the stride: padding kernel / 2.
ConvolutionShape samePadded(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1,
                            std::int64_t groups = 1);

/// Two-dimensional convolution, [N, in, H, W] -> [N, out, H', W'], in the memory format of its input.
/// Parameters `weight` [out, in / groups, kernel, kernel] and, if asked for, `bias` [out]. Starts as
/// torchvision's ResNet and VGG do: He normal with the fan-out, bias 0. The fan-out is out / groups ·
/// kernel², what an input really reaches; torchvision leaves out the groups, so its depthwise layers start
/// smaller.
class Convolution : public SitedLayer {
public:
    Convolution(const ConvolutionShape& shape, Initializer& initializer);
    torch::Tensor forward(const torch::Tensor& input);

private:
    torch::Tensor m_weight;
    torch::Tensor m_bias; ///< undefined: none
    std::int64_t m_stride;
    std::int64_t m_padding;
    std::int64_t m_groups;
};

/// A convolution and the batch norm that follows it.
struct NormedConvolution {
    std::shared_ptr<Convolution> convolution;
    torch::nn::BatchNorm2d norm{nullptr};

    torch::Tensor forward(const torch::Tensor& input) { return norm->forward(convolution->forward(input)); }
};

/// Registers both in `parent` by these names.
NormedConvolution addNormed(torch::nn::Module& parent, const std::string& convolution,
                            const std::string& norm, const ConvolutionShape& shape, Initializer& initializer);

enum class LinearStart {
    Uniform,    ///< weight and bias uniform in ±1/√in, as torch.nn.Linear
    SmallNormal ///< weight N(0, 0.01²), bias 0, as torchvision's VGG and MobileNet-v2
};

/// Fully connected layer, [N, in] -> [N, out]. Parameters `weight` [out, in] and `bias` [out].
class Linear : public SitedLayer {
public:
    Linear(std::int64_t in, std::int64_t out, Initializer& initializer,
           LinearStart start = LinearStart::Uniform);
    torch::Tensor forward(const torch::Tensor& input);

private:
    torch::Tensor m_weight;
    torch::Tensor m_bias;
};

/// Sets each value to zero with probability `rate` and scales the others by 1 / (1 - rate), in training mode;
/// passes its input through otherwise. Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014,
/// "Dropout", section 4, with the scaling at training time.
///
/// The masks come from the run's seed, the layer's name and the buffer `num_batches_tracked` (int64, the
/// masks drawn so far): a run that is continued from a checkpoint draws what an uninterrupted one draws. The
/// buffer has the name of batch norm's counter because weights of other programs may lack that, too.
class Dropout : public torch::nn::Module {
public:
    /// @param rate in [0, 1)
    /// @param name of the layer in its network
    Dropout(double rate, std::uint64_t seed, const std::string& name);
    torch::Tensor forward(const torch::Tensor& input);

private:
    double m_rate;
    std::uint64_t m_seed;
    torch::Tensor m_batches;
};

/// The option `form` of networks that exist for large images and for small ones: imagenet, cifar, or auto,
/// which takes the first from 64 x 64 pixels on. `help` says what the forms are.
OptionSpec formOption(const std::string& help);

/// Whether the validated options ask for the ImageNet form on such images.
bool isImageNetForm(const Options& options, const InputShape& shape);

/// What stands between two layers.
enum class Nonlinearity { Relu, HardTanh, None };

/// The option `nonlinearity`: relu; hardtanh and none for activation methods that need negative values, such
/// as sign, which is a non-linearity itself.
OptionSpec nonlinearityOption();
/// What the validated options ask for.
Nonlinearity nonlinearityOf(const Options& options);

/// relu(x), clip(x, -1, 1) or x. Never in place: a site may hold on to a layer's output.
torch::Tensor activate(Nonlinearity nonlinearity, const torch::Tensor& x);
/// The same, in the memory of x: only for results of a batch norm (which keeps its input for the backward
/// pass, not its output) and of sums with them.
torch::Tensor activateInPlace(Nonlinearity nonlinearity, torch::Tensor x);

/// The sites of all layers below a module, in order of registration. Networks register layers in order of
/// execution.
std::vector<NamedSite> collectSites(torch::nn::Module& root);

/// Throws Error(Config) naming the network unless there are channels and classes and both sides of the images
/// have at least `smallestSide` pixels.
void requireInput(const std::string& network, const InputShape& shape, std::int64_t classes,
                  std::int64_t smallestSide);

} // namespace quantarium::nn
