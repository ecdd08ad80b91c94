// SPDX-License-Identifier: GPL-3.0-or-later
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/types.h>

#include <QTest>

#include "core/base/error.h"
#include "core/nn/layer_graph.h"
#include "tests/nn/built_network.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::nn;

namespace {

using torch::nn::BatchNorm2d;
using torch::nn::Conv2d;
using torch::nn::Conv2dOptions;

/// A network from a function, so that each test shows its own.
class SmallNetwork : public Network {
public:
    using Forward = std::function<torch::Tensor(SmallNetwork&, torch::Tensor)>;
    explicit SmallNetwork(Forward forward) : m_forward(std::move(forward)) {}

    torch::Tensor forward(torch::Tensor images) override { return m_forward(*this, images); }
    std::vector<NamedSite> sites() override { return {}; }

    Conv2d conv(const std::string& name, Conv2dOptions options) {
        return register_module(name, Conv2d(options));
    }
    BatchNorm2d norm(const std::string& name, std::int64_t channels) {
        return register_module(name, BatchNorm2d(channels));
    }

private:
    Forward m_forward;
};

using Values = std::vector<std::int64_t>;

} // namespace

class TestLayerGraph : public QObject {
    Q_OBJECT

private slots:
    void describesEachLayer();
    void depthwiseGroupedAndTransposed();
    void followedByBatchNorm();
    void findsShortcuts();
    void sharedWeightsAppearOnce();
    void countsIntermediateResults();
    void leavesTheNetworkAsItWas();
    void restoresAfterAnException();
    void unusableShapeIsRefused();
    void networkWithoutWeights();
};

void TestLayerGraph::describesEachLayer() {
    const auto network = make("lenet5", kDigits);
    const LayerGraph graph = traceLayers(*network, {1, 28, 28});
    QCOMPARE(graph.nodes.size(), std::size_t{5});
    const LayerNode& conv2 = graph.nodes[1];
    QCOMPARE(conv2.layer, std::string("conv2"));
    QCOMPARE(conv2.parameter, std::string("conv2.weight"));
    QCOMPARE(conv2.kind, std::string("conv"));
    QCOMPARE(conv2.weightShape, (Values{16, 6, 5, 5}));
    QCOMPARE(conv2.outputShape, (Values{16, 10, 10}));
    QCOMPARE(conv2.groups, 1);
    QCOMPARE(conv2.fanIn, 150);
    QCOMPARE(conv2.fanOut, 400);
    QCOMPARE(conv2.parameters, 2416);
    QCOMPARE(conv2.macs, 240000);
    const LayerNode* fc1 = graph.find("fc1.weight");
    QVERIFY(fc1 != nullptr);
    QCOMPARE(fc1->kind, std::string("linear"));
    QCOMPARE(fc1->outputShape, (Values{120}));
    QCOMPARE(fc1->fanIn, 400);
    QCOMPARE(fc1->fanOut, 120);
    QCOMPARE(fc1->parameters, 48120);
    QCOMPARE(fc1->macs, 48000);
    QVERIFY(graph.find("fc1.bias") == nullptr);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        QCOMPARE(graph.nodes[i].first, i == 0);
        QCOMPARE(graph.nodes[i].last, i == 4);
        QVERIFY(!graph.nodes[i].followedByBatchNorm);
    }
}

void TestLayerGraph::depthwiseGroupedAndTransposed() {
    auto network = std::make_shared<SmallNetwork>([](SmallNetwork& self, torch::Tensor x) {
        x = self.named_children()["depthwise"]->as<Conv2d>()->forward(x);
        x = self.named_children()["grouped"]->as<Conv2d>()->forward(x);
        return self.named_children()["up"]->as<torch::nn::ConvTranspose2d>()->forward(x).flatten(1);
    });
    network->conv("depthwise", Conv2dOptions(4, 4, 3).padding(1).groups(4).bias(false));
    network->conv("grouped", Conv2dOptions(4, 6, 3).stride(2).groups(2));
    network->register_module(
        "up", torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(6, 5, 4).stride(2).bias(false)));
    const LayerGraph graph = traceLayers(*network, {4, 9, 9});
    QCOMPARE(graph.nodes.size(), std::size_t{3});
    QCOMPARE(graph.nodes[0].kind, std::string("depthwise conv"));
    QCOMPARE(graph.nodes[0].groups, 4);
    QCOMPARE(graph.nodes[0].fanIn, 9);
    QCOMPARE(graph.nodes[0].fanOut, 9);
    QCOMPARE(graph.nodes[0].macs, 4 * 9 * 81);
    QCOMPARE(graph.nodes[1].kind, std::string("conv"));
    QCOMPARE(graph.nodes[1].weightShape, (Values{6, 2, 3, 3}));
    QCOMPARE(graph.nodes[0].padding, 1);
    QCOMPARE(graph.nodes[0].stride, 1);
    QCOMPARE(graph.nodes[1].padding, 0);
    QCOMPARE(graph.nodes[1].stride, 2);
    QCOMPARE(graph.nodes[1].fanIn, 18);
    QCOMPARE(graph.nodes[1].fanOut, 27);
    QCOMPARE(graph.nodes[1].macs, 6 * 2 * 9 * 16);
    QCOMPARE(graph.nodes[1].parameters, 6 * 2 * 9 + 6);
    // transposed: [in, out, 4, 4], each weight meets each of the 4 x 4 input positions
    QCOMPARE(graph.nodes[2].weightShape, (Values{6, 5, 4, 4}));
    QCOMPARE(graph.nodes[2].outputShape, (Values{5, 10, 10}));
    QCOMPARE(graph.nodes[2].macs, 6 * 5 * 16 * 16);
    QCOMPARE(graph.nodes[2].fanIn, 6 * 16);
    QCOMPARE(graph.nodes[2].fanOut, 5 * 16);
    QCOMPARE(graph.macs, graph.nodes[0].macs + graph.nodes[1].macs + graph.nodes[2].macs);
}

void TestLayerGraph::followedByBatchNorm() {
    Conv2d direct{nullptr}, pooled{nullptr}, relued{nullptr}, branched{nullptr}, last{nullptr};
    std::vector<BatchNorm2d> norms;
    auto network = std::make_shared<SmallNetwork>([&](SmallNetwork&, torch::Tensor x) {
        x = norms[0]->forward(direct->forward(x)).relu_();
        x = norms[1]->forward(torch::max_pool2d(pooled->forward(x), 2));
        x = norms[2]->forward(torch::relu(relued->forward(x)));
        const auto both = branched->forward(x);
        x = norms[3]->forward(both) + both;
        return last->forward(x).flatten(1);
    });
    const Conv2dOptions options(2, 2, 1);
    direct = network->conv("direct", options);
    pooled = network->conv("pooled", options);
    relued = network->conv("relued", options);
    branched = network->conv("branched", options);
    last = network->conv("last", options);
    for (int i = 0; i < 4; ++i)
        norms.push_back(network->norm("norm" + std::to_string(i), 2));
    const LayerGraph graph = traceLayers(*network, {2, 4, 4});
    const auto followed = [&](const char* name) { return graph.find(name)->followedByBatchNorm; };
    QVERIFY(followed("direct.weight"));
    QVERIFY(followed("pooled.weight"));
    QVERIFY(!followed("relued.weight"));
    QVERIFY(!followed("branched.weight"));
    QVERIFY(!followed("last.weight"));
    QCOMPARE(graph.find("direct.weight")->batchNorm, std::string("norm0"));
    QCOMPARE(graph.find("pooled.weight")->batchNorm, std::string("norm1"));
    QCOMPARE(graph.find("relued.weight")->batchNorm, std::string());
    const LayerNode* norm = graph.find("norm1.weight");
    QVERIFY(norm != nullptr);
    QCOMPARE(norm->kind, std::string("batch norm"));
    QCOMPARE(norm->parameters, 4);
    QCOMPARE(norm->macs, 0);
    QCOMPARE(norm->outputShape, (Values{2, 2, 2}));
    QVERIFY(graph.find("last.weight")->last);
}

void TestLayerGraph::findsShortcuts() {
    const auto shortcuts = [](const std::string& id, const Json& options) {
        std::vector<std::string> names;
        for (const auto& node : traceLayers(*make(id, kCifar, options), kCifar).nodes)
            if (node.shortcut) names.push_back(node.layer);
        return names;
    };
    QCOMPARE(shortcuts("resnet20", {{"shortcut", "B"}}),
             (std::vector<std::string>{"layer2.0.shortcut.0", "layer3.0.shortcut.0"}));
    QVERIFY(shortcuts("resnet20", Json::object()).empty());
    QCOMPARE(shortcuts("resnet18", Json::object()).size(), std::size_t{3});
    QVERIFY(shortcuts("mobilenet-v2", Json::object()).empty()); // its 1 x 1 convolutions are on the main path
}

void TestLayerGraph::sharedWeightsAppearOnce() {
    torch::Tensor shared, end;
    BatchNorm2d norm{nullptr};
    auto network = std::make_shared<SmallNetwork>([&](SmallNetwork&, torch::Tensor x) {
        x = norm->forward(torch::conv2d(x, shared, {}, 1, 1));
        x = torch::conv2d(x, end);
        return torch::conv2d(x, shared, {}, 1, 1).flatten(1);
    });
    shared = network->register_parameter("shared", torch::ones({2, 2, 3, 3}));
    end = network->register_parameter("end", torch::ones({2, 2, 1, 1}));
    network->register_parameter("alias", shared);
    norm = network->norm("norm", 2);
    const LayerGraph graph = traceLayers(*network, {2, 5, 5});
    QCOMPARE(graph.nodes.size(), std::size_t{3});
    QCOMPARE(graph.nodes[0].parameter, std::string("shared"));
    QCOMPARE(graph.nodes[0].layer, std::string("shared"));
    QCOMPARE(graph.nodes[0].macs, 2 * 36 * 25);
    QCOMPARE(graph.nodes[0].parameters, 36);
    QVERIFY(graph.nodes[0].first);
    QVERIFY(graph.nodes[0].last); // its second use is the last of all
    QVERIFY(!graph.nodes[0].followedByBatchNorm && graph.nodes[0].batchNorm.empty());
    QVERIFY(!graph.find("end")->last);
    QCOMPARE(graph.parameters, 36 + 4 + 4);
}

void TestLayerGraph::countsIntermediateResults() {
    Conv2d conv{nullptr};
    auto network = std::make_shared<SmallNetwork>([&](SmallNetwork&, torch::Tensor x) {
        x = torch::relu(conv->forward(x)).mul_(2.0); // 2 · 3·4·4, the product in place
        return torch::max_pool2d(x, 2).flatten(1).view({-1, 2, 6}).flatten(1); // 3·2·2, then views
    });
    conv = network->conv("conv", Conv2dOptions(1, 3, 3).padding(1));
    QCOMPARE(traceLayers(*network, {1, 4, 4}).activationElements, 2 * 48 + 12);

    // conv1 and its norm; two convolutions and two norms a block (ReLU and sum are in place); two padded
    // shortcuts; the mean; the logits
    const auto& entry = builtinNetworks().at("resnet20", {});
    const auto resnet = entry.make({3, 32, 32}, 10, Options::validated(entry.schema.options, {}, {}), 1);
    const std::int64_t maps = 16 * 1024 * (2 + 3 * 4) + 32 * 256 * (3 * 4 + 1) + 64 * 64 * (3 * 4 + 1);
    QCOMPARE(traceLayers(*resnet, {3, 32, 32}).activationElements, maps + 64 + 10);
}

void TestLayerGraph::leavesTheNetworkAsItWas() {
    const auto& entry = builtinNetworks().at("resnet20", {});
    const auto network = entry.make({3, 32, 32}, 10, Options::validated(entry.schema.options, {}, {}), 1);
    network->train();
    network->forward(torch::ones({2, 3, 32, 32})).sum().backward();
    network->named_modules()["layer2.1"]->eval(); // a part that is kept frozen
    network->named_parameters()["layer1.0.conv1.weight"].set_requires_grad(false);
    std::map<std::string, torch::Tensor> before;
    for (const auto& item : network->named_parameters()) {
        before[item.key()] = item.value().detach().clone();
        before[item.key() + ".grad"] = item.value().grad().clone();
    }
    for (const auto& item : network->named_buffers())
        before[item.key()] = item.value().clone();

    traceLayers(*network, {3, 32, 32});

    for (const auto& item : network->named_parameters()) {
        QVERIFY_SAME(testing::bitDifference(item.value(), before[item.key()]));
        QVERIFY_SAME(testing::bitDifference(item.value().grad(), before[item.key() + ".grad"]));
        QCOMPARE(item.value().requires_grad(), item.key() != "layer1.0.conv1.weight");
    }
    for (const auto& item : network->named_buffers())
        QVERIFY_SAME(testing::bitDifference(item.value(), before[item.key()]));
    for (const auto& item : network->named_modules())
        QCOMPARE(item.value()->is_training(), !item.key().starts_with("layer2.1"));
    QVERIFY(torch::GradMode::is_enabled());
    QVERIFY(network->forward(torch::ones({2, 3, 32, 32})).requires_grad());
}

void TestLayerGraph::restoresAfterAnException() {
    bool broken = true;
    Conv2d conv{nullptr};
    auto network = std::make_shared<SmallNetwork>([&](SmallNetwork&, torch::Tensor x) {
        x = conv->forward(x);
        if (broken) throw std::runtime_error("broken");
        return x.flatten(1);
    });
    conv = network->conv("conv", Conv2dOptions(1, 3, 3));
    QVERIFY_EXCEPTION_THROWN(traceLayers(*network, {1, 4, 4}), std::runtime_error);
    QVERIFY(network->is_training());
    QVERIFY(conv->is_training());
    QVERIFY(conv->weight.requires_grad());
    QVERIFY(torch::GradMode::is_enabled());
    broken = false;
    QCOMPARE(traceLayers(*network, {1, 4, 4}).nodes.size(), std::size_t{1}); // no trace was left behind
}

void TestLayerGraph::unusableShapeIsRefused() {
    const auto network = make("lenet5", kDigits);
    for (const InputShape& shape : {InputShape{3, 28, 28}, InputShape{1, 64, 64}, InputShape{1, 2, 2}}) {
        try {
            traceLayers(*network, shape);
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Config);
            const auto text = std::to_string(shape.channels) + " x " + std::to_string(shape.height);
            QVERIFY2(error.problem().find(text) != std::string::npos, error.what());
        }
    }
    QVERIFY(network->is_training());
}

void TestLayerGraph::networkWithoutWeights() {
    auto network =
        std::make_shared<SmallNetwork>([](SmallNetwork&, torch::Tensor x) { return x.flatten(1); });
    const LayerGraph graph = traceLayers(*network, {1, 4, 4});
    QVERIFY(graph.nodes.empty());
    QCOMPARE(graph.macs, 0);
    QCOMPARE(graph.parameters, 0);
}

QTEST_GUILESS_MAIN(TestLayerGraph)
#include "tst_layer_graph.moc"
