// SPDX-License-Identifier: GPL-3.0-or-later
#include <limits>
#include <optional>

#include "core/nn/building_blocks.h"
#include "core/nn/entries.h"

namespace quantarium::nn {

namespace {

/// What tells one residual network from another.
struct Design {
    std::vector<std::int64_t> widths; ///< channels of each stage; each but the first halves the map
    std::vector<std::int64_t> blocks; ///< basic blocks of each stage
    bool halvesAtOnce = false; ///< starts with a 7x7 convolution and a pool of stride 2, not with a 3x3
    std::string projection;    ///< name of the shortcut's 1x1 convolution and norm; empty: zero padding
    std::string head;          ///< name of the linear layer
    Nonlinearity nonlinearity = Nonlinearity::Relu;
};

/// relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)), or with another non-linearity.
///
/// Shortcut where the width changes: A takes every second pixel and pads the new channels with zeros, half of
/// them on each side (no parameters); B is a 1x1 convolution with batch norm.
class BasicBlock : public torch::nn::Module {
public:
    BasicBlock(std::int64_t in, std::int64_t out, std::int64_t stride, const Design& design,
               Initializer& initializer)
        : m_stride(stride), m_addedChannels(out - in), m_nonlinearity(design.nonlinearity) {
        const auto& projection = design.projection;
        m_first = addNormed(*this, "conv1", "bn1", samePadded(in, out, 3, stride), initializer);
        m_second = addNormed(*this, "conv2", "bn2", samePadded(out, out, 3), initializer);
        if (projection.empty() || (in == out && stride == 1)) return;
        const auto shortcut = register_module(projection, std::make_shared<torch::nn::Module>());
        m_projection = addNormed(*shortcut, "0", "1", samePadded(in, out, 1, stride), initializer);
    }

    torch::Tensor forward(const torch::Tensor& x) {
        const auto inner = activateInPlace(m_nonlinearity, m_first.forward(x));
        return activateInPlace(m_nonlinearity, m_second.forward(inner).add_(shortcut(x)));
    }

private:
    torch::Tensor shortcut(const torch::Tensor& x) {
        if (m_projection) return m_projection->forward(x);
        if (m_stride == 1 && m_addedChannels == 0) return x;
        constexpr auto kEnd = std::numeric_limits<std::int64_t>::max();
        const torch::Tensor thinned = x.slice(2, 0, kEnd, m_stride).slice(3, 0, kEnd, m_stride);
        const std::int64_t before = m_addedChannels / 2;
        return torch::constant_pad_nd(thinned, {0, 0, 0, 0, before, m_addedChannels - before});
    }

    std::int64_t m_stride;
    std::int64_t m_addedChannels;
    Nonlinearity m_nonlinearity;
    NormedConvolution m_first, m_second;
    std::optional<NormedConvolution> m_projection;
};

/// Convolution, stages of basic blocks, global average pool, linear layer: He, Zhang, Ren, Sun 2016, "Deep
/// Residual Learning for Image Recognition".
///
/// Small images (section 4.2): conv 3x3 16, three stages of (depth - 2) / 6 blocks (16, 32, 64 channels).
/// Parameter names are those of akamaster/pytorch_resnet_cifar10: conv1, bn1,
/// layer{1,2,3}.{i}.{conv1,bn1,conv2,bn2,shortcut.{0,1}}, linear.
///
/// Large images (section 3.3, table 1): conv 7x7 64 and a 3x3 max pool, both of stride 2, four stages (64,
/// 128, 256, 512 channels). Parameter names are torchvision's: "downsample" for "shortcut", "fc" for
/// "linear".
class ResNet : public Network {
public:
    ResNet(const Design& design, std::int64_t channels, std::int64_t classes, Initializer& initializer)
        : m_pooled(design.halvesAtOnce), m_nonlinearity(design.nonlinearity) {
        std::int64_t in = design.widths.front();
        const auto stem = design.halvesAtOnce ? samePadded(channels, in, 7, 2) : samePadded(channels, in, 3);
        m_stem = addNormed(*this, "conv1", "bn1", stem, initializer);
        for (std::size_t stage = 0; stage < design.widths.size(); ++stage) {
            const auto layer =
                register_module("layer" + std::to_string(stage + 1), std::make_shared<torch::nn::Module>());
            for (std::int64_t i = 0; i < design.blocks[stage]; ++i) {
                const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
                auto block =
                    std::make_shared<BasicBlock>(in, design.widths[stage], stride, design, initializer);
                m_blocks.push_back(layer->register_module(std::to_string(i), std::move(block)));
                in = design.widths[stage];
            }
        }
        m_head = register_module(design.head, std::make_shared<Linear>(in, classes, initializer));
    }

    torch::Tensor forward(torch::Tensor images) override {
        torch::Tensor x = activateInPlace(m_nonlinearity, m_stem.forward(images));
        if (m_pooled) x = torch::max_pool2d(x, 3, 2, 1);
        for (const auto& block : m_blocks)
            x = block->forward(x);
        return m_head->forward(x.mean({2, 3}));
    }

    std::vector<NamedSite> sites() override { return collectSites(*this); }

private:
    bool m_pooled;
    Nonlinearity m_nonlinearity;
    NormedConvolution m_stem;
    std::vector<std::shared_ptr<BasicBlock>> m_blocks;
    std::shared_ptr<Linear> m_head;
};

// So that every stride has something to halve.
constexpr std::int64_t kSmallestSmallImage = 4;
constexpr std::int64_t kSmallestForCifarForm = 8;
constexpr std::int64_t kSmallestLargeImage = 32;

Design smallImageDesign(std::int64_t depth, const Options& options) {
    return {{16, 32, 64}, std::vector<std::int64_t>(3, (depth - 2) / 6),
            false,        options.text("shortcut") == "B" ? "shortcut" : "",
            "linear",     nonlinearityOf(options)};
}

Design largeImageDesign(std::int64_t depth, bool imageNetForm, const Options& options) {
    const std::vector<std::int64_t> blocks =
        depth == 18 ? std::vector<std::int64_t>{2, 2, 2, 2} : std::vector<std::int64_t>{3, 4, 6, 3};
    return {{64, 128, 256, 512}, blocks, imageNetForm, "downsample", "fc", nonlinearityOf(options)};
}

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
            .withSource("He et al. 2016, section 3.3"),
        nonlinearityOption()};
    entry.make = [depth, id = entry.schema.id](const InputShape& shape, std::int64_t classes,
                                               const Options& options,
                                               std::uint64_t seed) -> std::shared_ptr<Network> {
        requireInput(id, shape, classes, kSmallestSmallImage);
        Initializer initializer(seed);
        return std::make_shared<ResNet>(smallImageDesign(depth, options), shape.channels, classes,
                                        initializer);
    };
    return entry;
}

NetworkEntry imageNetResnetEntry(std::int64_t depth) {
    NetworkEntry entry;
    entry.schema.id = "resnet" + std::to_string(depth);
    entry.schema.title = "ResNet-" + std::to_string(depth);
    entry.schema.help = "Residual network for large images: " + std::to_string((depth - 2) / 2) +
                        " basic blocks of 64 to 512 channels, as in torchvision.";
    entry.schema.source = "He et al. 2016, table 1";
    entry.schema.options = {formOption("imagenet starts with a 7 x 7 convolution and a pool, both of stride "
                                       "2; cifar with a 3 x 3 convolution, so that the map keeps its size."),
                            nonlinearityOption()};
    entry.make = [depth, id = entry.schema.id](const InputShape& shape, std::int64_t classes,
                                               const Options& options,
                                               std::uint64_t seed) -> std::shared_ptr<Network> {
        const bool imageNet = isImageNetForm(options, shape);
        requireInput(id, shape, classes, imageNet ? kSmallestLargeImage : kSmallestForCifarForm);
        Initializer initializer(seed);
        return std::make_shared<ResNet>(largeImageDesign(depth, imageNet, options), shape.channels, classes,
                                        initializer);
    };
    return entry;
}

} // namespace quantarium::nn
