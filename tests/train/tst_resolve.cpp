// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/base/error.h"
#include "core/train/resolve.h"
#include "core/train/session.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using quantarium::testing::smallRun;

class TestResolve : public QObject {
    Q_OBJECT
private slots:
    void fillsInEveryDefault();
    void isIdempotent();
    void refuses_data();
    void refuses();
    void floatStartSharesDataNetworkAndSeed();
    void floatGoesOnFromFloat();
    void floatStartTakesItsOwnTraining();
    void repeatsCountSeedsUp();
    void overridesReachTheLayers();
    void overriddenInputsSaySo();
    void inputsSayWhatTheyLose();
    void refusesAPatternWithoutLayers();
    void policiesDecideFirstAndLast_data();
    void policiesDecideFirstAndLast();
    void policiesForDepthwiseAndShortcuts();
    void signActivationsNeedNegativeValues();
};

namespace {

const train::Registries& registries() {
    return train::Registries::builtin();
}

/// The `where` and whole text of the error that resolving gives.
std::pair<QString, QString> errorOf(const RunConfig& config) {
    try {
        (void)train::resolve(config, registries());
    } catch (const Error& error) {
        return {QString::fromStdString(error.where()), QString::fromStdString(error.what())};
    }
    return {};
}

} // namespace

void TestResolve::fillsInEveryDefault() {
    auto config = smallRun("inq", 5);
    config.machine.threads = 0;
    const auto resolved = train::resolve(config, registries());
    QVERIFY(resolved.machine.threads >= 1);
    QVERIFY(resolved.weights.options.contains("portions"));
    QCOMPARE(resolved.training.optimizer.options.at("momentum").get<double>(), 0.9);
    QCOMPARE(resolved.training.optimizer.options.at("lr").get<double>(), 0.02);
    QVERIFY(!resolved.name.empty());
}

void TestResolve::isIdempotent() {
    auto config = smallRun("rdhs", 2);
    config.weights.overrides["conv2"] = {{"bits", 3}};
    const auto once = train::resolve(config, registries());
    const auto twice = train::resolve(RunConfig::fromJson(once.toJson()), registries());
    QCOMPARE(QString::fromStdString(dumpJson(twice.toJson())),
             QString::fromStdString(dumpJson(once.toJson())));
}

void TestResolve::refuses_data() {
    QTest::addColumn<QString>("change");
    QTest::addColumn<QString>("where");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, const char* change, const char* where, const char* says) {
        QTest::newRow(name) << change << where << says;
    };
    row("unknown method", R"({"weights": {"method": "inqq"}})", "weights.method", "Did you mean \"inq\"");
    row("recipe as a method", R"({"weights": {"method": "bnn"}})", "weights.method",
        "\"bnn\" is a recipe, not a method. Use \"--recipe bnn\"");
    row("activation method for weights", R"({"weights": {"method": "sign"}})", "weights.method",
        "It belongs in activations.method");
    row("weight method for activations", R"({"activations": {"method": "bwn"}})", "activations.method",
        "It belongs in weights.method");
    row("method of an override", R"({"weights": {"method": "inq", "overrides": {"*": {"method": "pact"}}}})",
        "weights.overrides.*.method", "It belongs in activations.method");
    row("float activations", R"({"activations": {"method": "float"}})", "activations.method", "Use \"none\"");
    row("bits above the range", R"({"weights": {"method": "inq", "bits": 12}})", "weights.bits", "2 … 9");
    row("bits below the range", R"({"weights": {"method": "inq", "bits": 1}})", "weights.bits", "2 … 9");
    row("unknown option", R"({"weights": {"method": "rdhs", "bits": 1, "options": {"taux": 1}}})",
        "weights.options.taux", "there is no such key");
    row("unknown dataset", R"({"dataset": {"id": "cifar11"}})", "dataset.id", "cifar10");
    row("unknown network", R"({"network": {"id": "resnet21"}})", "network.id", "resnet20");
    row("unknown optimizer", R"({"training": {"optimizer": {"id": "sdg"}}})", "training.optimizer.id", "sgd");
    row("nesterov without momentum",
        R"({"training": {"optimizer": {"id": "sgd", "options": {"nesterov": true, "momentum": 0}}}})",
        "training.optimizer.options.nesterov", "momentum");
    row("ensemble", R"({"ensemble": {"members": 3}})", "ensemble.members", "repeats");
    row("activation bits", R"({"activations": {"method": "pact", "bits": 9}})", "activations.bits", "1 … 8");
    row("activation bits of none", R"({"activations": {"bits": 4}})", "activations.bits", "choose a method");
    row("activation options", R"({"activations": {"method": "pact", "options": {"clipp": 1}}})",
        "activations.options.clipp", "clip");
    row("run without a path", R"({"start": {"from": "run"}})", "start.path", "list");
    row("device", R"({"machine": {"device": "gpu"}})", "machine.device", "cuda");
    row("augmentation", R"({"dataset": {"augment": {"flop": true}}})", "dataset.augment.flop", "flip");
    row("override", R"({"weights": {"method": "inq", "bits": 5, "overrides": {"conv1": {"bits": 1}}}})",
        "weights.overrides.conv1.bits", "2 … 9");
}

void TestResolve::refuses() {
    QFETCH(QString, change);
    QFETCH(QString, where);
    QFETCH(QString, says);
    auto document = smallRun().toJson();
    document.merge_patch(Json::parse(change.toStdString()));
    const auto [place, text] = errorOf(RunConfig::fromJson(document));
    QCOMPARE(place, where);
    QVERIFY2(text.contains(says), qPrintable(text));
}

void TestResolve::floatStartSharesDataNetworkAndSeed() {
    auto config = smallRun("inq", 5);
    config.start.from = "float";
    config.start.floatEpochs = 3;
    config.seed = 7;
    const auto start = train::floatStart(train::resolve(config, registries()));
    QCOMPARE(start.weights.method, std::string("float"));
    QCOMPARE(start.training.epochs, 3);
    QCOMPARE(start.seed, 7U);
    QVERIFY(start.network == train::resolve(config, registries()).network);
    // It is the run that somebody gets who trains this float network by hand.
    auto byHand = smallRun("float", 32, 3);
    byHand.seed = 7;
    QVERIFY(train::identity(train::resolve(start, registries())) ==
            train::identity(train::resolve(byHand, registries())));
}

/// The fair control: a float network that trains as long as the quantized ones.
void TestResolve::floatGoesOnFromFloat() {
    auto config = smallRun("float", 32, 4);
    config.start.from = "float";
    config.start.floatEpochs = 3;
    const auto start = train::floatStart(train::resolve(config, registries()));
    QCOMPARE(start.start.from, std::string("scratch"));
    QCOMPARE(start.training.epochs, 3);
}

void TestResolve::floatStartTakesItsOwnTraining() {
    auto config = smallRun("inq", 5);
    config.start.from = "float";
    config.start.training = {{"optimizer", {{"id", "sgd"}, {"options", {{"lr", 0.5}}}}}};
    const auto start = train::floatStart(train::resolve(config, registries()));
    QCOMPARE(start.training.optimizer.options.at("lr").get<double>(), 0.5);
    QCOMPARE(start.training.batch, config.training.batch);
}

void TestResolve::repeatsCountSeedsUp() {
    auto config = smallRun();
    config.training.repeats = 3;
    config.seed = 5;
    const auto runs = train::repeats(train::resolve(config, registries()));
    QCOMPARE(runs.size(), std::size_t{3});
    QCOMPARE(runs[2].seed, 7U);
    QCOMPARE(runs[2].training.repeats, 1);
}

void TestResolve::overridesReachTheLayers() {
    auto config = smallRun("inq", 5);
    config.weights.overrides["*"] = {{"bits", 4}};
    config.weights.overrides["conv*"] = {{"bits", 3}};
    config.weights.overrides["conv1"] = {{"method", "float"}};
    const auto report = train::planRun(train::resolve(config, registries()), registries());
    QCOMPARE(report.layers.size(), std::size_t{5});
    QCOMPARE(report.layers[0].method, std::string("float"));
    QCOMPARE(report.layers[1].bits, 3);
    QCOMPARE(report.layers[4].bits, 4);
}

void TestResolve::overriddenInputsSaySo() {
    auto config = smallRun("inq", 5);
    config.activations.method = "pact";
    config.activations.overrides["conv2"] = {{"bits", 3}};
    config.activations.overrides["fc1"] = {{"method", "none"}};
    const auto report = train::planRun(train::resolve(config, registries()), registries());
    QCOMPARE(report.layers[1].activationBits, std::int64_t{3});
    QCOMPARE(report.layers[1].remark, std::string("input: set by an override"));
    QCOMPARE(report.layers[2].activationMethod, std::string("none"));
    QCOMPARE(report.layers[2].remark, std::string("input: set by an override"));
    QCOMPARE(report.layers[3].remark, std::string());
}

void TestResolve::inputsSayWhatTheyLose() {
    auto config = smallRun("float", 32);
    config.activations.method = "abc";
    config.activations.policy = "8bit-first-last";
    auto report = train::planRun(train::resolve(config, registries()), registries());
    QCOMPARE(report.layers[0].activationMethod, std::string("minmax")); // 8 bases have 9 values, no 8 bits
    QCOMPARE(report.layers[1].activationLevels, std::int64_t{6});
    QCOMPARE(report.layers[1].remark, std::string()); // behind a ReLU nothing is lost
    config.activations.policy = "all";
    config.activations.method = "dorefa";
    config.activations.options = {{"gradient_bits", 6}};
    report = train::planRun(train::resolve(config, registries()), registries());
    QCOMPARE(report.layers[0].remark,
             std::string("input: values below 0 all become the lowest one; gradient of the output: 6 bits"));
    QCOMPARE(report.layers[1].remark, std::string("gradient of the output: 6 bits"));
}

void TestResolve::refusesAPatternWithoutLayers() {
    auto config = smallRun("inq", 5);
    config.weights.overrides["convv*"] = {{"bits", 4}};
    QVERIFY_THROWS_EXCEPTION(Error, train::planRun(train::resolve(config, registries()), registries()));
}

void TestResolve::policiesDecideFirstAndLast_data() {
    QTest::addColumn<QString>("method");
    QTest::addColumn<int>("bits");
    QTest::addColumn<QString>("policy");
    QTest::addColumn<QString>("first");
    QTest::addColumn<int>("lastBits");
    QTest::newRow("INQ as published quantizes all") << "inq" << 5 << "as-published"
                                                    << "inq" << 5;
    QTest::newRow("RDHS as published keeps them") << "rdhs" << 1 << "as-published"
                                                  << "float" << 32;
    QTest::newRow("RDHS everywhere") << "rdhs" << 1 << "all"
                                     << "rdhs" << 1;
    QTest::newRow("INQ without first and last") << "inq" << 3 << "skip-first-last"
                                                << "float" << 32;
    QTest::newRow("LSQ as published has 8 bits there") << "lsq" << 3 << "as-published"
                                                       << "lsq" << 8;
    QTest::newRow("RDHS, uniform 8 bits there") << "rdhs" << 1 << "8bit-first-last"
                                                << "minmax" << 8;
    QTest::newRow("INQ with 8 bits there") << "inq" << 3 << "8bit-first-last"
                                           << "inq" << 8;
}

void TestResolve::policiesDecideFirstAndLast() {
    QFETCH(QString, method);
    QFETCH(int, bits);
    QFETCH(QString, policy);
    QFETCH(QString, first);
    QFETCH(int, lastBits);
    auto config = smallRun(method.toStdString(), bits);
    config.weights.policy = policy.toStdString();
    const auto report = train::planRun(train::resolve(config, registries()), registries());
    QCOMPARE(QString::fromStdString(report.layers.front().method), first);
    QCOMPARE(report.layers.back().bits, std::int64_t{lastBits});
    QCOMPARE(report.layers[1].bits, std::int64_t{bits});
}

void TestResolve::policiesForDepthwiseAndShortcuts() {
    const auto methods = [](const std::string& network, const std::string& shortcuts,
                            const std::string& depthwise) {
        auto config = smallRun("rdhs", 1);
        config.dataset.id = "cifar10";
        config.network.id = network;
        config.weights.shortcuts = config.activations.shortcuts = shortcuts;
        config.weights.depthwise = config.activations.depthwise = depthwise;
        config.activations.method = "pact";
        std::map<std::string, std::string> result;
        for (const auto& layer : train::planRun(train::resolve(config, registries()), registries()).layers)
            result[layer.layer] = layer.method + " " + layer.activationMethod + " " +
                                  std::to_string(layer.activationBits) + " " + layer.remark;
        return result;
    };
    const std::string projection = "layer2.0.downsample.0.weight";
    QCOMPARE(methods("resnet18", "quantize", "quantize").at(projection), std::string("rdhs pact 4 "));
    QCOMPARE(methods("resnet18", "float", "quantize").at(projection),
             std::string("float none 32 1 x 1 shortcut stays float; input: 1 x 1 shortcut stays float"));
    QCOMPARE(methods("resnet18", "8bit", "quantize").at(projection),
             std::string(
                 "minmax pact 8 1 x 1 shortcut at 8 bits, uniform min-max; input: 1 x 1 shortcut at 8 bits"));
    const auto kept = methods("mobilenet-v1", "quantize", "float");
    QCOMPARE(
        kept.at("layers.0.conv1.weight"),
        std::string(
            "float none 32 depthwise convolution stays float; input: depthwise convolution stays float"));
    QCOMPARE(kept.at("layers.0.conv2.weight"), std::string("rdhs pact 4 "));
}

void TestResolve::signActivationsNeedNegativeValues() {
    auto config = smallRun("bwn", 1);
    config.activations.method = "sign";
    const auto [place, text] = errorOf(config);
    QCOMPARE(place, QString("activations.method"));
    QVERIFY2(text.contains("network.options.nonlinearity"), qPrintable(text));
    config.network.options["nonlinearity"] = "none";
    QCOMPARE(train::resolve(config, registries()).activations.bits, std::int64_t{1});
    config.network = {"mobilenet-v2", Json::object()};
    config.activations.method = "none";
    config.activations.overrides["*"] = {{"method", "sign"}, {"bits", 1}};
    const auto [otherPlace, otherText] = errorOf(config);
    QCOMPARE(otherPlace, QString("activations.overrides.*"));
    QVERIFY2(otherText.contains("network.options.nonlinearity"), qPrintable(otherText));
}

QTEST_GUILESS_MAIN(TestResolve)
#include "tst_resolve.moc"
