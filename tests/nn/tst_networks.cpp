// SPDX-License-Identifier: GPL-3.0-or-later
#include <set>

#include <torch/types.h>

#include <ATen/autocast_mode.h>

#include <QTest>

#include "core/base/error.h"
#include "core/nn/layer_graph.h"
#include "core/nn/network.h"
#include "tests/nn/built_network.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::nn;

namespace {

/// Counts its calls and checks nothing.
class CountingTransform : public SiteTransform {
public:
    torch::Tensor before(const torch::Tensor& input) override {
        ++m_before;
        return input;
    }
    torch::Tensor after(const torch::Tensor& output) override {
        ++m_after;
        return output;
    }
    int m_before = 0;
    int m_after = 0;
};

/// Keeps what it saw, and a copy of what it was then.
class KeepingTransform : public SiteTransform {
public:
    torch::Tensor before(const torch::Tensor& input) override {
        m_kept.emplace_back(input, input.clone());
        return input;
    }
    torch::Tensor after(const torch::Tensor& output) override {
        m_kept.emplace_back(output, output.clone());
        return output;
    }
    std::vector<std::pair<torch::Tensor, torch::Tensor>> m_kept;
};

void addAllNetworks() {
    QTest::addColumn<QString>("id");
    for (const auto& id : builtinNetworks().ids())
        QTest::newRow(id.c_str()) << QString::fromStdString(id);
}

/// Without chance in the forward pass.
std::shared_ptr<Network> makeWithoutDropout(const std::string& id) {
    const auto& options = builtinNetworks().at(id, "network").schema.options;
    const bool drops = std::any_of(options.begin(), options.end(),
                                   [](const OptionSpec& option) { return option.name == "dropout"; });
    return make(id, kCifar, drops ? Json{{"dropout", 0}} : Json::object());
}

} // namespace

class TestNetworks : public QObject {
    Q_OBJECT

private slots:
    void exactCounts_data();
    void exactCounts();
    void namesOfTheField();
    void outputShape_data() { addAllNetworks(); }
    void outputShape();
    void sitesMatchParametersAndGraph_data() { addAllNetworks(); }
    void sitesMatchParametersAndGraph();
    void sitesAreCalledOncePerForward_data() { addAllNetworks(); }
    void sitesAreCalledOncePerForward();
    void sitesMayKeepTensors_data() { addAllNetworks(); }
    void sitesMayKeepTensors();
    void seedsDecideTheWeights_data() { addAllNetworks(); }
    void seedsDecideTheWeights();
    void channelsLastEqualsContiguous_data() { addAllNetworks(); }
    void channelsLastEqualsContiguous();
    void channelsLastStaysChannelsLast();
    void mixedPrecisionIsClose_data() { addAllNetworks(); }
    void mixedPrecisionIsClose();
    void everyParameterLearns_data() { addAllNetworks(); }
    void everyParameterLearns();
    void initialWeightsFollowTheirDistribution();
    void zeroPaddedShortcut();
    void mobileNetsNonlinearity();
    void tooSmallImagesAreRefused_data();
    void tooSmallImagesAreRefused();
    void impossibleOptionsAreRefused();
};

void TestNetworks::exactCounts_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<InputShape>("shape");
    QTest::addColumn<QString>("options");
    QTest::addColumn<qint64>("parameters");
    QTest::addColumn<qint64>("macs");
    QTest::newRow("resnet20") << "resnet20" << kCifar << "{}" << qint64{269722} << qint64{40551040};
    QTest::newRow("resnet20 B") << "resnet20" << kCifar << R"({"shortcut": "B"})" << qint64{272474}
                                << qint64{40813184};
    QTest::newRow("resnet20 digits") << "resnet20" << kDigits << "{}" << qint64{269434} << qint64{30821248};
    QTest::newRow("resnet32") << "resnet32" << kCifar << "{}" << qint64{464154} << qint64{68862592};
    QTest::newRow("resnet44") << "resnet44" << kCifar << "{}" << qint64{658586} << qint64{97174144};
    QTest::newRow("resnet56") << "resnet56" << kCifar << "{}" << qint64{853018} << qint64{125485696};
    QTest::newRow("vgg-small") << "vgg-small" << kCifar << "{}" << qint64{4660106} << qint64{607600640};
    QTest::newRow("lenet5") << "lenet5" << kDigits << "{}" << qint64{61706} << qint64{416520};
    QTest::newRow("lenet5 of the paper's 32 x 32")
        << "lenet5" << InputShape{1, 32, 32} << "{}" << qint64{61706} << qint64{416520};
    // 784·256 + 256·256 + 256·10 multiplications, and 522 biases
    QTest::newRow("mlp") << "mlp" << kDigits << "{}" << qint64{269322} << qint64{268800};
    QTest::newRow("mlp 100") << "mlp" << kDigits << R"({"widths": [100]})" << qint64{79510} << qint64{79400};
    QTest::newRow("mlp linear") << "mlp" << kDigits << R"({"widths": []})" << qint64{7850} << qint64{7840};
}

void TestNetworks::exactCounts() {
    QFETCH(QString, id);
    QFETCH(InputShape, shape);
    QFETCH(QString, options);
    QFETCH(qint64, parameters);
    QFETCH(qint64, macs);
    const auto network = make(id.toStdString(), shape, Json::parse(options.toStdString()));
    const LayerGraph graph = traceLayers(*network, shape);
    QCOMPARE(graph.parameters, parameters);
    QCOMPARE(graph.macs, macs);
    qint64 counted = 0;
    for (const auto& parameter : network->parameters())
        counted += parameter.numel();
    QCOMPARE(counted, parameters);
    qint64 ofNodes = 0;
    for (const auto& node : graph.nodes)
        ofNodes += node.parameters;
    QCOMPARE(ofNodes, parameters);
}

void TestNetworks::namesOfTheField() {
    const auto resnet = make("resnet20", kCifar, {{"shortcut", "B"}})->named_parameters();
    for (const char* name :
         {"conv1.weight", "bn1.weight", "bn1.bias", "layer1.0.conv1.weight", "layer3.2.bn2.bias",
          "layer2.0.shortcut.0.weight", "layer2.0.shortcut.1.bias", "linear.weight", "linear.bias"})
        QVERIFY2(resnet.contains(name), name);
    QVERIFY(!resnet.contains("layer1.0.shortcut.0.weight"));
    QCOMPARE(resnet.size(),
             std::size_t{59 + 2 * 3}); // 3 of conv1 and bn1, 9 blocks of 6, 2 of linear, 2 shortcuts of 3

    const auto buffers = make("resnet20", kCifar)->named_buffers();
    QVERIFY(buffers.contains("layer1.0.bn1.running_mean"));
    QCOMPARE(make("resnet20", kCifar)->named_parameters().size(), std::size_t{59});

    const auto vgg = make("vgg-small", kCifar)->named_parameters();
    for (const char* name : {"features.0.weight", "features.1.bias", "features.3.weight", "features.5.weight",
                             "features.17.weight", "features.19.bias", "classifier.weight"})
        QVERIFY2(vgg.contains(name), name);
    const auto lenet = make("lenet5", kDigits)->named_parameters();
    for (const char* name : {"conv1.bias", "conv2.weight", "fc1.weight", "fc3.bias"})
        QVERIFY2(lenet.contains(name), name);
    QVERIFY(make("mlp", kDigits)->named_parameters().contains("fc3.weight"));
}

void TestNetworks::outputShape() {
    QFETCH(QString, id);
    std::vector<InputShape> shapes{kCifar, {2, 33, 46}};
    if (!id.startsWith("vgg16")) // which need 32 x 32
        shapes.insert(shapes.end(), {kDigits, {2, 17, 30}});
    for (const InputShape& shape : shapes) {
        const auto network = make(id.toStdString(), shape, Json::object(), 1, 7);
        const torch::NoGradGuard noGradients;
        for (const bool training : {true, false}) {
            network->train(training);
            const auto logits = network->forward(images(3, shape));
            QCOMPARE(logits.sizes().vec(), (std::vector<std::int64_t>{3, 7}));
            QCOMPARE(logits.scalar_type(), torch::kFloat32);
            QVERIFY(logits.isfinite().all().item<bool>());
        }
    }
}

void TestNetworks::sitesMatchParametersAndGraph() {
    QFETCH(QString, id);
    std::vector<Json> variants{Json::object()};
    for (const auto& option : builtinNetworks().at(id.toStdString(), "network").schema.options) {
        if (option.name == "shortcut") variants.push_back({{"shortcut", "B"}});
        if (option.name == "nonlinearity") variants.push_back({{"nonlinearity", "none"}});
        if (option.name == "form") variants.push_back({{"form", "imagenet"}});
        if (option.name == "batch_norm") variants.push_back({{"batch_norm", true}});
    }
    for (const Json& options : variants) {
        const auto network = make(id.toStdString(), kCifar, options);
        const auto parameters = network->named_parameters();
        const auto graph = traceLayers(*network, kCifar);
        std::vector<std::string> weighted;
        for (const auto& node : graph.nodes)
            if (node.kind != "batch norm") weighted.push_back(node.layer);
        std::vector<std::string> sites;
        std::set<LayerSite*> different;
        for (const auto& site : network->sites()) {
            QVERIFY2(parameters.contains(site.layer + ".weight"), site.layer.c_str());
            QVERIFY(site.site != nullptr);
            sites.push_back(site.layer);
            different.insert(site.site);
        }
        QCOMPARE(sites, weighted); // the same layers, in order of execution
        QCOMPARE(different.size(), sites.size());
    }
}

void TestNetworks::sitesAreCalledOncePerForward() {
    QFETCH(QString, id);
    const auto network = make(id.toStdString(), kCifar);
    const auto input = images(2, kCifar);
    const torch::NoGradGuard noGradients;
    network->eval();
    const auto expected = network->forward(input);
    std::vector<std::shared_ptr<CountingTransform>> transforms;
    for (const auto& site : network->sites()) {
        transforms.push_back(std::make_shared<CountingTransform>());
        site.site->attach(transforms.back());
    }
    QVERIFY_SAME(testing::bitDifference(network->forward(input), expected));
    network->forward(input);
    for (const auto& transform : transforms) {
        QCOMPARE(transform->m_before, 2);
        QCOMPARE(transform->m_after, 2);
    }
}

/// Calibration captures a layer's input and output: nothing may change them afterwards, in place.
void TestNetworks::sitesMayKeepTensors() {
    QFETCH(QString, id);
    for (const char* const nonlinearity : {"relu", "hardtanh", "none"}) {
        const auto network = make(id.toStdString(), kCifar, {{"nonlinearity", nonlinearity}});
        const auto transform = std::make_shared<KeepingTransform>();
        for (const auto& site : network->sites())
            site.site->attach(transform);
        network->forward(images(2, kCifar)).sum().backward();
        QCOMPARE(transform->m_kept.size(), 2 * network->sites().size());
        for (const auto& [kept, copy] : transform->m_kept)
            QVERIFY_SAME(testing::bitDifference(kept, copy));
    }
}

/// What the last convolution of a block gets with each non-linearity; batch norms multiply by ten.
void TestNetworks::mobileNetsNonlinearity() {
    const auto range = [](const std::string& id, const std::string& layer, const std::string& nonlinearity) {
        const auto network = make(id, kCifar, {{"nonlinearity", nonlinearity}});
        const torch::NoGradGuard noGradients;
        for (auto& item : network->named_parameters())
            if (item.value().dim() == 1) item.value().mul_(10);
        const auto transform = std::make_shared<KeepingTransform>();
        for (const auto& site : network->sites())
            if (site.layer == layer) site.site->attach(transform);
        network->forward(images(2, kCifar));
        const auto input = transform->m_kept.at(0).first;
        return std::pair(input.min().item<double>(), input.max().item<double>());
    };
    const auto check = [&](const std::string& id, const std::string& layer) {
        QCOMPARE(range(id, layer, "relu").first, 0.0);
        QCOMPARE(range(id, layer, "hardtanh").first, -1.0);
        QCOMPARE(range(id, layer, "hardtanh").second, 1.0);
        const auto [low, high] = range(id, layer, "none");
        QVERIFY(low < -6 && high > 6);
    };
    check("mobilenet-v1", "layers.3.conv2");
    check("mobilenet-v2", "features.2.conv.2");
    QVERIFY(range("mobilenet-v1", "layers.3.conv2", "relu").second > 6);
    QCOMPARE(range("mobilenet-v2", "features.2.conv.2", "relu").second, 6.0); // ReLU6
}

void TestNetworks::seedsDecideTheWeights() {
    QFETCH(QString, id);
    torch::manual_seed(3);
    const auto before = at::globalContext().defaultGenerator(torch::kCPU).get_state();
    const auto first = make(id.toStdString(), kCifar, Json::object(), 5)->named_parameters();
    const auto after = at::globalContext().defaultGenerator(torch::kCPU).get_state();
    QVERIFY_SAME(testing::bitDifference(after, before));

    torch::manual_seed(4);
    const auto same = make(id.toStdString(), kCifar, Json::object(), 5)->named_parameters();
    const auto other = make(id.toStdString(), kCifar, Json::object(), 6)->named_parameters();
    for (const auto& item : first) {
        QVERIFY_SAME(testing::bitDifference(same[item.key()], item.value()));
        if (item.value().dim() > 1)
            QVERIFY2(!torch::equal(other[item.key()], item.value()), item.key().c_str());
    }
}

/// Gradients in float64, where rounding can't flip a ReLU; logits also in float32, which has other kernels.
void TestNetworks::channelsLastEqualsContiguous() {
    QFETCH(QString, id);
    const auto network = makeWithoutDropout(id.toStdString());
    const auto input = images(2, kCifar);
    const auto reordered = input.contiguous(torch::MemoryFormat::ChannelsLast);
    QVERIFY(!reordered.is_contiguous());
    for (const bool training : {true, false}) {
        network->train(training);
        const auto logits = network->forward(input).detach();
        const double scale = logits.abs().max().item<double>();
        QVERIFY_SAME(testing::difference(network->forward(reordered), logits, 1e-4 * scale));
    }
    network->train();
    network->to(torch::kFloat64);
    const auto gradients = [&](const torch::Tensor& images) {
        network->zero_grad();
        network->forward(images.to(torch::kFloat64)).square().sum().backward();
        std::vector<torch::Tensor> result;
        for (const auto& parameter : network->parameters())
            result.push_back(parameter.grad().clone());
        return result;
    };
    const auto expected = gradients(input);
    const auto actual = gradients(reordered);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double scale = std::max(1.0, expected[i].abs().max().item<double>());
        QVERIFY_SAME(testing::difference(actual[i], expected[i], 1e-9 * scale));
    }
}

/// Every layer's input and output, so that no operation between falls back to the other format.
void TestNetworks::channelsLastStaysChannelsLast() {
    const auto format = torch::MemoryFormat::ChannelsLast;
    for (const auto& [id, options] :
         std::vector<std::pair<std::string, Json>>{{"resnet20", Json::object()},
                                                   {"resnet20", {{"shortcut", "B"}}},
                                                   {"resnet18", {{"form", "imagenet"}}},
                                                   {"vgg-small", Json::object()},
                                                   {"vgg16", Json::object()},
                                                   {"vgg16", {{"batch_norm", true}}},
                                                   {"mobilenet-v1", Json::object()},
                                                   {"mobilenet-v2", Json::object()},
                                                   {"lenet5", Json::object()}}) {
        const auto network = make(id, kCifar, options);
        const auto transform = std::make_shared<KeepingTransform>();
        for (const auto& site : network->sites())
            site.site->attach(transform);
        network->forward(images(2, kCifar).contiguous(format));
        int maps = 0;
        for (const auto& [kept, copy] : transform->m_kept)
            if (kept.dim() == 4) {
                QVERIFY2(kept.is_contiguous(format), id.c_str());
                ++maps;
            }
        QVERIFY(maps >= 4);
    }
}

void TestNetworks::mixedPrecisionIsClose() {
    QFETCH(QString, id);
    const auto network = make(id.toStdString(), kCifar);
    const auto input = images(4, kCifar).contiguous(torch::MemoryFormat::ChannelsLast);
    network->eval();
    const auto expected = network->forward(input).detach();
    at::autocast::set_autocast_cpu_dtype(torch::kBFloat16);
    at::autocast::set_cpu_enabled(true);
    const auto mixed = network->forward(input);
    at::autocast::set_cpu_enabled(false);
    at::autocast::clear_cache();
    QCOMPARE(mixed.scalar_type(), torch::kBFloat16);
    QVERIFY_SAME(testing::difference(mixed.detach(), expected, 0.05 * expected.abs().max().item<double>()));
    mixed.to(torch::kFloat32).square().sum().backward(); // some operations lack a backward pass in bfloat16
    for (const auto& item : network->named_parameters())
        QVERIFY2(item.value().grad().isfinite().all().item<bool>(), item.key().c_str());
}

void TestNetworks::everyParameterLearns() {
    QFETCH(QString, id);
    const auto network = make(id.toStdString(), kCifar);
    const auto labels = torch::arange(4) % 10;
    torch::cross_entropy_loss(network->forward(images(4, kCifar)), labels).backward();
    for (const auto& item : network->named_parameters()) {
        QVERIFY2(item.value().grad().defined(), item.key().c_str());
        QVERIFY2(item.value().grad().isfinite().all().item<bool>(), item.key().c_str());
        QVERIFY2(item.value().grad().abs().max().item<double>() > 0, item.key().c_str());
    }
}

void TestNetworks::initialWeightsFollowTheirDistribution() {
    const auto vgg = make("vgg-small", kCifar)->named_parameters();
    // N(0, 2 / (512·9)), 2,359,296 draws: the standard deviation's own is 0.05 %, the mean's is 1.4e-5; 5 of
    // each
    const auto weight = vgg["features.17.weight"].detach();
    const double expected = std::sqrt(2.0 / (512 * 9));
    QVERIFY(std::abs(weight.std().item<double>() / expected - 1.0) < 0.0025);
    QVERIFY(std::abs(weight.mean().item<double>()) < 7e-5);
    // fan-out, not fan-in, where they differ
    QVERIFY(std::abs(vgg["features.0.weight"].detach().std().item<double>() / std::sqrt(2.0 / (128 * 9)) -
                     1.0) < 0.07);

    const auto linear = vgg["classifier.weight"].detach();
    const double bound = 1.0 / std::sqrt(8192.0);
    QVERIFY(linear.abs().max().item<double>() <= bound);
    QVERIFY(linear.abs().max().item<double>() > 0.999 * bound);
    QVERIFY(std::abs(linear.mean().item<double>()) < 5 * bound / std::sqrt(3.0 * 81920));
    QVERIFY(make("lenet5", kDigits)->named_parameters()["conv1.bias"].detach().eq(0).all().item<bool>());
    QVERIFY(vgg["features.1.weight"].detach().eq(1).all().item<bool>());
}

/// With the residual branch's last batch norm at zero a block is relu(shortcut(x)): the whole network from
/// the layer2 block's input to its output can be written down.
void TestNetworks::zeroPaddedShortcut() {
    const auto network = make("resnet20", kCifar);
    const torch::NoGradGuard noGradients;
    network->eval();
    for (auto& item : network->named_parameters())
        if (item.key().ends_with("bn2.weight")) item.value().zero_();
    std::map<std::string, std::shared_ptr<KeepingTransform>> kept;
    for (const auto& site : network->sites()) {
        kept[site.layer] = std::make_shared<KeepingTransform>();
        site.site->attach(kept[site.layer]);
    }
    network->forward(images(2, InputShape{3, 31, 30}));
    const auto x = kept["layer2.0.conv1"]->m_kept.front().first;
    const auto y = kept["layer2.1.conv1"]->m_kept.front().first;
    QCOMPARE(x.sizes().vec(), (std::vector<std::int64_t>{2, 16, 31, 30}));
    QCOMPARE(y.sizes().vec(), (std::vector<std::int64_t>{2, 32, 16, 15}));
    auto expected = torch::zeros_like(y);
    for (std::int64_t channel = 0; channel < 16; ++channel)
        for (std::int64_t row = 0; row < 16; ++row)
            for (std::int64_t column = 0; column < 15; ++column)
                for (std::int64_t image = 0; image < 2; ++image)
                    expected[image][channel + 8][row][column] = x[image][channel][2 * row][2 * column];
    QVERIFY_SAME(testing::bitDifference(y, expected));
}

void TestNetworks::tooSmallImagesAreRefused_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<qint64>("smallest");
    QTest::newRow("lenet5") << "lenet5" << qint64{12};
    QTest::newRow("vgg-small") << "vgg-small" << qint64{8};
    QTest::newRow("resnet20") << "resnet20" << qint64{4};
    QTest::newRow("resnet18") << "resnet18" << qint64{8};
    QTest::newRow("vgg16") << "vgg16" << qint64{32};
    QTest::newRow("mobilenet-v1") << "mobilenet-v1" << qint64{16};
    QTest::newRow("mobilenet-v2") << "mobilenet-v2" << qint64{8};
    QTest::newRow("mlp") << "mlp" << qint64{1};
}

void TestNetworks::tooSmallImagesAreRefused() {
    QFETCH(QString, id);
    QFETCH(qint64, smallest);
    const InputShape enough{3, smallest, smallest + 3};
    const auto network = make(id.toStdString(), enough);
    QCOMPARE(network->forward(images(2, enough)).sizes().vec(), (std::vector<std::int64_t>{2, 10}));
    for (const InputShape& shape : {InputShape{3, smallest - 1, 64}, InputShape{3, 64, smallest - 1}}) {
        try {
            make(id.toStdString(), shape);
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Config);
            QVERIFY(error.problem().find(id.toStdString()) != std::string::npos);
            QVERIFY(error.problem().find(std::to_string(smallest) + " x " + std::to_string(smallest)) !=
                    std::string::npos);
        }
    }
    QVERIFY_EXCEPTION_THROWN(make(id.toStdString(), InputShape{0, 32, 32}), Error);
    QVERIFY_EXCEPTION_THROWN(make(id.toStdString(), kCifar, Json::object(), 1, 0), Error);
}

void TestNetworks::impossibleOptionsAreRefused() {
    QVERIFY_EXCEPTION_THROWN(make("mlp", kDigits, {{"widths", std::vector<int>(33, 4)}}), Error);
    QVERIFY_EXCEPTION_THROWN(make("mlp", kDigits, {{"widths", {0}}}), Error);
    // 8.9 thousand million parameters: refused before any memory is taken for them
    QVERIFY_EXCEPTION_THROWN(make("mlp", kDigits, {{"widths", std::vector<int>(32, 16384)}}), Error);
    QVERIFY_EXCEPTION_THROWN(make("resnet20", kDigits, {{"shortcut", "C"}}), Error);
}

QTEST_GUILESS_MAIN(TestNetworks)
#include "tst_networks.moc"
