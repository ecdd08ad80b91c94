// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/building_blocks.h"
#include "core/nn/entries.h"

namespace quantarium::nn {

namespace {

constexpr const char* kId = "mobilenet-v1";
// So that every stride has something to halve.
constexpr std::int64_t kSmallestForCifarForm = 16;
constexpr std::int64_t kSmallestForImageNetForm = 32;

constexpr std::int64_t kStemWidth = 32;
struct BlockShape {
    std::int64_t out;
    std::int64_t stride;
};
constexpr BlockShape kBlocks[] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                                  {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};

/// A depthwise 3x3 and a 1x1 convolution, each with batch norm and ReLU (or another non-linearity).
class SeparableBlock : public torch::nn::Module {
public:
    SeparableBlock(std::int64_t in, const BlockShape& shape, Nonlinearity nonlinearity,
                   Initializer& initializer)
        : m_nonlinearity(nonlinearity) {
        m_depthwise = addNormed(*this, "conv1", "bn1", samePadded(in, in, 3, shape.stride, in), initializer);
        m_pointwise = addNormed(*this, "conv2", "bn2", samePadded(in, shape.out, 1), initializer);
    }

    torch::Tensor forward(const torch::Tensor& x) {
        const auto inner = activateInPlace(m_nonlinearity, m_depthwise.forward(x));
        return activateInPlace(m_nonlinearity, m_pointwise.forward(inner));
    }

private:
    Nonlinearity m_nonlinearity;
    NormedConvolution m_depthwise, m_pointwise;
};

/// conv 3x3 32, thirteen depthwise separable blocks (64 to 1024 channels), global average pool, linear layer.
///
/// Howard et al. 2017, "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
/// table 1. Its first convolution has stride 2; the CIFAR form has stride 1 there. Parameter names are those
/// of kuangliu/pytorch-cifar: conv1, bn1, layers.{i}.{conv1,bn1,conv2,bn2}, linear.
class MobileNetV1 : public Network {
public:
    MobileNetV1(bool imageNetForm, Nonlinearity nonlinearity, std::int64_t channels, std::int64_t classes,
                Initializer& initializer)
        : m_nonlinearity(nonlinearity) {
        m_stem = addNormed(*this, "conv1", "bn1", samePadded(channels, kStemWidth, 3, imageNetForm ? 2 : 1),
                           initializer);
        const auto layers = register_module("layers", std::make_shared<torch::nn::Module>());
        std::int64_t in = kStemWidth;
        for (const auto& shape : kBlocks) {
            m_blocks.push_back(layers->register_module(
                std::to_string(m_blocks.size()),
                std::make_shared<SeparableBlock>(in, shape, nonlinearity, initializer)));
            in = shape.out;
        }
        m_linear = register_module("linear", std::make_shared<Linear>(in, classes, initializer));
    }

    torch::Tensor forward(torch::Tensor images) override {
        torch::Tensor x = activateInPlace(m_nonlinearity, m_stem.forward(images));
        for (const auto& block : m_blocks)
            x = block->forward(x);
        return m_linear->forward(x.mean({2, 3}));
    }

    std::vector<NamedSite> sites() override { return collectSites(*this); }

private:
    Nonlinearity m_nonlinearity;
    NormedConvolution m_stem;
    std::vector<std::shared_ptr<SeparableBlock>> m_blocks;
    std::shared_ptr<Linear> m_linear;
};

} // namespace

NetworkEntry mobilenetV1Entry() {
    NetworkEntry entry;
    entry.schema.id = kId;
    entry.schema.title = "MobileNet-v1";
    entry.schema.help =
        "A convolution, thirteen depthwise separable blocks (64 to 1024 channels), one linear "
        "layer.";
    entry.schema.source = "Howard et al. 2017, table 1";
    entry.schema.options = {formOption("The first convolution's stride: imagenet 2, cifar 1."),
                            nonlinearityOption()};
    entry.make = [](const InputShape& shape, std::int64_t classes, const Options& options,
                    std::uint64_t seed) -> std::shared_ptr<Network> {
        const bool imageNet = isImageNetForm(options, shape);
        requireInput(kId, shape, classes, imageNet ? kSmallestForImageNetForm : kSmallestForCifarForm);
        Initializer initializer(seed);
        return std::make_shared<MobileNetV1>(imageNet, nonlinearityOf(options), shape.channels, classes,
                                             initializer);
    };
    return entry;
}

} // namespace quantarium::nn
