// SPDX-License-Identifier: GPL-3.0-or-later
#include <set>

#include <torch/types.h>

#include <QTest>

#include "core/base/error.h"
#include "core/nn/building_blocks.h"
#include "core/nn/layer_graph.h"
#include "tests/nn/built_network.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::nn;

namespace {

using Names = std::set<std::string>;

void addNorm(Names& names, const std::string& layer) {
    for (const char* tensor : {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"})
        names.insert(layer + "." + tensor);
}

void addConvolutionAndNorm(Names& names, const std::string& convolution, const std::string& norm) {
    names.insert(convolution + ".weight");
    addNorm(names, norm);
}

void addWithBias(Names& names, const std::string& layer) {
    names.insert({layer + ".weight", layer + ".bias"});
}

Names stateNames(const Network& network) {
    Names names;
    for (const auto& item : network.named_parameters())
        names.insert(item.key());
    for (const auto& item : network.named_buffers())
        names.insert(item.key());
    return names;
}

/// The first name of either set that the other lacks; empty when they are equal.
std::string nameDifference(const Names& actual, const Names& expected) {
    for (const auto& name : actual)
        if (!expected.contains(name)) return name + " is not expected";
    for (const auto& name : expected)
        if (!actual.contains(name)) return name + " is missing";
    return {};
}

std::int64_t countParameters(const Network& network) {
    std::int64_t count = 0;
    for (const auto& parameter : network.parameters())
        count += parameter.numel();
    return count;
}

} // namespace

class TestLargeNetworks : public QObject {
    Q_OBJECT

private slots:
    void exactCounts_data();
    void exactCounts();
    void resnetNamesAreTorchvisions();
    void vggNamesAreTorchvisions();
    void mobilenetV2NamesAreTorchvisions();
    void mobilenetV1Names();
    void formFollowsTheImages();
    void imageNetFormsRefuseSmallImages_data();
    void imageNetFormsRefuseSmallImages();
    void graphMarksDepthwiseAndBatchNorm();
    void invertedResidualsAddTheirInput();
    void initialWeights();
    void dropoutKeepsItsShare();
    void dropoutPassesThroughInEvaluation();
    void dropoutGoesOnWhereItStopped();
    void dropoutOfZeroLeavesNothingBehind();
};

/// Counts of design's tables: those of torchvision's networks, and of the forms for 32 x 32 images.
void TestLargeNetworks::exactCounts_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<InputShape>("shape");
    QTest::addColumn<QString>("options");
    QTest::addColumn<qint64>("parameters");
    QTest::addColumn<qint64>("macs");
    const auto row = [](const char* title, const char* id, const InputShape& shape, const char* options,
                        qint64 parameters, qint64 macs) {
        QTest::newRow(title) << id << shape << options << parameters << macs;
    };
    row("resnet18", "resnet18", kImageNet, "{}", 11689512, 1814073344);
    row("resnet18 cifar", "resnet18", kCifar, "{}", 11173962, 555422720);
    row("resnet34", "resnet34", kImageNet, "{}", 21797672, 3663761408);
    row("resnet34 cifar", "resnet34", kCifar, "{}", 21282122, 1159402496);
    row("mobilenet-v1", "mobilenet-v1", kImageNet, "{}", 4231976, 568740352);
    row("mobilenet-v1 cifar", "mobilenet-v1", kCifar, "{}", 3217226, 46354432);
    row("mobilenet-v2", "mobilenet-v2", kImageNet, "{}", 3504872, 300774272);
    row("mobilenet-v2 cifar", "mobilenet-v2", kCifar, "{}", 2236682, 87976448);
    row("vgg16", "vgg16", kImageNet, "{}", 138357544, 15470264320);
    row("vgg16 batch norm", "vgg16", kImageNet, R"({"batch_norm": true})", 138365992, 15470264320);
    row("vgg16 cifar", "vgg16", kCifar, "{}", 15245130, 313725952);
    row("vgg16 cifar batch norm", "vgg16", kCifar, R"({"batch_norm": true})", 15253578, 313725952);
    row("vgg16-5conv", "vgg16-5conv", kImageNet, "{}", 46980264, 3139010560);
    row("vgg16-5conv 2048", "vgg16-5conv", kImageNet, R"({"hidden": 2048})", 19500200, 3111534592);
    row("vgg16-5conv cifar", "vgg16-5conv", kCifar, "{}", 741578, 63443968);
    row("vgg16-8conv", "vgg16-8conv", kImageNet, "{}", 74145704, 4320755712);
    row("vgg16-8conv 2048", "vgg16-8conv", kImageNet, R"({"hidden": 2048})", 33820584, 4280434688);
    row("vgg16-8conv cifar", "vgg16-8conv", kCifar, "{}", 2282442, 87102464);
}

void TestLargeNetworks::exactCounts() {
    QFETCH(QString, id);
    QFETCH(InputShape, shape);
    QFETCH(QString, options);
    QFETCH(qint64, parameters);
    QFETCH(qint64, macs);
    const std::int64_t classes = shape.height == kImageNet.height ? 1000 : 10;
    const auto network =
        make(id.toStdString(), shape, Json::parse(options.toStdString()), /*seed=*/1, classes);
    const LayerGraph graph = traceLayers(*network, shape);
    QCOMPARE(graph.parameters, parameters);
    QCOMPARE(graph.macs, macs);
    QCOMPARE(countParameters(*network), parameters);
    qint64 ofNodes = 0;
    for (const auto& node : graph.nodes)
        ofNodes += node.parameters;
    QCOMPARE(ofNodes, parameters);
    QCOMPARE(graph.nodes.back().outputShape, std::vector<std::int64_t>{classes});
}

void TestLargeNetworks::resnetNamesAreTorchvisions() {
    for (const auto& [id, blocks] :
         std::map<std::string, std::vector<int>>{{"resnet18", {2, 2, 2, 2}}, {"resnet34", {3, 4, 6, 3}}}) {
        Names expected;
        addConvolutionAndNorm(expected, "conv1", "bn1");
        for (int stage = 1; stage <= 4; ++stage)
            for (int i = 0; i < blocks[static_cast<std::size_t>(stage - 1)]; ++i) {
                const auto block = "layer" + std::to_string(stage) + "." + std::to_string(i) + ".";
                addConvolutionAndNorm(expected, block + "conv1", block + "bn1");
                addConvolutionAndNorm(expected, block + "conv2", block + "bn2");
                if (stage > 1 && i == 0)
                    addConvolutionAndNorm(expected, block + "downsample.0", block + "downsample.1");
            }
        addWithBias(expected, "fc");
        for (const char* form : {"imagenet", "cifar"})
            QVERIFY_SAME(nameDifference(stateNames(*make(id, kCifar, {{"form", form}})), expected));
    }
}

void TestLargeNetworks::vggNamesAreTorchvisions() {
    Names expected;
    for (const int i : {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28})
        addWithBias(expected, "features." + std::to_string(i));
    Names withNorms;
    for (const int i : {0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40}) {
        addWithBias(withNorms, "features." + std::to_string(i));
        addNorm(withNorms, "features." + std::to_string(i + 1));
    }
    for (const char* layer : {"classifier.0", "classifier.3", "classifier.6"}) {
        addWithBias(expected, layer);
        addWithBias(withNorms, layer);
    }
    // Dropout counts its masks: the only names that torchvision does not have.
    const Names counters{"classifier.2.num_batches_tracked", "classifier.5.num_batches_tracked"};
    expected.insert(counters.begin(), counters.end());
    QVERIFY_SAME(nameDifference(stateNames(*make("vgg16", kCifar)), expected));
    QVERIFY_SAME(nameDifference(stateNames(*make("vgg16", kCifar, {{"batch_norm", true}, {"dropout", 0}})),
                                withNorms));

    // torchvision's make_layers for the two smaller lists: two pools follow the second convolution
    const auto five = stateNames(*make("vgg16-5conv", kCifar));
    for (const char* name : {"features.2.weight", "features.6.weight", "features.8.bias", "features.10.bias"})
        QVERIFY2(five.contains(name), name);
    QVERIFY(!five.contains("features.13.weight"));
    const auto eight = stateNames(*make("vgg16-8conv", kCifar));
    for (const char* name :
         {"features.10.weight", "features.13.weight", "features.15.bias", "features.17.bias"})
        QVERIFY2(eight.contains(name), name);
}

void TestLargeNetworks::mobilenetV2NamesAreTorchvisions() {
    Names expected;
    addConvolutionAndNorm(expected, "features.0.0", "features.0.1");
    addConvolutionAndNorm(expected, "features.1.conv.0.0", "features.1.conv.0.1");
    addConvolutionAndNorm(expected, "features.1.conv.1", "features.1.conv.2");
    for (int i = 2; i <= 17; ++i) {
        const auto block = "features." + std::to_string(i) + ".conv.";
        addConvolutionAndNorm(expected, block + "0.0", block + "0.1");
        addConvolutionAndNorm(expected, block + "1.0", block + "1.1");
        addConvolutionAndNorm(expected, block + "2", block + "3");
    }
    addConvolutionAndNorm(expected, "features.18.0", "features.18.1");
    addWithBias(expected, "classifier.1");
    QVERIFY_SAME(nameDifference(stateNames(*make("mobilenet-v2", kCifar, {{"dropout", 0}})), expected));
    expected.insert("classifier.0.num_batches_tracked");
    QVERIFY_SAME(nameDifference(stateNames(*make("mobilenet-v2", kCifar)), expected));
}

void TestLargeNetworks::mobilenetV1Names() {
    Names expected;
    addConvolutionAndNorm(expected, "conv1", "bn1");
    for (int i = 0; i < 13; ++i) {
        const auto block = "layers." + std::to_string(i) + ".";
        addConvolutionAndNorm(expected, block + "conv1", block + "bn1");
        addConvolutionAndNorm(expected, block + "conv2", block + "bn2");
    }
    addWithBias(expected, "linear");
    QVERIFY_SAME(nameDifference(stateNames(*make("mobilenet-v1", kCifar)), expected));
}

void TestLargeNetworks::formFollowsTheImages() {
    const auto firstMap = [](const char* id, const InputShape& shape, const Json& options) {
        return traceLayers(*make(id, shape, options), shape).nodes.front().outputShape;
    };
    using Sizes = std::vector<std::int64_t>;
    QCOMPARE(firstMap("resnet18", {3, 64, 80}, {}), (Sizes{64, 32, 40}));
    QCOMPARE(firstMap("resnet18", {3, 63, 80}, {}), (Sizes{64, 63, 80}));
    QCOMPARE(firstMap("resnet18", kCifar, {{"form", "imagenet"}}), (Sizes{64, 16, 16}));
    QCOMPARE(firstMap("resnet18", {3, 64, 64}, {{"form", "cifar"}}), (Sizes{64, 64, 64}));
    QCOMPARE(firstMap("mobilenet-v1", {3, 64, 64}, {}), (Sizes{32, 32, 32}));
    QCOMPARE(firstMap("mobilenet-v1", {3, 64, 63}, {}), (Sizes{32, 64, 63}));
    QCOMPARE(firstMap("mobilenet-v2", {3, 64, 64}, {}), (Sizes{32, 32, 32}));
    QCOMPARE(firstMap("mobilenet-v2", {3, 63, 64}, {}), (Sizes{32, 63, 64}));

    const auto firstLinear = [](const InputShape& shape, const Json& options) {
        return make("vgg16-5conv", shape, options)->named_parameters()["classifier.0.weight"].sizes().vec();
    };
    QCOMPARE(firstLinear({3, 64, 64}, {{"hidden", 8}}), (Sizes{8, 128 * 49}));
    QCOMPARE(firstLinear({3, 63, 64}, {}), (Sizes{512, 128}));
    QCOMPARE(firstLinear(kCifar, {{"form", "imagenet"}, {"hidden", 8}}), (Sizes{8, 128 * 49}));
    QVERIFY_EXCEPTION_THROWN(make("resnet18", kCifar, {{"form", "large"}}), Error);
}

void TestLargeNetworks::imageNetFormsRefuseSmallImages_data() {
    QTest::addColumn<QString>("id");
    for (const char* id : {"resnet18", "resnet34", "mobilenet-v1", "mobilenet-v2"})
        QTest::newRow(id) << id;
}

void TestLargeNetworks::imageNetFormsRefuseSmallImages() {
    QFETCH(QString, id);
    const Json options{{"form", "imagenet"}};
    const auto network = make(id.toStdString(), kCifar, options);
    QCOMPARE(network->forward(images(2, kCifar)).sizes().vec(), (std::vector<std::int64_t>{2, 10}));
    try {
        make(id.toStdString(), {3, 31, 40}, options);
        QFAIL("no error");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Config);
        QVERIFY2(error.problem().find("32 x 32") != std::string::npos, error.what());
    }
}

void TestLargeNetworks::graphMarksDepthwiseAndBatchNorm() {
    struct Expected {
        std::string id;
        Json options;
        int convolutions;
        int depthwise;
        int linear;
        int followed; ///< by batch norm
    };
    for (const auto& expected : std::vector<Expected>{{"resnet18", {}, 20, 0, 1, 20},
                                                      {"resnet18", {{"form", "imagenet"}}, 20, 0, 1, 20},
                                                      {"resnet34", {}, 36, 0, 1, 36},
                                                      {"mobilenet-v1", {}, 14, 13, 1, 27},
                                                      {"mobilenet-v2", {}, 35, 17, 1, 52},
                                                      {"vgg16", {}, 13, 0, 3, 0},
                                                      {"vgg16", {{"batch_norm", true}}, 13, 0, 3, 13},
                                                      {"vgg16-5conv", {}, 5, 0, 3, 0},
                                                      {"vgg16-8conv", {{"batch_norm", true}}, 8, 0, 3, 8}}) {
        const auto graph = traceLayers(*make(expected.id, kCifar, expected.options), kCifar);
        std::map<std::string, int> kinds;
        int followed = 0;
        for (const auto& node : graph.nodes) {
            ++kinds[node.kind];
            followed += node.followedByBatchNorm;
            if (node.kind == "depthwise conv") QCOMPARE(node.groups, node.weightShape[0]);
        }
        QCOMPARE(kinds["conv"], expected.convolutions);
        QCOMPARE(kinds["depthwise conv"], expected.depthwise);
        QCOMPARE(kinds["linear"], expected.linear);
        QCOMPARE(followed, expected.followed);
        QVERIFY(graph.nodes.front().first);
        QVERIFY(graph.nodes.back().last);
    }
}

/// With its last batch norm at zero a block gives its input where the shape stays, and zeros elsewhere.
void TestLargeNetworks::invertedResidualsAddTheirInput() {
    const auto network = make("mobilenet-v2", kCifar);
    network->eval();
    const torch::NoGradGuard noGradients;
    for (const char* block : {"features.2", "features.3", "features.4"}) { // 16 -> 24 -> 24 -> 32 channels
        const auto module = network->named_modules()[block];
        for (auto& item : module->named_parameters())
            if (item.key().starts_with("conv.3.")) item.value().zero_();
    }

    class Keeper : public SiteTransform {
    public:
        torch::Tensor before(const torch::Tensor& input) override { return m_input = input.clone(); }
        torch::Tensor m_input;
    };
    std::map<std::string, std::shared_ptr<Keeper>> kept;
    for (const auto& site : network->sites()) {
        kept[site.layer] = std::make_shared<Keeper>();
        site.site->attach(kept[site.layer]);
    }
    // the second block's output becomes ones, which the third adds to its zeros
    network->named_parameters()["features.2.conv.3.bias"].fill_(1.0);
    network->forward(images(2, kCifar));
    QVERIFY_SAME(testing::bitDifference(kept["features.3.conv.0.0"]->m_input, torch::ones({2, 24, 32, 32})));
    QVERIFY_SAME(testing::bitDifference(kept["features.4.conv.0.0"]->m_input, torch::ones({2, 24, 32, 32})));
    QVERIFY_SAME(testing::bitDifference(kept["features.5.conv.0.0"]->m_input, torch::zeros({2, 32, 16, 16})));
}

void TestLargeNetworks::initialWeights() {
    const auto mobile = make("mobilenet-v1", kCifar)->named_parameters();
    // 1024 · 9 draws of N(0, 2 / 9): the standard deviation's own is 0.74 %; 5 of it
    const auto depthwise = mobile["layers.12.conv1.weight"].detach();
    QCOMPARE(depthwise.sizes().vec(), (std::vector<std::int64_t>{1024, 1, 3, 3}));
    QVERIFY(std::abs(depthwise.std().item<double>() / std::sqrt(2.0 / 9) - 1.0) < 0.037);

    const auto large =
        make("vgg16-5conv", kCifar, {{"form", "imagenet"}, {"hidden", 64}})->named_parameters();
    // 64 · 6272 draws of N(0, 0.01²): 0.11 %
    QVERIFY(std::abs(large["classifier.0.weight"].detach().std().item<double>() / 0.01 - 1.0) < 0.006);
    QVERIFY(large["classifier.0.bias"].detach().eq(0).all().item<bool>());
    QVERIFY(large["features.2.bias"].detach().eq(0).all().item<bool>());

    const auto small = make("vgg16-5conv", kCifar)->named_parameters();
    const auto linear = small["classifier.3.weight"].detach();
    const double bound = 1.0 / std::sqrt(512.0);
    QVERIFY(linear.abs().max().item<double>() <= bound);
    QVERIFY(linear.abs().max().item<double>() > 0.999 * bound);
}

void TestLargeNetworks::dropoutKeepsItsShare() {
    Dropout dropout(0.3, 5, "layer");
    const auto ones = torch::ones({400, 1000});
    const auto out = dropout.forward(ones);
    const double kept = (out > 0).to(torch::kFloat64).mean().item<double>();
    // 400,000 coins of 0.7: standard deviation 7.2e-4; 5 of it
    QVERIFY2(std::abs(kept - 0.7) < 3.7e-3, qPrintable(QString::number(kept)));
    const float scale = static_cast<float>(1.0 / 0.7);
    QVERIFY(((out == 0) | ((out - scale).abs() < 1e-6)).all().item<bool>());
    // no row or column stands out: 1000 and 400 coins, standard deviations 0.0145 and 0.0229; 6 of each
    const auto rows = (out > 0).to(torch::kFloat64).mean(1);
    const auto columns = (out > 0).to(torch::kFloat64).mean(0);
    QVERIFY((rows - 0.7).abs().max().item<double>() < 6 * 0.0145);
    QVERIFY((columns - 0.7).abs().max().item<double>() < 6 * 0.0229);
    // the backward pass goes where the forward pass went
    const auto input = torch::ones({10, 10}).requires_grad_();
    const auto result = dropout.forward(input);
    result.sum().backward();
    QVERIFY_SAME(testing::bitDifference(input.grad(), result.detach()));
    QCOMPARE(dropout.forward(torch::ones({4, 4}, torch::kBFloat16)).scalar_type(), torch::kBFloat16);
}

void TestLargeNetworks::dropoutPassesThroughInEvaluation() {
    Dropout dropout(0.5, 1, "layer");
    dropout.eval();
    const auto input = images(2, kCifar);
    QVERIFY(dropout.forward(input).is_same(input));
    QCOMPARE(dropout.named_buffers()["num_batches_tracked"].item<std::int64_t>(), std::int64_t{0});

    const auto network = make("vgg16", kCifar);
    const torch::NoGradGuard noGradients;
    QVERIFY(!torch::equal(network->forward(input), network->forward(input)));
    network->eval();
    QVERIFY(torch::equal(network->forward(input), network->forward(input)));
}

void TestLargeNetworks::dropoutGoesOnWhereItStopped() {
    const auto ones = torch::ones({64, 64});
    Dropout whole(0.5, 1, "layer");
    const auto first = whole.forward(ones);
    const auto second = whole.forward(ones);
    QVERIFY(!torch::equal(first, second));

    torch::manual_seed(9); // has no say
    Dropout resumed(0.5, 1, "layer");
    resumed.named_buffers()["num_batches_tracked"].fill_(1);
    QVERIFY_SAME(testing::bitDifference(resumed.forward(ones), second));
    QVERIFY(!torch::equal(Dropout(0.5, 2, "layer").forward(ones), first));
    QVERIFY(!torch::equal(Dropout(0.5, 1, "another layer").forward(ones), first));
}

void TestLargeNetworks::dropoutOfZeroLeavesNothingBehind() {
    for (const char* id : {"vgg16", "mobilenet-v2"}) {
        const auto network = make(id, kCifar, {{"dropout", 0}});
        for (const auto& item : network->named_buffers())
            QVERIFY2(item.key().find("classifier") == std::string::npos, item.key().c_str());
        QVERIFY_EXCEPTION_THROWN(make(id, kCifar, {{"dropout", 1}}), Error);
    }
}

QTEST_GUILESS_MAIN(TestLargeNetworks)
#include "tst_large_networks.moc"
