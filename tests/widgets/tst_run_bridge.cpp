// SPDX-License-Identifier: GPL-3.0-or-later
#include <filesystem>
#include <fstream>

#include <QDir>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "widgets/bridge/laboratory_setup.h"
#include "widgets/bridge/run_bridge.h"

using namespace quantarium;
using namespace quantarium::widgets;

namespace {

constexpr int kPatienceMs =
    120000; ///< for slow machines under sanitizers; everything returns as soon as it happens

/// A run of a few seconds on generated images.
RunConfig smallConfig(const char* name, std::int64_t epochs = 2) {
    RunConfig config;
    config.name = name;
    config.dataset.id = "shapes10";
    config.dataset.limit = 200;
    config.dataset.testLimit = 50;
    config.network.id = "mlp";
    config.training.epochs = epochs;
    config.training.batch = 20;
    config.machine.threads = 1;
    return config;
}

} // namespace

/// RunBridge over a real laboratory.
class RunBridgeTest : public QObject {
    Q_OBJECT
private slots:
    void init();
    void aRunIsSeenLiveAndFoundAgain();
    void aPausedRunResumes();
    void deleteAndUndo();
    void renameAndExport();
    void wrongConfigurationIsAMessage();
    void anUnusableFolderIsExplained();
    void aFailedRunSaysWhy();
    void closingCheckpointsWhatRuns();
    void schemaDescribesTheRegistries();
    void onlyTheNewestPlanArrives();
    void aPlanOpensTheFileToStartFrom();

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    QString workspace() const { return m_folder->filePath(QStringLiteral("workspace")); }
    bool open(RunBridge& bridge) const {
        bridge.openWorkspace(workspace());
        return QTest::qWaitFor([&] { return bridge.workspaceState() == WorkspaceState::Open; }, kPatienceMs);
    }
    static bool waitForState(const RunBridge& bridge, RunState state) {
        return QTest::qWaitFor([&] { return bridge.rowCount() > 0 && bridge.row(0).state == state; },
                               kPatienceMs);
    }
    static bool waitIdle(const RunBridge& bridge) {
        return QTest::qWaitFor([&] { return !bridge.busy(); }, kPatienceMs);
    }
};

void RunBridgeTest::init() {
    m_folder = std::make_unique<QTemporaryDir>();
}

void RunBridgeTest::aRunIsSeenLiveAndFoundAgain() {
    QString id;
    Curve accuracy;
    {
        RunBridge bridge;
        QVERIFY(open(bridge));
        QSignalSpy series(&bridge, &RunSource::seriesChanged);
        bridge.start({smallConfig("seen")});
        QVERIFY(waitForState(bridge, RunState::Finished));
        QVERIFY(waitIdle(bridge));
        id = bridge.row(0).id;
        QCOMPARE(bridge.row(0).name, QStringLiteral("seen"));
        QCOMPARE(bridge.row(0).epochsDone, qint64{2});
        QVERIFY(bridge.row(0).checked && bridge.row(0).colour >= 0);
        QCOMPARE(bridge.currentRun(), id);
        QVERIFY(!series.isEmpty());
        QCOMPARE(bridge.stepLosses(id).x.size(), 18); // 180 training images, 20 a step, twice
        accuracy = bridge.series(id, QStringLiteral("validation_top1"));
        QCOMPARE(accuracy.x, (QVector<double>{1, 2}));
        QVERIFY(bridge.snapshot(id, -1) != nullptr);
    }
    RunBridge again;
    QVERIFY(open(again));
    QCOMPARE(again.rowCount(), 1);
    QVERIFY(again.row(0).state == RunState::Finished);
    QVERIFY(
        again.series(id, QStringLiteral("validation_top1")).x.isEmpty()); // read in the background, not here
    QVERIFY(QTest::qWaitFor([&] { return !again.series(id, QStringLiteral("validation_top1")).x.isEmpty(); },
                            kPatienceMs));
    QCOMPARE(again.series(id, QStringLiteral("validation_top1")).y, accuracy.y);
    QCOMPARE(again.stepLosses(id).x.size(), 18);
    QVERIFY(!again.snapshot(id, 1));
    QVERIFY(QTest::qWaitFor([&] { return again.snapshot(id, 1) != nullptr; }, kPatienceMs));
    QCOMPARE(again.snapshot(id, 1)->epoch, std::int64_t{1});
}

void RunBridgeTest::aPausedRunResumes() {
    RunBridge bridge;
    QVERIFY(open(bridge));
    bridge.start({smallConfig("long", 50)});
    QVERIFY(
        QTest::qWaitFor([&] { return bridge.rowCount() > 0 && bridge.row(0).epochsDone >= 1; }, kPatienceMs));
    const auto id = bridge.row(0).id;
    bridge.pause({id});
    QVERIFY(waitForState(bridge, RunState::Paused));
    QVERIFY(waitIdle(bridge));
    const auto before = bridge.row(0).epochsDone;
    QVERIFY(before < 50);
    bridge.resume({id});
    QVERIFY(QTest::qWaitFor(
        [&] { return bridge.row(0).state == RunState::Running && bridge.row(0).epochsDone > before; },
        kPatienceMs));
    const auto curve = bridge.series(id, QStringLiteral("validation_top1"));
    for (int i = 0; i < curve.x.size(); ++i)
        QCOMPARE(curve.x[i], i + 1.0); // no gap where it was paused
    bridge.stop({id});
    QVERIFY(waitForState(bridge, RunState::Stopped));
}

void RunBridgeTest::deleteAndUndo() {
    RunBridge bridge;
    QVERIFY(open(bridge));
    bridge.start({smallConfig("one", 1), smallConfig("two", 1)});
    QVERIFY(QTest::qWaitFor(
        [&] {
            return bridge.rowCount() == 2 && bridge.row(0).state == RunState::Finished &&
                   bridge.row(1).state == RunState::Finished;
        },
        kPatienceMs));
    QVERIFY(waitIdle(bridge));
    const auto older = bridge.row(1).id;
    bridge.moveToBin({older});
    QVERIFY(QTest::qWaitFor([&] { return bridge.rowCount() == 1; }, kPatienceMs));
    QCOMPARE(bridge.undoableRuns(), 1);
    bridge.undoBin();
    QVERIFY(QTest::qWaitFor([&] { return bridge.rowCount() == 2; }, kPatienceMs));
    QCOMPARE(bridge.row(1).id, older);
    QCOMPARE(bridge.undoableRuns(), 0);
}

void RunBridgeTest::renameAndExport() {
    RunBridge bridge;
    QVERIFY(open(bridge));
    bridge.start({smallConfig("plain", 1)});
    QVERIFY(waitForState(bridge, RunState::Finished));
    const auto id = bridge.row(0).id;
    bridge.rename(id, QStringLiteral("my baseline"));
    QVERIFY(
        QTest::qWaitFor([&] { return bridge.row(0).name == QStringLiteral("my baseline"); }, kPatienceMs));
    const auto file = m_folder->filePath(QStringLiteral("table.csv"));
    QSignalSpy messages(&bridge, &RunDesk::message);
    bridge.exportResults({id}, QStringLiteral("csv"), file);
    QVERIFY(waitIdle(bridge));
    QFile table(file);
    QVERIFY(table.open(QIODevice::ReadOnly));
    QVERIFY(table.readAll().contains("my baseline"));
    bridge.exportResults({id}, QStringLiteral("csv"), QStringLiteral("/nonexistent/table.csv"));
    QVERIFY(waitIdle(bridge));
    QCOMPARE(messages.size(), 2);
    QVERIFY(messages[1][0].value<MessageKind>() == MessageKind::Problem);
    QVERIFY(messages[1][1].toString().contains(QStringLiteral("/nonexistent")));
}

void RunBridgeTest::wrongConfigurationIsAMessage() {
    RunBridge bridge;
    QVERIFY(open(bridge));
    QSignalSpy messages(&bridge, &RunDesk::message);
    auto config = smallConfig("wrong");
    config.weights.method = "inq";
    config.weights.bits = 30;
    bridge.start({config});
    QVERIFY(QTest::qWaitFor([&] { return !messages.isEmpty(); }, kPatienceMs));
    QVERIFY(messages[0][1].toString().contains(QStringLiteral("weights.bits")));
    QCOMPARE(bridge.rowCount(), 0);
}

void RunBridgeTest::anUnusableFolderIsExplained() {
    std::ofstream(workspace().toStdString()) << "a file, not a folder";
    RunBridge bridge;
    bridge.openWorkspace(workspace());
    QVERIFY(QTest::qWaitFor([&] { return bridge.workspaceState() == WorkspaceState::Failed; }, kPatienceMs));
    QVERIFY(bridge.workspaceProblem().contains(workspace()));
    QFile::remove(workspace());
    QVERIFY(open(bridge)); // after the person has removed the cause
}

void RunBridgeTest::aFailedRunSaysWhy() {
    RunBridge bridge;
    QVERIFY(open(bridge));
    QSignalSpy messages(&bridge, &RunDesk::message);
    auto config = smallConfig("explodes", 5);
    config.training.optimizer.options = {{"lr", 1000}};
    bridge.start({config});
    QVERIFY(waitForState(bridge, RunState::Failed));
    QVERIFY(!bridge.row(0).reason.isEmpty());
    QVERIFY(QTest::qWaitFor([&] { return !messages.isEmpty(); }, kPatienceMs));
    QVERIFY(messages[0][1].toString().contains(bridge.row(0).reason));
}

void RunBridgeTest::closingCheckpointsWhatRuns() {
    QString id;
    int colour = -1;
    double progress = 0;
    {
        RunBridge bridge;
        QVERIFY(open(bridge));
        bridge.start({smallConfig("first", 1), smallConfig("long", 1000)});
        QVERIFY(QTest::qWaitFor([&] { return bridge.rowCount() > 0 && bridge.row(0).epochsDone >= 2; },
                                kPatienceMs));
        id = bridge.row(0).id;
        colour = bridge.row(0).colour;
        QSignalSpy closed(&bridge, &RunDesk::closed);
        bridge.shutDown();
        QVERIFY(QTest::qWaitFor([&] { return !closed.isEmpty(); }, kPatienceMs));
        progress = bridge.row(0).progress;
    }
    RunBridge again;
    QVERIFY(open(again));
    QCOMPARE(again.row(0).id, id);
    QVERIFY(again.row(0).state == RunState::Stopped);
    QVERIFY(again.row(0).epochsDone >= 2);
    QVERIFY(again.row(0).seconds > 0);
    QCOMPARE(again.row(0).colour, colour);
    QVERIFY(colour != again.row(1).colour);
    QVERIFY(progress - again.row(0).progress < 0.001); // at most the epoch in progress
    QVERIFY(!again.row(0).reason.isEmpty());           // says how to resume
}

void RunBridgeTest::schemaDescribesTheRegistries() {
    const LaboratorySetup setup;
    const auto& schema = setup.schema();
    QVERIFY(schema.dataset("shapes10") && schema.dataset("shapes10")->available);
    QVERIFY(schema.method("inq") && schema.method("inq")->minimumBits == 2 &&
            schema.method("inq")->maximumBits == 9);
    QVERIFY(schema.activation("pact") && schema.activation("pact")->defaultBits < 32);
    QVERIFY(!schema.activation("none"));
    QVERIFY(findEntry(schema.networks, "resnet20"));
    QVERIFY(findEntry(schema.optimizers, "sgd"));
    QVERIFY(setup.check(smallConfig("fine")).isEmpty());
    auto wrong = smallConfig("wrong");
    wrong.training.optimizer.options = {{"lr", -1}};
    QCOMPARE(setup.check(wrong).front().key, QStringLiteral("training.optimizer.options.lr"));
}

void RunBridgeTest::onlyTheNewestPlanArrives() {
    LaboratorySetup setup;
    QSignalSpy planned(&setup, &SetupService::planned);
    for (int i = 0; i < 5; ++i)
        setup.requestPlan(smallConfig("plan"));
    auto last = smallConfig("last");
    last.network.id = "lenet5";
    setup.requestPlan(last);
    QVERIFY(QTest::qWaitFor([&] { return !planned.isEmpty(); }, kPatienceMs));
    QCOMPARE(planned.size(), 1);
    const auto report = planned[0][0].value<RunReport>();
    QVERIFY(report.memory.parameters > 0);
    QVERIFY(std::any_of(report.layers.begin(), report.layers.end(),
                        [](const LayerReport& layer) { return layer.kind == "conv"; }));
}

void RunBridgeTest::aPlanOpensTheFileToStartFrom() {
    LaboratorySetup setup;
    QSignalSpy failed(&setup, &SetupService::planFailed);
    auto config = smallConfig("start");
    config.start.from = "file";
    config.start.path = "/nonexistent/weights.pt";
    setup.requestPlan(config);
    QVERIFY(QTest::qWaitFor([&] { return !failed.isEmpty(); }, kPatienceMs));
    const auto reason = failed[0][0].toString();
    QVERIFY2(reason.contains("/nonexistent/weights.pt: there is no such file"), qPrintable(reason));
}

QTEST_MAIN(RunBridgeTest)
#include "tst_run_bridge.moc"
