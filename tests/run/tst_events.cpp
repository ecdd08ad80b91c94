// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <limits>

#include "core/base/error.h"
#include "core/run/events.h"

using namespace quantarium;

class TestEvents : public QObject {
    Q_OBJECT
private slots:
    void epochsComeBackWhole();
    void reportsComeBackWhole();
    void statesComeBack();
    void refusesWhatIsNoRecord();
    void everyEventSaysItsKind();
};

namespace {

EpochDone sample() {
    LayerSnapshot layer;
    layer.layer = "layer1.0.conv1.weight";
    layer.method = "rdhs";
    layer.bits = 2;
    layer.elements = 2304;
    layer.levels = {{-1, 1000}, {0.5, 1304}};
    layer.valueSpace = {-1, -0.5, 0.5, 1};
    layer.latent = {-0.1, 0.3, {1, 2, 3}, 4, 5};
    layer.latentFrozen = Histogram{-1, 1, {7}, 0, 0};
    layer.frozenShare = 1.0 / 3.0;
    layer.sqnrDb = -std::numeric_limits<double>::infinity();
    layer.flips = 12;
    layer.search = SearchState{0.97, 0.0, 0.1, 0.9, 0.01, {-1, -0.5, 0.5, 1}, {{5, {0.1, 0.2, 0.3, 0.4}}}};
    layer.diagnostics = {{"scale", 0.25}};
    EpochDone epoch;
    epoch.epoch = 3;
    epoch.step = 30;
    epoch.values = {{"train_loss", 0.1 + 0.2}, {"validation_loss", std::numeric_limits<double>::quiet_NaN()}};
    epoch.stepLosses = {1.5, std::numeric_limits<double>::infinity()};
    epoch.weights = std::make_shared<const WeightSnapshot>(WeightSnapshot{3, 30, {layer, LayerSnapshot{}}});
    epoch.best = true;
    return epoch;
}

} // namespace

void TestEvents::epochsComeBackWhole() {
    const auto epoch = sample();
    const auto again = epochDoneFromJson(parseJson(dumpJson(toJson(epoch)), "test"), "test");
    QVERIFY(*again.weights == *epoch.weights);
    QVERIFY(again.values.at("train_loss") == epoch.values.at("train_loss"));
    QVERIFY(std::isnan(again.values.at("validation_loss")));
    QVERIFY(again.stepLosses == epoch.stepLosses);
    QCOMPARE(again.epoch, epoch.epoch);
    QVERIFY(again.best);
}

void TestEvents::reportsComeBackWhole() {
    RunReport report;
    report.layers = {{"conv1.weight",
                      "conv",
                      {16, 3, 3, 3},
                      {16, 32, 32},
                      432,
                      442368,
                      "inq",
                      5,
                      17,
                      8,
                      false,
                      true,
                      "why"}};
    report.memory = {269722, 267264, 1e7, 2e6, 6.4, 6.2};
    report.macs = 40551040;
    report.trainingBytes = 1.5e9;
    report.notes = {"a note"};
    QVERIFY(runReportFromJson(parseJson(dumpJson(toJson(report)), "test"), "test") == report);
}

void TestEvents::statesComeBack() {
    for (const auto state : {RunState::Queued, RunState::Running, RunState::Paused, RunState::Stopped,
                             RunState::Finished, RunState::Failed})
        QVERIFY(runStateFromString(quantarium::toString(state), "test") == state);
    QVERIFY_THROWS_EXCEPTION(Error, runStateFromString("dreaming", "test"));
}

void TestEvents::refusesWhatIsNoRecord() {
    const auto whole = toJson(sample());
    for (const auto& [key, value] : whole.items()) {
        auto cut = whole;
        cut.erase(key);
        QVERIFY_THROWS_EXCEPTION(Error, epochDoneFromJson(cut, "test"));
        cut[key] = "something else";
        QVERIFY_THROWS_EXCEPTION(Error, epochDoneFromJson(cut, "test"));
    }
    QVERIFY_THROWS_EXCEPTION(Error, runReportFromJson(Json::array(), "test"));
}

void TestEvents::everyEventSaysItsKind() {
    QCOMPARE(toJson(RunEvent(RunStarted{})).at("event").get<std::string>(), std::string("started"));
    QCOMPARE(toJson(RunEvent(Progress{})).at("event").get<std::string>(), std::string("progress"));
    QCOMPARE(toJson(RunEvent(sample())).at("event").get<std::string>(), std::string("epoch"));
    QCOMPARE(toJson(RunEvent(WeightsSeen{})).at("event").get<std::string>(), std::string("weights"));
    const Json noted{{"event", "note"}, {"notes", {"a.JPEG is left out"}}};
    QVERIFY(toJson(RunEvent(Noted{{"a.JPEG is left out"}})) == noted);
    QCOMPARE(toJson(RunEvent(RunEnded{})).at("event").get<std::string>(), std::string("ended"));
}

QTEST_GUILESS_MAIN(TestEvents)
#include "tst_events.moc"
