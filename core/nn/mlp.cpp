// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/nn/building_blocks.h"
#include "core/nn/entries.h"

namespace quantarium::nn {

namespace {

constexpr const char* kId = "mlp";
constexpr std::size_t kMostLayers = 32;
constexpr double kLargestWidth = 16384;
constexpr std::int64_t kMostParameters = 500'000'000; ///< refused before any memory is taken for them

/// fc1 -> ReLU -> fc2 -> ReLU -> … -> logits, on the flattened image.
class Mlp : public Network {
public:
    Mlp(std::int64_t inputs, const std::vector<std::int64_t>& widths, std::int64_t classes,
        Nonlinearity nonlinearity, Initializer& initializer)
        : m_nonlinearity(nonlinearity) {
        for (const std::int64_t width : widths) {
            addLayer(inputs, width, initializer);
            inputs = width;
        }
        addLayer(inputs, classes, initializer);
    }

    torch::Tensor forward(torch::Tensor images) override {
        torch::Tensor x = images.flatten(1);
        for (std::size_t i = 0; i + 1 < m_layers.size(); ++i)
            x = activate(m_nonlinearity, m_layers[i]->forward(x));
        return m_layers.back()->forward(x);
    }

    std::vector<NamedSite> sites() override { return collectSites(*this); }

private:
    void addLayer(std::int64_t in, std::int64_t out, Initializer& initializer) {
        const std::string name = "fc" + std::to_string(m_layers.size() + 1);
        m_layers.push_back(register_module(name, std::make_shared<Linear>(in, out, initializer)));
    }

    Nonlinearity m_nonlinearity;
    std::vector<std::shared_ptr<Linear>> m_layers;
};

std::int64_t countParameters(std::int64_t inputs, const std::vector<std::int64_t>& widths,
                             std::int64_t classes) {
    std::int64_t parameters = 0;
    for (const std::int64_t width : widths) {
        parameters += (inputs + 1) * width;
        inputs = width;
    }
    return parameters + (inputs + 1) * classes;
}

std::shared_ptr<Network> makeMlp(const InputShape& shape, std::int64_t classes, const Options& options,
                                 std::uint64_t seed) {
    requireInput(kId, shape, classes, 1);
    const auto widths = options.integers("widths");
    if (widths.size() > kMostLayers)
        throw Error(ErrorKind::Config,
                    std::to_string(widths.size()) + " hidden layers; at most " + std::to_string(kMostLayers) +
                        " are allowed",
                    "network.options.widths");
    const std::int64_t inputs = shape.channels * shape.height * shape.width;
    const auto parameters = countParameters(inputs, widths, classes);
    if (parameters > kMostParameters)
        throw Error(ErrorKind::Config,
                    "this network would have " + std::to_string(parameters) + " parameters; at most " +
                        std::to_string(kMostParameters) + " are allowed",
                    "network.options.widths", "Choose fewer or narrower layers.");
    Initializer initializer(seed);
    return std::make_shared<Mlp>(inputs, widths, classes, nonlinearityOf(options), initializer);
}

} // namespace

NetworkEntry mlpEntry() {
    NetworkEntry entry;
    entry.schema.id = kId;
    entry.schema.title = "MLP";
    entry.schema.help =
        "Fully connected layers with ReLU between them; 784-256-256-10 on 28 x 28 images of ten classes.";
    entry.schema.options = {
        OptionSpec::integerList(
            "widths", "Hidden widths", {256, 256}, 1, kLargestWidth,
            "Neurons of each hidden layer, from the input on; an empty list gives a linear classifier."),
        nonlinearityOption()};
    entry.make = makeMlp;
    return entry;
}

} // namespace quantarium::nn
