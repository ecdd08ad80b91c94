// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/building_blocks.h"
#include "core/nn/entries.h"

namespace quantarium::nn {

namespace {

constexpr const char* kId = "vgg-small";
constexpr std::int64_t kSmallestSide = 8; ///< leaves 1 x 1 maps after three pools
constexpr std::int64_t kWidths[] = {128, 128, 256, 256, 512, 512};

/// Six 3x3 convolutions (128, 128, 256, 256, 512, 512; no bias), then one linear layer.
///
/// Zhang, Yang, Ye, Hua 2018, "LQ-Nets", section 4.1, in the order of the authors' cifar10-vgg-small.py: the
/// first convolution of each pair is followed by batch norm and ReLU, the second by 2x2 max pooling, batch
/// norm and ReLU. Parameter names follow torchvision's VGG: features.N counts convolutions, norms, ReLUs and
/// pools; then classifier.
class VggSmall : public Network {
public:
    VggSmall(const InputShape& shape, std::int64_t classes, Nonlinearity nonlinearity,
             Initializer& initializer)
        : m_nonlinearity(nonlinearity) {
        m_features = register_module("features", std::make_shared<torch::nn::Module>());
        std::int64_t in = shape.channels;
        std::int64_t position = 0;
        for (std::size_t i = 0; i < std::size(kWidths); ++i) {
            const bool pooled = i % 2 == 1;
            addStage(in, kWidths[i], pooled, position, initializer);
            position += pooled ? 4 : 3;
            in = kWidths[i];
        }
        const std::int64_t features = in * (shape.height / 8) * (shape.width / 8);
        m_classifier =
            register_module("classifier", std::make_shared<Linear>(features, classes, initializer));
    }

    torch::Tensor forward(torch::Tensor images) override {
        torch::Tensor x = std::move(images);
        for (auto& stage : m_stages) {
            x = stage.convolution->forward(x);
            if (stage.pooled) x = torch::max_pool2d(x, 2);
            x = activateInPlace(m_nonlinearity, stage.norm->forward(x));
        }
        return m_classifier->forward(x.flatten(1));
    }

    std::vector<NamedSite> sites() override { return collectSites(*this); }

private:
    struct Stage {
        std::shared_ptr<Convolution> convolution;
        torch::nn::BatchNorm2d norm;
        bool pooled;
    };

    void addStage(std::int64_t in, std::int64_t out, bool pooled, std::int64_t position,
                  Initializer& initializer) {
        auto convolution = std::make_shared<Convolution>(ConvolutionShape{in, out, 3, 1, 1}, initializer);
        torch::nn::BatchNorm2d norm(out);
        m_features->register_module(std::to_string(position), convolution);
        m_features->register_module(std::to_string(position + (pooled ? 2 : 1)), norm);
        m_stages.push_back({std::move(convolution), std::move(norm), pooled});
    }

    Nonlinearity m_nonlinearity;
    std::shared_ptr<torch::nn::Module> m_features;
    std::vector<Stage> m_stages;
    std::shared_ptr<Linear> m_classifier;
};

} // namespace

NetworkEntry vggSmallEntry() {
    NetworkEntry entry;
    entry.schema.id = kId;
    entry.schema.title = "VGG-small";
    entry.schema.help =
        "Six 3 x 3 convolutions (128 to 512 channels) with batch norm, three pools, one linear layer.";
    entry.schema.source = "LQ-Nets (Zhang et al. 2018), cifar10-vgg-small.py";
    entry.schema.options = {nonlinearityOption()};
    entry.make = [](const InputShape& shape, std::int64_t classes, const Options& options,
                    std::uint64_t seed) -> std::shared_ptr<Network> {
        requireInput(kId, shape, classes, kSmallestSide);
        Initializer initializer(seed);
        return std::make_shared<VggSmall>(shape, classes, nonlinearityOf(options), initializer);
    };
    return entry;
}

} // namespace quantarium::nn
