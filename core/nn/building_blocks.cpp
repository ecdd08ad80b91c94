// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/building_blocks.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <ATen/CPUGeneratorImpl.h>

#include "core/base/error.h"
#include "core/base/random.h"

namespace quantarium::nn {

namespace {

constexpr std::string_view kDropoutStream = "dropout";
constexpr std::int64_t kImageNetSide = 64; ///< smallest side that form "auto" takes for a large image
constexpr double kSmallDeviation = 0.01;   ///< LinearStart::SmallNormal

} // namespace

Initializer::Initializer(std::uint64_t seed)
    : m_seed(seed),
      m_generator(at::make_generator<at::CPUGeneratorImpl>(deriveSeed(seed, streams::kInitialization))) {}

torch::Tensor Initializer::heNormal(at::IntArrayRef shape, std::int64_t fan) {
    return torch::empty(shape, torch::kFloat32)
        .normal_(0.0, std::sqrt(2.0 / static_cast<double>(fan)), m_generator);
}

torch::Tensor Initializer::uniform(at::IntArrayRef shape, double bound) {
    return torch::empty(shape, torch::kFloat32).uniform_(-bound, bound, m_generator);
}

torch::Tensor Initializer::normal(at::IntArrayRef shape, double deviation) {
    return torch::empty(shape, torch::kFloat32).normal_(0.0, deviation, m_generator);
}

ConvolutionShape samePadded(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                            std::int64_t groups) {
    return {in, out, kernel, stride, kernel / 2, false, groups};
}

Convolution::Convolution(const ConvolutionShape& shape, Initializer& initializer)
    : m_stride(shape.stride), m_padding(shape.padding), m_groups(shape.groups) {
    const std::int64_t fanOut = shape.out / shape.groups * shape.kernel * shape.kernel;
    m_weight = register_parameter(
        "weight",
        initializer.heNormal({shape.out, shape.in / shape.groups, shape.kernel, shape.kernel}, fanOut));
    if (shape.bias) m_bias = register_parameter("bias", torch::zeros({shape.out}));
}

torch::Tensor Convolution::forward(const torch::Tensor& input) {
    return m_site.after(torch::conv2d(m_site.before(input), m_weight, m_bias, m_stride, m_padding,
                                      /*dilation=*/1, m_groups));
}

NormedConvolution addNormed(torch::nn::Module& parent, const std::string& convolution,
                            const std::string& norm, const ConvolutionShape& shape,
                            Initializer& initializer) {
    return {parent.register_module(convolution, std::make_shared<Convolution>(shape, initializer)),
            parent.register_module(norm, torch::nn::BatchNorm2d(shape.out))};
}

Linear::Linear(std::int64_t in, std::int64_t out, Initializer& initializer, LinearStart start) {
    if (start == LinearStart::SmallNormal) {
        m_weight = register_parameter("weight", initializer.normal({out, in}, kSmallDeviation));
        m_bias = register_parameter("bias", torch::zeros({out}));
        return;
    }
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    m_weight = register_parameter("weight", initializer.uniform({out, in}, bound));
    m_bias = register_parameter("bias", initializer.uniform({out}, bound));
}

torch::Tensor Linear::forward(const torch::Tensor& input) {
    return m_site.after(torch::linear(m_site.before(input), m_weight, m_bias));
}

Dropout::Dropout(double rate, std::uint64_t seed, const std::string& name)
    : m_rate(rate), m_seed(deriveSeed(deriveSeed(seed, kDropoutStream), name)) {
    m_batches = register_buffer("num_batches_tracked", torch::zeros({}, torch::kInt64));
}

torch::Tensor Dropout::forward(const torch::Tensor& input) {
    if (!is_training() || m_rate == 0) return input;
    const auto batch = static_cast<std::uint64_t>(m_batches.item<std::int64_t>());
    m_batches.add_(1);
    auto generator = at::make_generator<at::CPUGeneratorImpl>(deriveSeed(m_seed, kDropoutStream, batch));
    const double kept = 1.0 - m_rate;
    const auto mask = torch::empty(input.sizes(), torch::kFloat32).bernoulli_(kept, generator).div_(kept);
    return input * mask.to(input.options());
}

OptionSpec formOption(const std::string& help) {
    return OptionSpec::choice("form", "Form", "auto", {"auto", "imagenet", "cifar"},
                              help + " auto: imagenet from 64 x 64 pixels on.");
}

bool isImageNetForm(const Options& options, const InputShape& shape) {
    const std::string form = options.text("form");
    if (form == "auto") return std::min(shape.height, shape.width) >= kImageNetSide;
    return form == "imagenet";
}

OptionSpec nonlinearityOption() {
    return OptionSpec::choice("nonlinearity", "Non-linearity", "relu", {"relu", "hardtanh", "none"},
                              "Between the layers; hardtanh (clip to ±1) and none keep the negative values "
                              "that sign activations need")
        .asAdvanced();
}

Nonlinearity nonlinearityOf(const Options& options) {
    const auto text = options.text("nonlinearity");
    if (text == "relu") return Nonlinearity::Relu;
    return text == "hardtanh" ? Nonlinearity::HardTanh : Nonlinearity::None;
}

torch::Tensor activate(Nonlinearity nonlinearity, const torch::Tensor& x) {
    switch (nonlinearity) {
    case Nonlinearity::Relu:
        return torch::relu(x);
    case Nonlinearity::HardTanh:
        return x.clamp(-1, 1);
    case Nonlinearity::None:
        break;
    }
    return x;
}

torch::Tensor activateInPlace(Nonlinearity nonlinearity, torch::Tensor x) {
    // clamp needs its input for the backward pass, so it is not done in place.
    return nonlinearity == Nonlinearity::Relu ? x.relu_() : activate(nonlinearity, x);
}

std::vector<NamedSite> collectSites(torch::nn::Module& root) {
    std::vector<NamedSite> sites;
    for (const auto& item : root.named_modules({}, /*include_self=*/false))
        if (auto* layer = dynamic_cast<SitedLayer*>(item.value().get()))
            sites.push_back({item.key(), &layer->site()});
    return sites;
}

void requireInput(const std::string& network, const InputShape& shape, std::int64_t classes,
                  std::int64_t smallestSide) {
    if (shape.channels < 1 || classes < 1)
        throw Error(ErrorKind::Config,
                    network + " needs at least one channel and one class; there are " +
                        std::to_string(shape.channels) + " and " + std::to_string(classes),
                    "network");
    if (shape.height < smallestSide || shape.width < smallestSide)
        throw Error(ErrorKind::Config,
                    network + " needs images of at least " + std::to_string(smallestSide) + " x " +
                        std::to_string(smallestSide) + " pixels; these have " + std::to_string(shape.height) +
                        " x " + std::to_string(shape.width),
                    "network", "Choose another network, or a dataset with larger images.");
}

} // namespace quantarium::nn
