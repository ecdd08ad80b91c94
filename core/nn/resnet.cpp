// SPDX-License-Identifier: GPL-3.0-or-later
#include <limits>

#include "core/nn/building_blocks.h"
#include "core/nn/entries.h"

namespace quantarium::nn {

namespace {

constexpr std::int64_t kSmallestSide = 4; ///< so that both strides have something to halve
constexpr std::int64_t kWidths[] = {16, 32, 64};

std::shared_ptr<Convolution> convolution(std::int64_t in, std::int64_t out, std::int64_t kernel,
                                         std::int64_t stride, Initializer& initializer) {
    return std::make_shared<Convolution>(ConvolutionShape{in, out, kernel, stride, kernel / 2}, initializer);
}

/// relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)).
///
/// Shortcut where the width changes: A takes every second pixel and pads the new channels with zeros, half of
/// them on each side (no parameters); B is a 1x1 convolution with batch norm.
class BasicBlock : public torch::nn::Module {
public:
    BasicBlock(std::int64_t in, std::int64_t out, std::int64_t stride, bool projection,
               Initializer& initializer)
        : m_stride(stride), m_addedChannels(out - in) {
        m_conv1 = register_module("conv1", convolution(in, out, 3, stride, initializer));
        m_bn1 = register_module("bn1", torch::nn::BatchNorm2d(out));
        m_conv2 = register_module("conv2", convolution(out, out, 3, 1, initializer));
        m_bn2 = register_module("bn2", torch::nn::BatchNorm2d(out));
        if (!projection || (in == out && stride == 1)) return;
        const auto shortcut = register_module("shortcut", std::make_shared<torch::nn::Module>());
        m_projection = shortcut->register_module("0", convolution(in, out, 1, stride, initializer));
        m_projectionNorm = shortcut->register_module("1", torch::nn::BatchNorm2d(out));
    }

    torch::Tensor forward(const torch::Tensor& x) {
        // In place is safe after a batch norm: it keeps its input for the backward pass, not its output.
        torch::Tensor out = m_bn1->forward(m_conv1->forward(x)).relu_();
        out = m_bn2->forward(m_conv2->forward(out));
        return out.add_(shortcut(x)).relu_();
    }

private:
    torch::Tensor shortcut(const torch::Tensor& x) {
        if (m_projection) return m_projectionNorm->forward(m_projection->forward(x));
        if (m_stride == 1 && m_addedChannels == 0) return x;
        constexpr auto kEnd = std::numeric_limits<std::int64_t>::max();
        const torch::Tensor thinned = x.slice(2, 0, kEnd, m_stride).slice(3, 0, kEnd, m_stride);
        const std::int64_t before = m_addedChannels / 2;
        return torch::constant_pad_nd(thinned, {0, 0, 0, 0, before, m_addedChannels - before});
    }

    std::int64_t m_stride;
    std::int64_t m_addedChannels;
    std::shared_ptr<Convolution> m_conv1, m_conv2, m_projection;
    torch::nn::BatchNorm2d m_bn1{nullptr}, m_bn2{nullptr}, m_projectionNorm{nullptr};
};

/// conv 3x3 16, three stages of (depth - 2) / 6 basic blocks (16, 32, 64 channels, halving the map at the
/// second and third), global average pool, linear.
///
/// He, Zhang, Ren, Sun 2016, "Deep Residual Learning for Image Recognition", section 4.2. Parameter names are
/// those of akamaster/pytorch_resnet_cifar10: conv1, bn1,
/// layer{1,2,3}.{i}.{conv1,bn1,conv2,bn2,shortcut.{0,1}}, linear.
class ResNet : public Network {
public:
    ResNet(std::int64_t depth, const InputShape& shape, std::int64_t classes, bool projection,
           Initializer& initializer) {
        m_conv1 = register_module("conv1", convolution(shape.channels, kWidths[0], 3, 1, initializer));
        m_bn1 = register_module("bn1", torch::nn::BatchNorm2d(kWidths[0]));
        std::int64_t in = kWidths[0];
        for (std::size_t stage = 0; stage < std::size(kWidths); ++stage) {
            const auto layer =
                register_module("layer" + std::to_string(stage + 1), std::make_shared<torch::nn::Module>());
            for (std::int64_t i = 0; i < (depth - 2) / 6; ++i) {
                const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
                auto block =
                    std::make_shared<BasicBlock>(in, kWidths[stage], stride, projection, initializer);
                m_blocks.push_back(layer->register_module(std::to_string(i), std::move(block)));
                in = kWidths[stage];
            }
        }
        m_linear = register_module("linear", std::make_shared<Linear>(in, classes, initializer));
    }

    torch::Tensor forward(torch::Tensor images) override {
        torch::Tensor x = m_bn1->forward(m_conv1->forward(images)).relu_();
        for (const auto& block : m_blocks)
            x = block->forward(x);
        return m_linear->forward(x.mean({2, 3}));
    }

    std::vector<NamedSite> sites() override { return collectSites(*this); }

private:
    std::shared_ptr<Convolution> m_conv1;
    torch::nn::BatchNorm2d m_bn1{nullptr};
    std::vector<std::shared_ptr<BasicBlock>> m_blocks;
    std::shared_ptr<Linear> m_linear;
};

} // namespace

NetworkEntry resnetEntry(std::int64_t depth) {
    NetworkEntry entry;
    entry.schema.id = "resnet" + std::to_string(depth);
    entry.schema.title = "ResNet-" + std::to_string(depth);
    entry.schema.help = "Residual network for small images: " + std::to_string((depth - 2) / 2) +
                        " basic blocks of 16, 32 and 64 channels.";
    entry.schema.source = "He et al. 2016, section 4.2";
    entry.schema.options = {
        OptionSpec::choice("shortcut", "Shortcut", "A", {"A", "B"},
                           "Where the width changes: A pads with zeros (no parameters), B convolves 1 x 1.")
            .withSource("He et al. 2016, section 3.3")};
    entry.make = [depth, id = entry.schema.id](const InputShape& shape, std::int64_t classes,
                                               const Options& options,
                                               std::uint64_t seed) -> std::shared_ptr<Network> {
        requireInput(id, shape, classes, kSmallestSide);
        Initializer initializer(seed);
        return std::make_shared<ResNet>(depth, shape, classes, options.text("shortcut") == "B", initializer);
    };
    return entry;
}

} // namespace quantarium::nn
