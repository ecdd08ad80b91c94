// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/base/error.h"
#include "core/study/laboratory.h"
#include "core/study/run_import.h"
#include "core/train/resolve.h"
#include "core/train/run_folder.h"
#include "core/train/trainer.h"
#include "tests/support/compare.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using namespace quantarium::testing;

class TestLaboratory : public QObject {
    Q_OBJECT
private slots:
    void recordsARunWhole();
    void sharesTheFloatRun();
    void repeatsFormAGroup();
    void refusesBeforeAnythingIsQueued();
    void startsFromAFinishedRunOnly();
    void resumesAfterAPause();
    void importsWhatACrashLeftUnrecorded();
    void adoptsARunFolderMadeElsewhere();
    void observersCanLeave();
};

void TestLaboratory::recordsARunWhole() {
    const TemporaryFolder folder;
    std::string id;
    Json result;
    {
        study::Laboratory laboratory(folder.path());
        id = laboratory.submit(smallRun("rdhs", 2)).at(0);
        laboratory.waitIdle();
    }
    study::Laboratory again(folder.path());
    const auto record = again.workspace().at(id);
    QVERIFY2(record.state == RunState::Finished, record.reason.c_str());
    QCOMPARE(record.epochsDone, 2);
    QVERIFY(record.report.has_value());
    QVERIFY(record.environment.contains("libtorch"));
    QVERIFY(record.result.at("best").contains("test_top1"));
    QCOMPARE(again.workspace().series(id, "train_loss").size(), std::size_t{2});
    QCOMPARE(again.workspace().stepLosses(id).size(), std::size_t{8});
    const auto snapshot = again.workspace().snapshot(id, 2);
    QVERIFY(snapshot != nullptr);
    QCOMPARE(snapshot->layers.size(), std::size_t{5});
    std::int64_t counted = 0;
    for (const auto& level : snapshot->layers[1].levels)
        counted += level.count;
    QCOMPARE(counted, snapshot->layers[1].elements);
}

void TestLaboratory::sharesTheFloatRun() {
    const TemporaryFolder folder;
    study::Laboratory laboratory(folder.path());
    auto config = smallRun("inq", 5);
    config.start.from = "float";
    config.start.floatEpochs = 1;
    const auto first = laboratory.submit(config);
    QCOMPARE(first.size(), std::size_t{2}); // its float run, itself
    config.weights.bits = 3;
    const auto second = laboratory.submit(config);
    QCOMPARE(second.size(), std::size_t{1}); // the float run is on its way already
    laboratory.waitIdle();
    laboratory.flush();
    config.weights.bits = 4;
    const auto third = laboratory.submit(config);
    QCOMPARE(third.size(), std::size_t{1}); // and is found again when it has finished
    laboratory.waitIdle();
    laboratory.flush();
    for (const auto& id : {first[1], second[0], third[0]}) {
        QCOMPARE(laboratory.workspace().at(id).startRun, first[0]);
        QVERIFY2(laboratory.workspace().at(id).state == RunState::Finished,
                 laboratory.workspace().at(id).reason.c_str());
    }
}

void TestLaboratory::repeatsFormAGroup() {
    const TemporaryFolder folder;
    study::Laboratory laboratory(folder.path());
    auto config = smallRun("float", 32, 1);
    config.training.repeats = 3;
    const auto ids = laboratory.submit(config);
    QCOMPARE(ids.size(), std::size_t{3});
    laboratory.waitIdle();
    laboratory.flush();
    store::RunFilter filter;
    filter.group = laboratory.workspace().at(ids[0]).group;
    QVERIFY(!filter.group.empty());
    QCOMPARE(laboratory.workspace().list(filter).size(), std::size_t{3});
    std::set<std::uint64_t> seeds;
    for (const auto& id : ids)
        seeds.insert(laboratory.workspace().at(id).config.seed);
    QCOMPARE(seeds.size(), std::size_t{3});
}

void TestLaboratory::refusesBeforeAnythingIsQueued() {
    const TemporaryFolder folder;
    study::Laboratory laboratory(folder.path());
    QVERIFY_THROWS_EXCEPTION(Error, laboratory.submit(smallRun("inq", 1)));
    auto config = smallRun("inq", 3);
    config.weights.overrides["nothing"] = {{"bits", 2}};
    QVERIFY_THROWS_EXCEPTION(Error, laboratory.submit(config));
    auto huge = smallRun();
    huge.network.id = "resnet56";
    huge.training.batch = 1000000;
    try {
        laboratory.submit(huge);
        QFAIL("a run of more memory than there is was accepted");
    } catch (const Error& error) {
        QVERIFY(error.kind() == ErrorKind::Resource);
        QVERIFY2(std::string(error.what()).find("smaller batch") != std::string::npos, error.what());
    }
    QVERIFY(laboratory.workspace().list().empty());
    QVERIFY(laboratory.idle());
}

void TestLaboratory::startsFromAFinishedRunOnly() {
    const TemporaryFolder folder;
    study::Laboratory laboratory(folder.path());
    auto config = smallRun("inq", 3, 1);
    config.start.from = "run";
    config.start.path = "20000101-000000-dead";
    QVERIFY_THROWS_EXCEPTION(Error, laboratory.submit(config));
    config.start.path = laboratory.submit(smallRun("float", 32, 1)).at(0);
    const auto id = laboratory.submit(config).at(0);
    laboratory.waitIdle();
    laboratory.flush();
    QVERIFY2(laboratory.workspace().at(id).state == RunState::Finished,
             laboratory.workspace().at(id).reason.c_str());
}

void TestLaboratory::resumesAfterAPause() {
    const TemporaryFolder folder;
    study::Laboratory laboratory(folder.path());
    const auto id = laboratory.submit(smallRun("sgt", 1, 6)).at(0);
    laboratory.pause(id);
    laboratory.waitIdle();
    laboratory.flush();
    QVERIFY(laboratory.workspace().at(id).state == RunState::Paused);
    laboratory.resume(id);
    laboratory.waitIdle();
    laboratory.flush();
    QVERIFY2(laboratory.workspace().at(id).state == RunState::Finished,
             laboratory.workspace().at(id).reason.c_str());
    QCOMPARE(laboratory.workspace().at(id).epochsDone, 6);
    QVERIFY_THROWS_EXCEPTION(Error, laboratory.resume(id));
}

void TestLaboratory::importsWhatACrashLeftUnrecorded() {
    const TemporaryFolder folder;
    std::string id;
    {
        study::Laboratory laboratory(folder.path());
        id = laboratory.submit(smallRun("float", 32, 3)).at(0);
        laboratory.waitIdle();
        laboratory.flush();
    }
    { // The state after a crash in which the store had only seen the first epoch.
        store::Workspace workspace(folder.path(), store::Access::Write);
        workspace.dropEpochsAfter(id, 1);
        workspace.recordState(id, RunState::Running);
        train::RunFolder(workspace.runFolder(id)).removeResult();
    }
    study::Laboratory laboratory(folder.path());
    auto record = laboratory.workspace().at(id);
    QVERIFY(record.state == RunState::Stopped);
    QCOMPARE(record.epochsDone, 3);
    QVERIFY2(record.reason.find("resumed") != std::string::npos, record.reason.c_str());
    laboratory.resume(id);
    laboratory.waitIdle();
    laboratory.flush();
    record = laboratory.workspace().at(id);
    QVERIFY2(record.state == RunState::Finished, record.reason.c_str());
    QVERIFY(record.result.at("best").contains("test_top1"));
}

void TestLaboratory::adoptsARunFolderMadeElsewhere() {
    const TemporaryFolder folder;
    { study::Laboratory laboratory(folder.path()); }
    EventLog log;
    const auto config = train::resolve(smallRun(), train::Registries::builtin());
    const std::string id = "20260101-000000-cafe";
    train::runTraining(id, config, train::RunFolder(folder.path() / "runs" / id), {},
                       train::Registries::builtin(), log, {});
    study::Laboratory laboratory(folder.path());
    const auto record = laboratory.workspace().at(id);
    QVERIFY2(record.state == RunState::Finished, record.reason.c_str());
    QCOMPARE(record.epochsDone, 2);
    QVERIFY(record.report.has_value());
}

void TestLaboratory::observersCanLeave() {
    const TemporaryFolder folder;
    study::Laboratory laboratory(folder.path());
    {
        EventLog log;
        laboratory.addObserver(&log);
        laboratory.submit(smallRun("float", 32, 1));
        laboratory.waitIdle();
        QCOMPARE(log.all<RunEnded>().size(), std::size_t{1});
        laboratory.removeObserver(&log);
    }
    laboratory.submit(smallRun("float", 32, 1));
    laboratory.waitIdle();
}

QTEST_GUILESS_MAIN(TestLaboratory)
#include "tst_laboratory.moc"
