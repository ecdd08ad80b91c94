// SPDX-License-Identifier: GPL-3.0-or-later
#include <optional>

#include "core/nn/building_blocks.h"
#include "core/nn/entries.h"

namespace quantarium::nn {

namespace {

constexpr const char* kId = "mobilenet-v2";
// So that every stride has something to halve.
constexpr std::int64_t kSmallestForCifarForm = 8;
constexpr std::int64_t kSmallestForImageNetForm = 32;

constexpr std::int64_t kStemWidth = 32;
constexpr std::int64_t kLastWidth = 1280;
/// A row of the paper's table 2: expansion t, channels c, repetitions n, and the first one's stride s.
struct Group {
    std::int64_t expansion;
    std::int64_t out;
    std::int64_t blocks;
    std::int64_t stride;
    std::int64_t cifarStride;
};
constexpr Group kGroups[] = {{1, 16, 1, 1, 1}, {6, 24, 2, 2, 1},  {6, 32, 3, 2, 2}, {6, 64, 4, 2, 2},
                             {6, 96, 3, 1, 1}, {6, 160, 3, 2, 2}, {6, 320, 1, 1, 1}};

/// What an entry's options and the images' size amount to.
struct Design {
    bool imageNetForm = false;
    double dropout = 0;
    Nonlinearity nonlinearity = Nonlinearity::Relu; ///< Relu: ReLU6
};

/// Convolution, batch norm, non-linearity, in a module of its own by this name.
NormedConvolution addActivated(torch::nn::Module& parent, const std::string& name,
                               const ConvolutionShape& shape, Initializer& initializer) {
    const auto module = parent.register_module(name, std::make_shared<torch::nn::Module>());
    return addNormed(*module, "0", "1", shape, initializer);
}

/// Non-linearity of a convolution and its norm: ReLU6 where others have ReLU.
torch::Tensor activated(Nonlinearity nonlinearity, NormedConvolution& layer, const torch::Tensor& x) {
    auto out = layer.forward(x);
    if (nonlinearity != Nonlinearity::Relu) return activateInPlace(nonlinearity, std::move(out));
    // LibTorch 1.13 has no backward pass of ReLU6 in bfloat16 on the CPU; this takes more memory.
    if (out.scalar_type() == torch::kBFloat16) return out.clamp(0, 6);
    return torch::relu6_(out); // in place: batch norm keeps its input for the backward pass, not its output
}

/// The other networks' option, of a network that has ReLU6 where they have ReLU.
OptionSpec reluSixOption() {
    auto option = nonlinearityOption();
    option.help += "; relu is ReLU6 here, and the bottlenecks have none in any case";
    return option;
}

/// 1x1 to the expanded width (not where the expansion is 1), depthwise 3x3, 1x1 without activation; plus the
/// input where the shape stays.
class InvertedResidual : public torch::nn::Module {
public:
    InvertedResidual(std::int64_t in, std::int64_t out, std::int64_t stride, std::int64_t expansion,
                     Nonlinearity nonlinearity, Initializer& initializer)
        : m_residual(stride == 1 && in == out), m_nonlinearity(nonlinearity) {
        const auto conv = register_module("conv", std::make_shared<torch::nn::Module>());
        const std::int64_t hidden = in * expansion;
        int position = 0;
        const auto next = [&position] { return std::to_string(position++); };
        if (expansion != 1) m_expand = addActivated(*conv, next(), samePadded(in, hidden, 1), initializer);
        m_depthwise = addActivated(*conv, next(), samePadded(hidden, hidden, 3, stride, hidden), initializer);
        const auto projection = next();
        m_project = addNormed(*conv, projection, next(), samePadded(hidden, out, 1), initializer);
    }

    torch::Tensor forward(const torch::Tensor& x) {
        const auto wide = m_expand ? activated(m_nonlinearity, *m_expand, x) : x;
        auto out = m_project.forward(activated(m_nonlinearity, m_depthwise, wide));
        return m_residual ? out.add_(x) : out;
    }

private:
    bool m_residual;
    Nonlinearity m_nonlinearity;
    std::optional<NormedConvolution> m_expand;
    NormedConvolution m_depthwise, m_project;
};

/// conv 3x3 32, seventeen inverted residuals (16 to 320 channels), conv 1x1 1280, global average pool,
/// dropout, linear layer.
///
/// Sandler, Howard, Zhu, Zhmoginov, Chen 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
/// table 2, as torchvision builds it. Parameter names are torchvision's: features.{i}.conv.…, classifier.1.
/// The CIFAR form, as in kuangliu/pytorch-cifar, has stride 1 in the first convolution and in the group of 24
/// channels. Differs from that code, which gives blocks that change only the width a projection: there the
/// sum is left out, as in the paper.
class MobileNetV2 : public Network {
public:
    MobileNetV2(const Design& design, std::int64_t channels, std::int64_t classes, Initializer& initializer)
        : m_nonlinearity(design.nonlinearity) {
        const auto features = register_module("features", std::make_shared<torch::nn::Module>());
        m_stem = addActivated(*features, "0",
                              samePadded(channels, kStemWidth, 3, design.imageNetForm ? 2 : 1), initializer);
        const std::int64_t width = addBlocks(*features, design, initializer);
        m_last = addActivated(*features, std::to_string(m_blocks.size() + 1),
                              samePadded(width, kLastWidth, 1), initializer);
        const auto classifier = register_module("classifier", std::make_shared<torch::nn::Module>());
        if (design.dropout > 0)
            m_dropout = classifier->register_module(
                "0", std::make_shared<Dropout>(design.dropout, initializer.seed(), "classifier.0"));
        m_linear = classifier->register_module(
            "1", std::make_shared<Linear>(kLastWidth, classes, initializer, LinearStart::SmallNormal));
    }

    torch::Tensor forward(torch::Tensor images) override {
        torch::Tensor x = activated(m_nonlinearity, m_stem, images);
        for (const auto& block : m_blocks)
            x = block->forward(x);
        x = activated(m_nonlinearity, m_last, x).mean({2, 3});
        return m_linear->forward(m_dropout ? m_dropout->forward(x) : x);
    }

    std::vector<NamedSite> sites() override { return collectSites(*this); }

private:
    /// Returns the last block's width.
    std::int64_t addBlocks(torch::nn::Module& features, const Design& design, Initializer& initializer) {
        std::int64_t in = kStemWidth;
        for (const auto& group : kGroups)
            for (std::int64_t i = 0; i < group.blocks; ++i) {
                const std::int64_t first = design.imageNetForm ? group.stride : group.cifarStride;
                auto block = std::make_shared<InvertedResidual>(
                    in, group.out, i == 0 ? first : 1, group.expansion, design.nonlinearity, initializer);
                m_blocks.push_back(
                    features.register_module(std::to_string(m_blocks.size() + 1), std::move(block)));
                in = group.out;
            }
        return in;
    }

    Nonlinearity m_nonlinearity;
    NormedConvolution m_stem, m_last;
    std::vector<std::shared_ptr<InvertedResidual>> m_blocks;
    std::shared_ptr<Dropout> m_dropout; ///< none without dropout
    std::shared_ptr<Linear> m_linear;
};

} // namespace

NetworkEntry mobilenetV2Entry() {
    NetworkEntry entry;
    entry.schema.id = kId;
    entry.schema.title = "MobileNet-v2";
    entry.schema.help = "A convolution, seventeen inverted residuals with depthwise convolutions, one linear "
                        "layer.";
    entry.schema.source = "Sandler et al. 2018, table 2";
    entry.schema.options = {
        formOption("The stride of the first convolution and of the 24-channel group: imagenet 2, cifar 1."),
        OptionSpec::real("dropout", "Dropout", 0.2, 0, 0.95,
                         "Probability of dropping an input of the linear layer; 0: none.")
            .withSource("torchvision, mobilenet_v2"),
        reluSixOption()};
    entry.make = [](const InputShape& shape, std::int64_t classes, const Options& options,
                    std::uint64_t seed) -> std::shared_ptr<Network> {
        const bool imageNet = isImageNetForm(options, shape);
        requireInput(kId, shape, classes, imageNet ? kSmallestForImageNetForm : kSmallestForCifarForm);
        Initializer initializer(seed);
        const Design design{imageNet, options.real("dropout"), nonlinearityOf(options)};
        return std::make_shared<MobileNetV2>(design, shape.channels, classes, initializer);
    };
    return entry;
}

} // namespace quantarium::nn
