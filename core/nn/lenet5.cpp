// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/building_blocks.h"
#include "core/nn/entries.h"

namespace quantarium::nn {

namespace {

constexpr const char* kId = "lenet5";
constexpr std::int64_t kPaperSide = 32;    ///< LeCun et al. pad their 28 x 28 digits to 32 x 32
constexpr std::int64_t kSmallestSide = 12; ///< leaves 1 x 1 maps before fc1

/// conv 5x5 6 -> pool -> conv 5x5 16 -> pool -> 120 -> 84 -> logits.
///
/// LeCun, Bottou, Bengio, Haffner 1998, "Gradient-Based Learning Applied to Document Recognition", section
/// II.B, in the form in use today: full connection in the second convolution, ReLU and max pooling instead of
/// tanh and trained subsampling, a linear layer instead of radial basis functions. Images with a side below
/// 32 are padded by 2 in the first convolution, which gives 28 x 28 digits the paper's map sizes.
class LeNet5 : public Network {
public:
    LeNet5(const InputShape& shape, std::int64_t classes, Nonlinearity nonlinearity, Initializer& initializer)
        : m_nonlinearity(nonlinearity) {
        const std::int64_t padding = shape.height < kPaperSide || shape.width < kPaperSide ? 2 : 0;
        const auto mapSide = [padding](std::int64_t side) { return ((side + 2 * padding - 4) / 2 - 4) / 2; };
        const std::int64_t features = 16 * mapSide(shape.height) * mapSide(shape.width);
        m_conv1 = register_module(
            "conv1", std::make_shared<Convolution>(ConvolutionShape{shape.channels, 6, 5, 1, padding, true},
                                                   initializer));
        m_conv2 = register_module(
            "conv2", std::make_shared<Convolution>(ConvolutionShape{6, 16, 5, 1, 0, true}, initializer));
        m_fc1 = register_module("fc1", std::make_shared<Linear>(features, 120, initializer));
        m_fc2 = register_module("fc2", std::make_shared<Linear>(120, 84, initializer));
        m_fc3 = register_module("fc3", std::make_shared<Linear>(84, classes, initializer));
    }

    torch::Tensor forward(torch::Tensor images) override {
        torch::Tensor x = torch::max_pool2d(activate(m_nonlinearity, m_conv1->forward(images)), 2);
        x = torch::max_pool2d(activate(m_nonlinearity, m_conv2->forward(x)), 2);
        x = activate(m_nonlinearity, m_fc1->forward(x.flatten(1)));
        return m_fc3->forward(activate(m_nonlinearity, m_fc2->forward(x)));
    }

    std::vector<NamedSite> sites() override { return collectSites(*this); }

private:
    Nonlinearity m_nonlinearity;
    std::shared_ptr<Convolution> m_conv1, m_conv2;
    std::shared_ptr<Linear> m_fc1, m_fc2, m_fc3;
};

} // namespace

NetworkEntry lenet5Entry() {
    NetworkEntry entry;
    entry.schema.id = kId;
    entry.schema.title = "LeNet-5";
    entry.schema.help = "Two convolutions (6, 16) and three fully connected layers (120, 84, classes).";
    entry.schema.source = "LeCun et al. 1998, section II.B, with ReLU and max pooling";
    entry.schema.options = {nonlinearityOption()};
    entry.make = [](const InputShape& shape, std::int64_t classes, const Options& options,
                    std::uint64_t seed) -> std::shared_ptr<Network> {
        requireInput(kId, shape, classes, kSmallestSide);
        Initializer initializer(seed);
        return std::make_shared<LeNet5>(shape, classes, nonlinearityOf(options), initializer);
    };
    return entry;
}

} // namespace quantarium::nn
