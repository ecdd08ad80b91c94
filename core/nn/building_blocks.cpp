// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/building_blocks.h"

#include <cmath>

#include <ATen/CPUGeneratorImpl.h>

#include "core/base/error.h"
#include "core/base/random.h"

namespace quantarium::nn {

Initializer::Initializer(std::uint64_t seed)
    : m_generator(at::make_generator<at::CPUGeneratorImpl>(deriveSeed(seed, streams::kInitialization))) {}

torch::Tensor Initializer::heNormal(at::IntArrayRef shape, std::int64_t fan) {
    return torch::empty(shape, torch::kFloat32)
        .normal_(0.0, std::sqrt(2.0 / static_cast<double>(fan)), m_generator);
}

torch::Tensor Initializer::uniform(at::IntArrayRef shape, double bound) {
    return torch::empty(shape, torch::kFloat32).uniform_(-bound, bound, m_generator);
}

Convolution::Convolution(const ConvolutionShape& shape, Initializer& initializer)
    : m_stride(shape.stride), m_padding(shape.padding) {
    const std::int64_t fanOut = shape.out * shape.kernel * shape.kernel;
    m_weight = register_parameter(
        "weight", initializer.heNormal({shape.out, shape.in, shape.kernel, shape.kernel}, fanOut));
    if (shape.bias) m_bias = register_parameter("bias", torch::zeros({shape.out}));
}

torch::Tensor Convolution::forward(const torch::Tensor& input) {
    return m_site.after(torch::conv2d(m_site.before(input), m_weight, m_bias, m_stride, m_padding));
}

Linear::Linear(std::int64_t in, std::int64_t out, Initializer& initializer) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    m_weight = register_parameter("weight", initializer.uniform({out, in}, bound));
    m_bias = register_parameter("bias", initializer.uniform({out}, bound));
}

torch::Tensor Linear::forward(const torch::Tensor& input) {
    return m_site.after(torch::linear(m_site.before(input), m_weight, m_bias));
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
