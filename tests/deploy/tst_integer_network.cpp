// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <ATen/Parallel.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "core/base/error.h"
#include "core/deploy/integer_builder.h"
#include "core/train/evaluation.h"
#include "core/train/resolve.h"
#include "core/train/session.h"
#include "core/train/shaken_rounding.h"
#include "core/train/training_step.h"
#include "tests/support/compare.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using namespace quantarium::deploy;
using namespace quantarium::testing;

namespace {

constexpr std::int64_t kImages = 100;

RunConfig configOf(const std::string& network, std::int64_t bits, const std::string& form = "symmetric") {
    RunConfig config = smallRun("integer", bits);
    config.network.id = network;
    config.weights.options = {{"form", form}};
    config.activations.method = "minmax";
    config.activations.bits = bits;
    config.activations.options = {{"decay", 0.8}}; // a few steps find the ranges
    config.training.batch = 32;
    return config;
}

train::Session sessionOf(const RunConfig& config) {
    at::set_num_threads(2);
    const auto& registries = train::Registries::builtin();
    return train::openSession(train::resolve(config, registries), registries);
}

/// A few steps, so that ranges, running statistics and classes are more than chance.
void trainSteps(train::Session& session, std::int64_t steps) {
    session.network->train();
    session.optimizer->setLearningRate(0.02);
    const auto sum = session.task->newSum();
    const auto loader = session.loader(session.splits.train, train::LoaderUse::Train);
    for (std::int64_t epoch = 0, step = 0; step < steps; ++epoch) {
        loader->start(epoch);
        while (auto batch = step < steps ? loader->next() : std::nullopt) {
            train::trainingStep(session, *batch, *sum);
            ++step;
        }
    }
    train::reestimateBatchNorm(session, 4);
}

std::vector<QuantizedLayerParts> partsOf(const train::Session& session) {
    std::vector<QuantizedLayerParts> parts;
    for (const auto& layer : session.layers)
        parts.push_back({layer.node.layer, layer.quantizer.get(), layer.activation.get()});
    return parts;
}

nn::InputShape shapeOf(const train::Session& session) {
    const auto image = session.splits.test->imageShape();
    return {image[0], image[1], image[2]};
}

IntegerNetwork integerOf(train::Session& session) {
    return buildIntegerNetwork(*session.network, shapeOf(session), partsOf(session));
}

torch::Tensor testImages(const train::Session& session, std::int64_t count) {
    const auto loader = session.loader(session.splits.test, train::LoaderUse::Evaluate);
    loader->start(0);
    return loader->next()->images.narrow(0, 0, count).contiguous();
}

/// What evaluation computes.
torch::Tensor simulated(train::Session& session, const torch::Tensor& images) {
    const torch::NoGradGuard guard;
    session.network->eval();
    session.materialize(quant::Mode::Eval);
    return session.network->forward(images);
}

/// Negative and vanishing scales, which training seldom brings about in a few steps.
void turnSomeChannels(nn::Network& network) {
    const torch::NoGradGuard guard;
    for (auto& item : network.named_modules())
        if (auto* norm = item.value()->as<torch::nn::BatchNorm2d>()) {
            norm->weight.narrow(0, 0, norm->weight.size(0) / 3).neg_();
            norm->weight[-1] = 0;
        }
}

/// The distance of the largest logit to the next one.
torch::Tensor margins(const torch::Tensor& logits) {
    const auto best = std::get<0>(logits.topk(2, 1));
    return best.select(1, 0) - best.select(1, 1);
}

/// Keeps what another transform makes of a layer's input.
class Probe : public nn::SiteTransform {
public:
    explicit Probe(std::shared_ptr<nn::SiteTransform> probed) : m_probed(std::move(probed)) {}
    torch::Tensor before(const torch::Tensor& input) override { return m_rounded = m_probed->before(input); }
    const torch::Tensor& rounded() const { return m_rounded; }

private:
    std::shared_ptr<nn::SiteTransform> m_probed;
    torch::Tensor m_rounded;
};

/// What evaluation computes when each value is moved by up to `reach` of a step before it is rounded.
torch::Tensor shaken(train::Session& session, const torch::Tensor& images, double reach) {
    const train::ShakenRounding shaken(session, reach, 5);
    return simulated(session, images);
}

double rms(const torch::Tensor& tensor) {
    return tensor.to(torch::kFloat64).square().mean().sqrt().item<double>();
}

/// A convolution and a linear layer, and what a test puts between.
class SmallNetwork : public nn::Network {
public:
    using Between = std::function<torch::Tensor(const torch::Tensor&)>;
    explicit SmallNetwork(Between between) : m_between(std::move(between)) {
        m_convolution = register_module(
            "conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 4, 3).padding(1).bias(false)));
        m_linear = register_module("fc", torch::nn::Linear(4, 3));
    }
    torch::Tensor forward(torch::Tensor images) override {
        return torch::linear(m_between(m_convolution->forward(images)), m_linear->weight, m_linear->bias);
    }
    std::vector<nn::NamedSite> sites() override { return {}; }

private:
    Between m_between;
    torch::nn::Conv2d m_convolution{nullptr};
    torch::nn::Linear m_linear{nullptr};
};

/// A grid for tests, whatever the images.
class FixedGrid : public quant::ActivationQuantizer {
public:
    std::optional<quant::ActivationGrid> grid() const override {
        return quant::ActivationGrid{.05, 128, 255};
    }
};

/// The integer network of a SmallNetwork; returns the error's text, or nothing.
std::string problemOf(SmallNetwork& network) {
    FixedGrid grid;
    std::vector<std::unique_ptr<quant::WeightQuantizer>> quantizers;
    std::vector<QuantizedLayerParts> parts;
    const auto& method = quant::builtinWeightMethods().at("integer", "test");
    for (const auto& item : network.named_parameters()) {
        if (!item.key().ends_with(".weight")) continue;
        quant::QuantizerArguments arguments;
        arguments.parameter = item.value();
        arguments.layer.name = item.key();
        arguments.layer.shape = item.value().sizes().vec();
        arguments.bits = 8;
        arguments.options = Options::validated(method.schema.options, Json::object(), "test");
        quantizers.push_back(method.make(arguments));
        parts.push_back({item.key().substr(0, item.key().rfind('.')), quantizers.back().get(), &grid});
    }
    try {
        buildIntegerNetwork(network, {1, 8, 8}, parts);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

} // namespace

class TestIntegerNetwork : public QObject {
    Q_OBJECT

private slots:
    void agreesWithEvaluation_data();
    void agreesWithEvaluation();
    void layersGetTheCodesOfEvaluation_data();
    void layersGetTheCodesOfEvaluation();
    void oneLayerIsExactButForItsBias();
    void leavesTheNetworkAsItWas();
    void layersThatStayFloatAreNamed();
    void aDelayLongerThanTheRunIsNamed();
    void unknownOperationsAreNamed();
    void otherImagesAreRefused();
};

void TestIntegerNetwork::agreesWithEvaluation_data() {
    QTest::addColumn<QString>("network");
    QTest::addColumn<int>("bits");
    QTest::addColumn<QString>("form");
    QTest::addColumn<int>("steps");
    QTest::addColumn<int>("images");
    QTest::addColumn<int>("limit"); // steps of a b-bit grid over the logits' range
    QTest::newRow("lenet5, 8 bits") << "lenet5" << 8 << "symmetric" << 40 << 100 << 3;
    QTest::newRow("lenet5, 8 bits, affine") << "lenet5" << 8 << "affine" << 40 << 100 << 3;
    QTest::newRow("lenet5, 4 bits") << "lenet5" << 4 << "symmetric" << 40 << 100 << 3;
    QTest::newRow("vgg-small, 8 bits") << "vgg-small" << 8 << "symmetric" << 6 << 20 << 10;
    QTest::newRow("resnet20, 8 bits") << "resnet20" << 8 << "symmetric" << 40 << 100 << 10;
    QTest::newRow("resnet20, 8 bits, affine") << "resnet20" << 8 << "affine" << 40 << 100 << 10;
    QTest::newRow("resnet20, 4 bits") << "resnet20" << 4 << "symmetric" << 40 << 100 << 10;
    // So short a training leaves this network's logits in the range of what rounding does to them.
    QTest::newRow("mobilenet-v2, 8 bits") << "mobilenet-v2" << 8 << "symmetric" << 10 << 20 << 100;
}

/// Evaluation and the integer network have the same weights and, at the first layer, the same codes. They can
/// differ by
///   - half a unit S_w S_x of each bias, 2^-31 of each factor, and float32's own rounding: far below a step;
///   - the second rounding of a requantization: gemmlowp rounds the product and then the shift by n, which
///     moves a sum within 2^-(n+1) of the border between two codes across it. One step, at a small share of
///     the inputs, of either sign.
/// One code that is off moves all sums it goes into by a part of a step, so that more codes are off in the
/// next layer, until the difference is of the size of rounding itself. How far that goes is the network's
/// affair and can be measured without any integer: evaluation is repeated with every value moved by a random
/// part of a step, up to 2^-7 (2^-4 at 4 bits, where n is smaller), before it is rounded. The integer network
/// must stay within twice that, on average, and within six times that average everywhere; and within a few
/// steps of the logits' own grid. What is wrong in structure, folding or rounding is off by far more.
void TestIntegerNetwork::agreesWithEvaluation() {
    QFETCH(QString, network);
    QFETCH(int, bits);
    QFETCH(QString, form);
    QFETCH(int, steps);
    QFETCH(int, images);
    QFETCH(int, limit);
    auto session = sessionOf(configOf(network.toStdString(), bits, form.toStdString()));
    turnSomeChannels(*session.network);
    trainSteps(session, steps);
    const auto batch = testImages(session, images);
    const auto expected = simulated(session, batch);
    const double spread = rms(shaken(session, batch, bits == 8 ? 0x1p-7 : 0x1p-4) - expected);
    const auto integers = integerOf(session);
    const auto actual = integers.forward(batch).to(torch::kFloat32) * integers.logitScale();
    const double step = (expected.max() - expected.min()).item<double>() / ((1 << bits) - 1);
    QVERIFY(step > 0 && spread > 0);
    QVERIFY2(rms(actual - expected) <= 2 * spread,
             qPrintable(QString("%1 > 2 x %2").arg(rms(actual - expected)).arg(spread)));
    QVERIFY_SAME(difference(actual, expected, std::min(6 * 2 * spread, limit * step)));
    const auto clear = margins(expected) > 6 * spread;
    const auto same = actual.argmax(1) == expected.argmax(1);
    QVERIFY(same.logical_and(clear).sum().item<double>() >= .99 * clear.sum().item<double>());
    if (network != "mobilenet-v2" && bits == 8) QVERIFY(clear.sum().item<int>() >= images / 3);
}

void TestIntegerNetwork::layersGetTheCodesOfEvaluation_data() {
    QTest::addColumn<QString>("network");
    for (const char* network : {"lenet5", "resnet20", "vgg-small"})
        QTest::newRow(network) << network;
}

/// Layer by layer: the codes that the layers get are those that evaluation rounds to. The first layer's are
/// the same, the second layer's differ by the second rounding alone, and further on by no more than rounding
/// does.
void TestIntegerNetwork::layersGetTheCodesOfEvaluation() {
    QFETCH(QString, network);
    auto session = sessionOf(configOf(network.toStdString(), 8));
    turnSomeChannels(*session.network);
    trainSteps(session, network == "vgg-small" ? 3 : 20);
    const auto image = testImages(session, 1);
    std::map<std::string, std::shared_ptr<Probe>> probes;
    for (auto& named : session.network->sites()) {
        probes[named.layer] = std::make_shared<Probe>(named.site->transform());
        named.site->attach(probes[named.layer]);
    }
    simulated(session, image);
    const auto integers = integerOf(session);
    auto inputs = integers.layerInputs({image.data_ptr<float>(), std::size_t(image.numel())});
    QCOMPARE(inputs.size(), session.layers.size());
    for (std::size_t i = 0; i < session.layers.size(); ++i) {
        const auto& name = session.layers[i].node.layer;
        const auto grid = *session.layers[i].activation->grid();
        const auto expected = (probes.at(name)->rounded() / grid.step).round() + double(grid.zeroPoint);
        auto& codes = inputs.at(name);
        const auto actual = torch::from_blob(codes.data(), expected.sizes(), torch::kUInt8);
        const auto off = (actual - expected).abs();
        const double share = (off > 0).to(torch::kFloat64).mean().item<double>();
        const double most = off.max().item<double>();
        if (i == 0) QCOMPARE(most, 0.0);
        if (i == 1) QVERIFY2(most <= 1 && share < .01, qPrintable(QString::number(share)));
        QVERIFY2(rms(off) <= 2, name.c_str());
    }
}

/// One linear layer: its codes are those of evaluation and its products exact, so only the bias is rounded.
void TestIntegerNetwork::oneLayerIsExactButForItsBias() {
    auto config = configOf("mlp", 8);
    config.network.options = {{"widths", Json::array()}};
    auto session = sessionOf(config);
    trainSteps(session, 10);
    const auto batch = testImages(session, kImages);
    const auto integers = integerOf(session);
    const auto actual = integers.forward(batch).to(torch::kFloat64) * integers.logitScale();
    const auto expected = simulated(session, batch).to(torch::kFloat64);
    // float32 sums of 768 products err by 1e-5 of the logits' size at most
    const double rounding = 1e-5 * expected.abs().max().item<double>();
    QVERIFY_SAME(difference(actual, expected, .5 * integers.logitScale() + rounding));
}

void TestIntegerNetwork::leavesTheNetworkAsItWas() {
    auto session = sessionOf(configOf("lenet5", 8));
    trainSteps(session, 5);
    const auto batch = testImages(session, 10);
    const auto before = simulated(session, batch);
    const auto first = integerOf(session).forward(batch);
    QVERIFY_SAME(bitDifference(simulated(session, batch), before)); // sites and mode are back
    QVERIFY_SAME(bitDifference(integerOf(session).forward(batch), first));
    at::set_num_threads(1);
    QVERIFY_SAME(bitDifference(integerOf(session).forward(batch), first)); // threads don't matter
}

void TestIntegerNetwork::layersThatStayFloatAreNamed() {
    auto config = configOf("lenet5", 8);
    config.weights.overrides = {{"conv2", Json{{"method", "minmax"}}}};
    config.activations.policy = "skip-first-last";
    auto session = sessionOf(config);
    trainSteps(session, 2);
    try {
        integerOf(session);
        QFAIL("not refused");
    } catch (const Error& error) {
        const std::string text = error.what();
        QVERIFY2(text.find("no integer weights: conv2;") != std::string::npos, text.c_str());
        QVERIFY2(text.find("no integer inputs: conv1, fc3") != std::string::npos, text.c_str());
    }
}

void TestIntegerNetwork::aDelayLongerThanTheRunIsNamed() {
    auto config = configOf("lenet5", 8);
    config.activations.options["delay"] = 100;
    auto session = sessionOf(config);
    trainSteps(session, 2);
    try {
        integerOf(session);
        QFAIL("not refused");
    } catch (const Error& error) {
        const std::string text = error.what();
        QVERIFY2(text.find("compute with integers; no integer inputs: conv1") != std::string::npos,
                 text.c_str());
        QVERIFY2(text.find("a delay of minmax shorter than the run") != std::string::npos, text.c_str());
    }
}

void TestIntegerNetwork::unknownOperationsAreNamed() {
    const auto mean = [](const torch::Tensor& x) { return x.mean({2, 3}); };
    SmallNetwork plain(mean);
    QVERIFY2(problemOf(plain).empty(), problemOf(plain).c_str());
    SmallNetwork bent([&](const torch::Tensor& x) { return mean(torch::sigmoid(x)); });
    QVERIFY2(problemOf(bent).find("aten::sigmoid") != std::string::npos, problemOf(bent).c_str());
    const auto ones = torch::ones({4});
    SmallNetwork late([&](const torch::Tensor& x) {
        return mean(torch::batch_norm(torch::relu(x), ones, ones, ones, ones, false, .1, 1e-5, false));
    });
    QVERIFY2(problemOf(late).find("aten::batch_norm") != std::string::npos, problemOf(late).c_str());
    SmallNetwork uneven([&](const torch::Tensor& x) { return mean(torch::adaptive_avg_pool2d(x, {5, 5})); });
    QVERIFY2(problemOf(uneven).find("windows of different sizes") != std::string::npos,
             problemOf(uneven).c_str());
}

void TestIntegerNetwork::otherImagesAreRefused() {
    auto session = sessionOf(configOf("lenet5", 8));
    trainSteps(session, 2);
    const auto integers = integerOf(session);
    QVERIFY_THROWS_EXCEPTION(Error, integers.forward(torch::zeros({1, 3, 16, 12})));
    QVERIFY_THROWS_EXCEPTION(Error, integers.forward(torch::zeros({3, 16, 16})));
    QCOMPARE(integers.forward(torch::zeros({0, 3, 16, 16})).size(0), std::int64_t{0});
}

QTEST_GUILESS_MAIN(TestIntegerNetwork)
#include "tst_integer_network.moc"
