// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/base/error.h"
#include "core/run/run_config.h"

using namespace quantarium;

class TestRunConfig : public QObject {
    Q_OBJECT
private slots:
    void onlyThreeThingsAreNeeded();
    void everythingComesBack();
    void refuses_data();
    void refuses();
    void setsValuesByDottedKey();
};

namespace {

Json smallest() {
    return {
        {"format", "quantarium-run/1"}, {"dataset", {{"id", "cifar10"}}}, {"network", {{"id", "resnet20"}}}};
}

} // namespace

void TestRunConfig::onlyThreeThingsAreNeeded() {
    const auto config = RunConfig::fromJson(smallest());
    QCOMPARE(config.weights.method, std::string("float"));
    QCOMPARE(config.training.batch, 128);
    QCOMPARE(config.seed, 1U);
    for (const char* key : {"format", "dataset", "network"}) {
        auto document = smallest();
        document.erase(key);
        QVERIFY_THROWS_EXCEPTION(Error, RunConfig::fromJson(document));
    }
}

void TestRunConfig::everythingComesBack() {
    RunConfig config = RunConfig::fromJson(smallest());
    config.name = "Größe: 3 bit ≠ 4";
    config.seed = 9007199254740991ULL;
    config.machine = {"cuda:1", 3, "bf16", "contiguous"};
    config.dataset.limit = 20000;
    config.dataset.validation = 0.1 + 0.2;
    config.dataset.augment = {{"pad", 4}};
    config.start = {"float", "", 7, {{"batch", 64}}};
    config.weights = {.method = "inq",
                      .bits = 5,
                      .options = {{"portions", {0.5, 1.0}}},
                      .policy = "all",
                      .depthwise = "8bit",
                      .shortcuts = "float",
                      .overrides = {{"layer2.*", {{"bits", 3}}}}};
    config.training.gradientClip = 1.0 / 3.0;
    config.training.optimizer = {"adam", {{"lr", 1e-3}}};
    const auto again = RunConfig::fromJson(parseJson(dumpJson(config.toJson()), "test"));
    QVERIFY(again == config);
}

void TestRunConfig::refuses_data() {
    QTest::addColumn<QString>("change");
    QTest::addColumn<QString>("says");
    QTest::newRow("other format") << R"({"format": "quantarium-run/9"})"
                                  << "x.json: format";
    QTest::newRow("unknown section") << R"({"traning": {}})"
                                     << "Did you mean \"training\"";
    QTest::newRow("unknown key") << R"({"training": {"epoch": 3}})"
                                 << "x.json: training.epoch";
    QTest::newRow("wrong type") << R"({"training": {"epochs": "ten"}})"
                                << "x.json: training.epochs: \"ten\" is not a number";
    QTest::newRow("outside") << R"({"training": {"epochs": -1}})"
                             << "x.json: training.epochs: -1 is outside 0 … 1000000 epochs";
    QTest::newRow("seed") << R"({"seed": -1})"
                          << "x.json: seed";
    QTest::newRow("section no object") << R"({"machine": 3})"
                                       << "not an object";
    QTest::newRow("override no object") << R"({"weights": {"overrides": {"conv1": 3}}})"
                                        << "weights.overrides.conv1";
    QTest::newRow("contradiction") << R"({"start": {"from": "scratch", "path": "a"}})"
                                   << "applies only when from is";
    QTest::newRow("optimizer") << R"({"training": {"optimizer": {"name": "sgd"}}})"
                               << "training.optimizer.name";
}

void TestRunConfig::refuses() {
    QFETCH(QString, change);
    QFETCH(QString, says);
    auto document = smallest();
    document.merge_patch(Json::parse(change.toStdString()));
    try {
        (void)RunConfig::fromJson(document, "x.json");
        QFAIL("accepted");
    } catch (const Error& error) {
        QVERIFY2(QString(error.what()).contains(says), error.what());
        QVERIFY(error.kind() == ErrorKind::Config);
    }
}

void TestRunConfig::setsValuesByDottedKey() {
    auto document = smallest();
    setConfigValue(document, "training.optimizer.options.lr", "0.5");
    setConfigValue(document, "weights.method", "inq");
    setConfigValue(document, "dataset.limit", "null");
    QCOMPARE(document["training"]["optimizer"]["options"]["lr"].get<double>(), 0.5);
    QCOMPARE(document["weights"]["method"].get<std::string>(), std::string("inq"));
    QVERIFY(document["dataset"]["limit"].is_null());
    QVERIFY_THROWS_EXCEPTION(Error, setConfigValue(document, "", "1"));
    QVERIFY_THROWS_EXCEPTION(Error, setConfigValue(document, "weights..bits", "1"));
    QVERIFY_THROWS_EXCEPTION(Error, setConfigValue(document, "weights.method.x", "1"));
}

QTEST_GUILESS_MAIN(TestRunConfig)
#include "tst_run_config.moc"
