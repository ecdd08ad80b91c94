// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/building_blocks.h"
#include "core/nn/entries.h"

namespace quantarium::nn {

namespace {

constexpr std::int64_t kSmallestSide = 32; ///< leaves 1 x 1 maps after five pools
constexpr std::int64_t kPool = 0;          ///< in a list of widths: a 2x2 max pool instead of a convolution
constexpr std::int64_t kLargeHidden = 4096;
constexpr std::int64_t kSmallHidden = 512;
constexpr double kWidestHidden = 16384;

/// What an entry's options and the images' size amount to.
struct Design {
    std::vector<std::int64_t> widths; ///< output channels of each 3x3 convolution, and pools
    bool batchNorm = false;
    std::int64_t side = 7; ///< of the map that the first linear layer gets, by average pooling
    std::int64_t hidden = kLargeHidden;
    double dropout = 0;
    LinearStart start = LinearStart::Uniform;
    Nonlinearity nonlinearity = Nonlinearity::Relu;
};

/// 3x3 convolutions with bias, each followed by ReLU (by batch norm and ReLU with the option), max pools
/// between, average pooling to 7x7, three linear layers with ReLU and dropout between.
///
/// Simonyan, Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition", table 1,
/// configuration D, as torchvision builds it. Parameter names are torchvision's: features.N counts
/// convolutions, norms, ReLUs and pools; classifier.{0,3,6} counts linear layers, ReLUs and dropouts. In the
/// CIFAR form the average pool leaves 1x1 and the hidden linear layers have 512 neurons.
class Vgg : public Network {
public:
    Vgg(const Design& design, std::int64_t channels, std::int64_t classes, Initializer& initializer)
        : m_side(design.side), m_nonlinearity(design.nonlinearity) {
        const auto features = register_module("features", std::make_shared<torch::nn::Module>());
        std::int64_t in = channels;
        std::int64_t position = 0;
        for (const std::int64_t width : design.widths) {
            if (width == kPool) {
                m_stages.back().pools += 1;
                position += 1;
                continue;
            }
            addConvolution(*features, position, {in, width, 3, 1, 1, /*bias=*/true}, design.batchNorm,
                           initializer);
            position += design.batchNorm ? 3 : 2;
            in = width;
        }
        addClassifier(in * m_side * m_side, classes, design, initializer);
    }

    torch::Tensor forward(torch::Tensor images) override {
        torch::Tensor x = std::move(images);
        for (auto& stage : m_stages) {
            x = stage.convolution->forward(x);
            x = stage.norm ? activateInPlace(m_nonlinearity, stage.norm->forward(x))
                           : activate(m_nonlinearity, x);
            for (int i = 0; i < stage.pools; ++i)
                x = torch::max_pool2d(x, 2);
        }
        x = torch::adaptive_avg_pool2d(x, {m_side, m_side}).flatten(1);
        for (std::size_t i = 0; i + 1 < m_linear.size(); ++i) {
            x = activate(m_nonlinearity, m_linear[i]->forward(x));
            if (!m_dropouts.empty()) x = m_dropouts[i]->forward(x);
        }
        return m_linear.back()->forward(x);
    }

    std::vector<NamedSite> sites() override { return collectSites(*this); }

private:
    struct Stage {
        std::shared_ptr<Convolution> convolution;
        torch::nn::BatchNorm2d norm{nullptr};
        int pools = 0; ///< after it
    };

    void addConvolution(torch::nn::Module& features, std::int64_t position, const ConvolutionShape& shape,
                        bool batchNorm, Initializer& initializer) {
        Stage stage;
        stage.convolution = features.register_module(std::to_string(position),
                                                     std::make_shared<Convolution>(shape, initializer));
        if (batchNorm)
            stage.norm =
                features.register_module(std::to_string(position + 1), torch::nn::BatchNorm2d(shape.out));
        m_stages.push_back(std::move(stage));
    }

    void addClassifier(std::int64_t in, std::int64_t classes, const Design& design,
                       Initializer& initializer) {
        const auto classifier = register_module("classifier", std::make_shared<torch::nn::Module>());
        std::int64_t position = 0;
        for (const std::int64_t out : {design.hidden, design.hidden, classes}) {
            m_linear.push_back(classifier->register_module(
                std::to_string(position), std::make_shared<Linear>(in, out, initializer, design.start)));
            in = out;
            position += 3; // a ReLU and a dropout between
        }
        if (design.dropout == 0) return;
        for (const char* name : {"2", "5"})
            m_dropouts.push_back(classifier->register_module(
                name, std::make_shared<Dropout>(design.dropout, initializer.seed(),
                                                std::string("classifier.") + name)));
    }

    std::int64_t m_side;
    Nonlinearity m_nonlinearity;
    std::vector<Stage> m_stages;
    std::vector<std::shared_ptr<Linear>> m_linear;
    std::vector<std::shared_ptr<Dropout>> m_dropouts; ///< none without dropout
};

Design designFor(std::vector<std::int64_t> widths, const InputShape& shape, const Options& options) {
    Design design;
    design.widths = std::move(widths);
    design.batchNorm = options.boolean("batch_norm");
    design.dropout = options.real("dropout");
    design.nonlinearity = nonlinearityOf(options);
    if (isImageNetForm(options, shape)) {
        design.start = LinearStart::SmallNormal;
    } else {
        design.side = 1;
        design.hidden = kSmallHidden;
    }
    design.hidden = options.optionalInteger("hidden").value_or(design.hidden);
    return design;
}

NetworkEntry vggEntry(EntrySchema schema, std::vector<std::int64_t> widths) {
    NetworkEntry entry;
    entry.schema = std::move(schema);
    entry.schema.options = {
        OptionSpec::boolean("batch_norm", "Batch norm", false,
                            "A batch norm after each convolution, for training from scratch.")
            .withSource("torchvision, vgg16_bn"),
        formOption("imagenet averages the last maps to 7 x 7 and has 4096 neurons in each hidden linear "
                   "layer; cifar averages to 1 x 1 and has 512."),
        OptionSpec::integer("hidden", "Hidden neurons", kLargeHidden, 1, kWidestHidden,
                            "Neurons of the two hidden linear layers; by default as the form says.")
            .orNull(),
        OptionSpec::real("dropout", "Dropout", 0.5, 0, 0.95,
                         "Probability of dropping a hidden linear layer's output; 0: none.")
            .withSource("Simonyan and Zisserman 2015, section 3.1"),
        nonlinearityOption()};
    entry.make = [id = entry.schema.id, widths = std::move(widths)](
                     const InputShape& shape, std::int64_t classes, const Options& options,
                     std::uint64_t seed) -> std::shared_ptr<Network> {
        requireInput(id, shape, classes, kSmallestSide);
        Initializer initializer(seed);
        return std::make_shared<Vgg>(designFor(widths, shape, options), shape.channels, classes, initializer);
    };
    return entry;
}

} // namespace

NetworkEntry vgg16Entry() {
    return vggEntry(
        {.id = "vgg16",
         .title = "VGG-16",
         .help = "Thirteen 3 x 3 convolutions (64 to 512 channels), five pools, three linear layers.",
         .source = "Simonyan and Zisserman 2015, configuration D",
         .options = {}},
        {64, 64, kPool, 128, 128, kPool, 256, 256, 256, kPool, 512, 512, 512, kPool, 512, 512, 512, kPool});
}

// Chen et al. 2021, "Quantization of Deep Neural Networks for Accurate Edge Computing" (JETC), section 3.2.1,
// leaves open what becomes of the removed stages' pools and of the linear layers. Here all five pools stay,
// because the paper's figure 2 has the third stage at 56 x 56, and so do the linear layers.

NetworkEntry vgg16FiveConvEntry() {
    return vggEntry(
        {.id = "vgg16-5conv",
         .title = "VGG-16, 5 convolutions",
         .help = "VGG-16 without its second, fourth and fifth stage, the third at half its width.",
         .source = "JETC, section 3.2.1",
         .options = {}},
        {64, 64, kPool, kPool, 128, 128, 128, kPool, kPool, kPool});
}

NetworkEntry vgg16EightConvEntry() {
    return vggEntry(
        {.id = "vgg16-8conv",
         .title = "VGG-16, 8 convolutions",
         .help = "VGG-16 without its second and fifth stage, the others but the first at half width.",
         .source = "JETC, section 3.2.1",
         .options = {}},
        {64, 64, kPool, kPool, 128, 128, 128, kPool, 256, 256, 256, kPool, kPool});
}

} // namespace quantarium::nn
