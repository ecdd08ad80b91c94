// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <thread>

#include <QTemporaryDir>
#include <QTest>

#include "widgets/bridge/delay_monitor.h"
#include "widgets/bridge/event_mailbox.h"
#include "widgets/bridge/run_rows.h"
#include "widgets/bridge/series_cache.h"
#include "widgets/bridge/snapshot_cache.h"
#include "widgets/bridge/worker.h"

using namespace quantarium;
using namespace quantarium::widgets;

namespace {

std::shared_ptr<const WeightSnapshot> snapshotAt(std::int64_t step) {
    auto snapshot = std::make_shared<WeightSnapshot>();
    snapshot->step = step;
    return snapshot;
}

Progress progressAt(std::int64_t step, std::vector<double> losses) {
    Progress progress;
    progress.step = step;
    progress.totalSteps = 100;
    progress.losses = std::move(losses);
    return progress;
}

EpochDone epochAt(std::int64_t epoch, std::int64_t stepsEach, double accuracy, bool best = false) {
    EpochDone done;
    done.epoch = epoch;
    done.step = epoch * stepsEach;
    done.values = {{"validation_top1", accuracy}, {"seconds", 2.0}};
    done.stepLosses.assign(static_cast<std::size_t>(stepsEach), 1.0 / static_cast<double>(epoch));
    done.best = best;
    return done;
}

store::RunRecord recordOf(const char* id, const char* method, std::uint64_t seed = 1,
                          RunState state = RunState::Finished) {
    store::RunRecord record;
    record.id = id;
    record.name = std::string("name of ") + id;
    record.state = state;
    record.config.dataset.id = "shapes10";
    record.config.network.id = "mlp";
    record.config.weights.method = method;
    record.config.seed = seed;
    record.config.training.epochs = 4;
    return record;
}

RunEntry entryOf(const char* id, const char* method, std::uint64_t seed = 1,
                 RunState state = RunState::Finished) {
    return entryFromRecord(recordOf(id, method, seed, state));
}

} // namespace

class EventMailboxTest : public QObject {
    Q_OBJECT
private slots:
    void wakesOncePerEmptyMailbox();
    void newestSnapshotWins();
    void lossesAreKeptUpToABound();
    void anEpochReplacesItsLosses();
    void startAndEndSurviveAFlood();
    void resumingBeginsANewLetter();
    void threadsMayWriteAtOnce();
    void watchesOnlyWhatIsAskedFor();
    void seriesJoinRecordedAndLivePoints();
    void aRestartForgetsLaterEpochs();
    void liveLossesGiveWayToTheEpoch();
    void rowsFollowLetters();
    void notesJoinTheRowsReport();
    void progressDoesntFallBackOnPause();
    void differenceToFloatIsTheStores();
    void coloursFollowTheOrderOfCreation();
    void secondsOfAStoppedRunAreItsEpochs();
    void snapshotsAreForgottenWhenRunsGoOnFromBefore();
    void delayPercentile();
    void workerFinishesEverything();
};

void EventMailboxTest::wakesOncePerEmptyMailbox() {
    int wakes = 0;
    EventMailbox mailbox([&] { ++wakes; });
    for (int i = 1; i <= 100; ++i)
        mailbox.onEvent("a", progressAt(i, {0.5}));
    QCOMPARE(wakes, 1);
    QCOMPARE(mailbox.take().size(), std::size_t{1});
    QVERIFY(mailbox.take().empty());
    mailbox.onEvent("a", progressAt(101, {}));
    QCOMPARE(wakes, 2);
}

void EventMailboxTest::newestSnapshotWins() {
    EventMailbox mailbox([] {});
    for (int i = 1; i <= 10; ++i)
        mailbox.onEvent("a", WeightsSeen{snapshotAt(i)});
    const auto letters = mailbox.take();
    QCOMPARE(letters.front().weights->step, std::int64_t{10});
}

void EventMailboxTest::lossesAreKeptUpToABound() {
    EventMailbox mailbox([] {});
    const std::size_t all = EventMailbox::kMaximumLosses + 500;
    for (std::size_t i = 0; i < all; i += 100)
        mailbox.onEvent("a", progressAt(static_cast<std::int64_t>(i) + 100,
                                        std::vector<double>(100, static_cast<double>(i))));
    const auto letter = mailbox.take().front();
    QCOMPARE(letter.progress->losses.size(), EventMailbox::kMaximumLosses);
    QCOMPARE(letter.lossesDropped, std::int64_t{500});
    QCOMPARE(letter.progress->losses.back(), static_cast<double>(all - 100)); // the newest are kept
}

void EventMailboxTest::anEpochReplacesItsLosses() {
    EventMailbox mailbox([] {});
    mailbox.onEvent("a", progressAt(3, {1, 2, 3}));
    mailbox.onEvent("a", epochAt(1, 4, 50));
    mailbox.onEvent("a", progressAt(5, {9}));
    const auto letter = mailbox.take().front();
    QCOMPARE(letter.epochs.size(), std::size_t{1});
    QCOMPARE(letter.progress->losses, std::vector<double>{9});
}

void EventMailboxTest::startAndEndSurviveAFlood() {
    EventMailbox mailbox([] {});
    RunStarted started;
    started.totalEpochs = 7;
    mailbox.onEvent("a", started);
    for (int i = 0; i < 50000; ++i)
        mailbox.onEvent("a", progressAt(i, {1.0}));
    for (int i = 1; i <= 20; ++i) {
        auto epoch = epochAt(i, 1, i);
        epoch.weights = snapshotAt(i);
        mailbox.onEvent("a", epoch);
    }
    mailbox.onEvent("a", RunEnded{RunState::Failed, "loss is not finite", {}});
    const auto letters = mailbox.take();
    QCOMPARE(letters.size(), std::size_t{1});
    QCOMPARE(letters[0].started->totalEpochs, std::int64_t{7});
    QCOMPARE(letters[0].epochs.size(), std::size_t{20});
    QCOMPARE(letters[0].snapshotEpochs.size(), std::size_t{20});
    QVERIFY(!letters[0].epochs[0].weights); // only the newest few keep theirs
    QVERIFY(letters[0].epochs[19].weights != nullptr);
    QCOMPARE(letters[0].ended->reason, std::string("loss is not finite"));
}

void EventMailboxTest::resumingBeginsANewLetter() {
    EventMailbox mailbox([] {});
    mailbox.onEvent("a", RunEnded{RunState::Paused, "", {}});
    mailbox.onEvent("b", progressAt(1, {}));
    mailbox.onEvent("a", RunStarted{});
    mailbox.onEvent("a", progressAt(2, {}));
    const auto letters = mailbox.take();
    QCOMPARE(letters.size(), std::size_t{3});
    QVERIFY(letters[0].ended && !letters[0].started);
    QVERIFY(letters[2].started && letters[2].progress && !letters[2].ended);
}

void EventMailboxTest::threadsMayWriteAtOnce() {
    constexpr int kThreads = 4;
    constexpr int kEpochs = 500;
    EventMailbox mailbox([] {});
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            for (int i = 1; i <= kEpochs; ++i)
                mailbox.onEvent(std::to_string(t), epochAt(i, 1, i));
            mailbox.onEvent(std::to_string(t), RunEnded{});
        });
    std::map<std::string, std::int64_t> last;
    int ends = 0;
    while (ends < kThreads)
        for (const auto& letter : mailbox.take()) {
            for (const auto& epoch : letter.epochs) {
                QCOMPARE(epoch.epoch, last[letter.runId] + 1); // none lost, none twice, in order
                last[letter.runId] = epoch.epoch;
            }
            if (letter.ended) ++ends;
        }
    for (auto& thread : threads)
        thread.join();
    for (const auto& [id, epoch] : last)
        QCOMPARE(epoch, std::int64_t{kEpochs});
    QCOMPARE(last.size(), std::size_t{kThreads});
}

void EventMailboxTest::watchesOnlyWhatIsAskedFor() {
    EventMailbox mailbox([] {});
    QVERIFY(!mailbox.watchesWeights("a"));
    mailbox.setWatched({"a"});
    QVERIFY(mailbox.watchesWeights("a"));
    QVERIFY(!mailbox.watchesWeights("b"));
}

void EventMailboxTest::seriesJoinRecordedAndLivePoints() {
    RunSeries series;
    series.begin(2); // resumed after two epochs
    QVERIFY(series.recorded == RunSeries::Recorded::NotRead);
    series.addEpoch(epochAt(3, 2, 70));
    RecordedSeries recorded;
    recorded.byName["validation_top1"] = {
        {1, 50}, {2, 60}, {3, 99}}; // 3 may be there already; the live one counts
    recorded.byName["seconds"] = {{1, 1}, {2, 1}};
    recorded.stepLosses = {{1, 9}, {2, 8}, {3, 7}, {4, 6}, {5, 99}, {6, 99}};
    recorded.snapshotEpochs = {1, 2};
    series.setRecorded(recorded);
    const auto accuracy = series.byEpoch(QStringLiteral("validation_top1"));
    QCOMPARE(accuracy.x, (QVector<double>{1, 2, 3}));
    QCOMPARE(accuracy.y, (QVector<double>{50, 60, 70}));
    const auto steps = series.stepLosses();
    QCOMPARE(steps.x, (QVector<double>{1, 2, 3, 4, 5, 6}));
    QCOMPARE(steps.y[4], 1.0 / 3);
    QCOMPARE(series.seconds().y, (QVector<double>{1, 2, 4}));
    QCOMPARE(series.snapshotEpochs(), (QVector<qint64>{1, 2}));
}

void EventMailboxTest::aRestartForgetsLaterEpochs() {
    RunSeries series;
    series.begin(0);
    for (int i = 1; i <= 3; ++i)
        series.addEpoch(epochAt(i, 2, i));
    series.begin(1);
    QCOMPARE(series.byEpoch(QStringLiteral("validation_top1")).x, (QVector<double>{1}));
    series.addEpoch(epochAt(2, 2, 77));
    QCOMPARE(series.byEpoch(QStringLiteral("validation_top1")).y, (QVector<double>{1, 77}));
    QCOMPARE(series.stepLosses().x, (QVector<double>{1, 2, 3, 4}));
}

void EventMailboxTest::liveLossesGiveWayToTheEpoch() {
    RunSeries series;
    series.begin(0);
    series.addLosses({5, 4}, 2);
    series.addLosses({3}, 3);
    QCOMPARE(series.stepLosses().y, (QVector<double>{5, 4, 3}));
    series.addEpoch(epochAt(1, 4, 50));
    QCOMPARE(series.stepLosses().y, (QVector<double>{1, 1, 1, 1}));
    series.addLosses({0.5}, 5);
    QCOMPARE(series.stepLosses().x, (QVector<double>{1, 2, 3, 4, 5}));
}

void EventMailboxTest::rowsFollowLetters() {
    RunRows rows;
    rows.reset({entryOf("b", "inq", 1, RunState::Queued), entryOf("a", "float")});
    RunLetter letter;
    letter.runId = "b";
    letter.started.emplace().totalEpochs = 4;
    letter.epochs = {epochAt(1, 25, 40, true), epochAt(2, 25, 35)};
    letter.progress = progressAt(60, {});
    letter.progress->epoch = 2;
    letter.progress->phase = "training";
    rows.apply(rows.indexOf("b"), letter);
    const auto& row = rows.row(0);
    QVERIFY(row.state == RunState::Running);
    QCOMPARE(row.epochsDone, qint64{2});
    QCOMPARE(row.progress, 0.6);
    QCOMPARE(row.best.value(QStringLiteral("validation_top1")), 40.0);
    QCOMPARE(row.last.value(QStringLiteral("validation_top1")), 35.0);
    QCOMPARE(row.bestEpoch, qint64{1});
    QCOMPARE(row.seconds, 4.0);
    QCOMPARE(rows.entry(0).generation, 1);
    RunLetter end;
    end.ended = RunEnded{RunState::Failed, "no memory", {}};
    rows.apply(0, end);
    QVERIFY(row.state == RunState::Failed);
    QCOMPARE(row.reason, QStringLiteral("no memory"));
    QCOMPARE(rows.entry(0).generation, 2);
    rows.remove(0);
    QCOMPARE(rows.indexOf("a"), 0);
    QCOMPARE(rows.indexOf("b"), -1);
    rows.insert(1, entryOf("b", "inq"));
    QCOMPARE(rows.indexOf("b"), 1);
}

void EventMailboxTest::notesJoinTheRowsReport() {
    EventMailbox mailbox([] {});
    RunStarted started;
    started.report.notes = {"761 images"};
    mailbox.onEvent("a", started);
    mailbox.onEvent("a", Noted{{"x.JPEG is left out"}});
    mailbox.onEvent("a", Noted{{"y.JPEG is left out"}});
    RunRows rows;
    rows.reset({entryOf("a", "inq", 1, RunState::Queued)});
    for (const auto& letter : mailbox.take())
        rows.apply(0, letter);
    const std::vector<std::string> expected{"761 images", "x.JPEG is left out", "y.JPEG is left out"};
    QVERIFY(rows.row(0).report && rows.row(0).report->notes == expected);
}

void EventMailboxTest::progressDoesntFallBackOnPause() {
    RunRows rows;
    rows.reset({entryOf("b", "inq", 1, RunState::Queued)});
    RunLetter letter;
    letter.started.emplace().totalEpochs = 4;
    letter.epochs = {epochAt(1, 25, 40, true)};
    letter.progress = progressAt(35, {});
    letter.progress->epoch = 1;
    rows.apply(0, letter);
    RunLetter end;
    end.ended = RunEnded{RunState::Paused, "Checkpointed", {}};
    rows.apply(0, end);
    auto recorded = entryOf("b", "inq", 1, RunState::Paused);
    recorded.row.epochsDone = 1;
    recorded.row.progress = 0.25; // the store knows whole epochs
    rows.refresh(0, recorded);
    QCOMPARE(rows.row(0).progress, 0.35);
    RunLetter resumed;
    resumed.started.emplace().totalEpochs = 4;
    resumed.started->firstEpoch = 1;
    rows.apply(0, resumed);
    QCOMPARE(rows.row(0).progress, 0.35);
}

void EventMailboxTest::differenceToFloatIsTheStores() {
    const QTemporaryDir folder;
    store::Workspace workspace(folder.filePath(QStringLiteral("w")).toStdString(), store::Access::Write);
    const auto finish = [&](const store::RunRecord& record, double validation, double test) {
        workspace.addRun(record);
        auto epoch = epochAt(1, 1, validation, true);
        workspace.recordEpoch(record.id, epoch);
        Json best{{"validation_top1", validation}};
        if (test > 0) best["test_top1"] = test;
        workspace.recordEnded(record.id,
                              {RunState::Finished, {}, {{"best", best}, {"last", best}, {"seconds", 2.0}}});
    };
    finish(recordOf("a", "float"), 90, 88);
    finish(recordOf("b", "inq"), 89, 85);
    finish(recordOf("c", "inq", 2), 50, 40);                      // no float run with its seed
    workspace.addRun(recordOf("d", "inq", 1, RunState::Running)); // not finished
    auto tuned = recordOf("e", "rdhs", 7);                        // another seed, but its weights come from a
    tuned.startRun = "a";
    auto further = recordOf("f", "inq", 8);
    further.startRun = "e";
    finish(tuned, 91, 0); // was not tested: compared on validation data
    finish(further, 92, 90);
    const auto comparisons = compareToFloat(workspace);
    QCOMPARE(comparisons.size(), std::size_t{3});
    QCOMPARE(comparisons.at("e").points, 1.0);
    QVERIFY(!comparisons.at("e").onTest);
    QCOMPARE(comparisons.at("f").points, 2.0); // through e
    QCOMPARE(comparisons.at("b").points, -3.0);
    QVERIFY(comparisons.at("b").onTest);
    RunRows rows;
    std::vector<RunEntry> entries;
    for (const auto& record : workspace.list())
        entries.push_back(entryFromWorkspace(workspace, record));
    rows.reset(std::move(entries), creationOrder(workspace));
    const int row = rows.indexOf("b");
    QCOMPARE(rows.showComparisons(comparisons).size(), std::size_t{3});
    QCOMPARE(rows.row(row).deltaToFloat, std::optional<double>(-3));
    QVERIFY(rows.row(row).deltaReference.contains(QStringLiteral("name of a")));
    QVERIFY(rows.showComparisons(comparisons).empty());
    QCOMPARE(rows.showComparisons({}).size(), std::size_t{3});
    QVERIFY(!rows.row(row).deltaToFloat);
}

void EventMailboxTest::coloursFollowTheOrderOfCreation() {
    const auto colours = [](RunRows& rows) {
        QMap<QString, int> found;
        for (int i = 0; i < rows.size(); ++i)
            found.insert(rows.row(i).id, rows.row(i).colour);
        return found;
    };
    RunRows rows;
    rows.reset({entryOf("a", "float")}, {"gone", "a"});
    for (const char* id : {"b", "c", "d"})
        rows.insert(0, entryOf(id, "inq"));
    const auto before = colours(rows);
    QCOMPARE(before, (QMap<QString, int>{{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}}));
    RunRows again; // after a restart; c is in the bin
    again.reset({entryOf("d", "inq"), entryOf("b", "inq"), entryOf("a", "float")},
                {"gone", "a", "b", "c", "d"});
    QCOMPARE(again.row(0).colour, before["d"]);
    again.insert(1, entryOf("c", "inq")); // brought back
    QCOMPARE(colours(again), before);
    again.remove(1);
    again.insert(0, entryOf("e", "inq"));
    QCOMPARE(again.row(0).colour, 5);
}

void EventMailboxTest::secondsOfAStoppedRunAreItsEpochs() {
    const QTemporaryDir folder;
    store::Workspace workspace(folder.filePath(QStringLiteral("w")).toStdString(), store::Access::Write);
    workspace.addRun(recordOf("a", "inq", 1, RunState::Running));
    workspace.recordEpoch("a", epochAt(1, 1, 40, true));
    workspace.recordEpoch("a", epochAt(2, 1, 50, true));
    workspace.recordState("a", RunState::Stopped);
    QCOMPARE(entryFromWorkspace(workspace, workspace.at("a")).row.seconds, 4.0);
}

void EventMailboxTest::snapshotsAreForgottenWhenRunsGoOnFromBefore() {
    SnapshotCache cache;
    cache.add("a", 1, snapshotAt(1));
    cache.add("a", 2, snapshotAt(2));
    cache.setLive("a", snapshotAt(3));
    cache.dropAfter("a", 1);
    QVERIFY(cache.find("a", 1) != nullptr);
    QVERIFY(!cache.find("a", 2) && !cache.live("a"));
    for (std::int64_t i = 0; i < 100; ++i)
        cache.add("b", i, snapshotAt(i));
    QVERIFY(!cache.find("a", 1)); // bounded: the oldest left
    QCOMPARE(cache.find("b", 99)->step, std::int64_t{99});
}

void EventMailboxTest::delayPercentile() {
    DelayMonitor monitor;
    QCOMPARE(monitor.percentileMs(0.99), 0.0);
    for (int i = 1; i <= 200; ++i)
        monitor.addSample(i);
    QCOMPARE(monitor.percentileMs(0.99), 198.0);
    QCOMPARE(monitor.percentileMs(0.5), 100.0);
    QCOMPARE(monitor.percentileMs(1), 200.0);
}

void EventMailboxTest::workerFinishesEverything() {
    std::vector<int> done;
    {
        Worker worker;
        for (int i = 0; i < 100; ++i)
            worker.add([&done, i] { done.push_back(i); });
    }
    QCOMPARE(done.size(), std::size_t{100});
    QVERIFY(std::is_sorted(done.begin(), done.end()));
}

QTEST_GUILESS_MAIN(EventMailboxTest)
#include "tst_event_mailbox.moc"
