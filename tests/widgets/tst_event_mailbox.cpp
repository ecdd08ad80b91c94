// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <thread>

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

RunEntry entryOf(const char* id, const char* method, std::uint64_t seed = 1,
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
    return entryFromRecord(record);
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
    void differenceToFloatFollowsTheFloatRun();
    void coloursStayAndDiffer();
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

void EventMailboxTest::differenceToFloatFollowsTheFloatRun() {
    auto base = entryOf("a", "float");
    base.row.best = {{QStringLiteral("validation_top1"), 90}, {QStringLiteral("test_top1"), 88}};
    auto otherSeed = entryOf("b", "float", 2);
    otherSeed.row.best = {{QStringLiteral("validation_top1"), 10}};
    auto mine = entryOf("c", "inq");
    mine.row.best = {{QStringLiteral("validation_top1"), 89}};
    auto started = entryOf("d", "inq", 5);
    started.startRun = "b";
    started.row.best = {{QStringLiteral("validation_top1"), 12}};
    auto alone = entryOf("e", "inq", 9);
    alone.row.best = {{QStringLiteral("validation_top1"), 1}};
    RunRows rows;
    rows.reset({alone, started, mine, otherSeed, base});
    QCOMPARE(rows.row(2).deltaToFloat,
             std::optional<double>(-1)); // validation: only it has no test value yet
    QCOMPARE(rows.row(2).deltaReference, QStringLiteral("name of a"));
    QCOMPARE(rows.row(1).deltaToFloat, std::optional<double>(2));
    QVERIFY(!rows.row(0).deltaToFloat);
    QVERIFY(!rows.row(4).deltaToFloat);
    rows.entry(2).row.best.insert(QStringLiteral("test_top1"), 85);
    QCOMPARE(rows.updateDeltas(), std::vector<int>{2});
    QCOMPARE(rows.row(2).deltaToFloat, std::optional<double>(-3));
}

void EventMailboxTest::coloursStayAndDiffer() {
    std::vector<RunEntry> entries;
    for (int i = 0; i < 30; ++i)
        entries.push_back(entryOf(("r" + std::to_string(100 - i)).c_str(), "float"));
    RunRows rows;
    rows.reset(std::move(entries));
    for (int i = 0; i < 24; ++i)
        rows.setChecked(i, true);
    std::set<int> colours;
    for (int i = 0; i < 24; ++i)
        colours.insert(rows.row(i).colour);
    QCOMPARE(colours.size(), std::size_t{24});
    const int kept = rows.row(3).colour;
    rows.setChecked(3, false);
    rows.setChecked(24, true); // all 24 were given: takes the one that is not shown now
    QCOMPARE(rows.row(24).colour, kept);
    QCOMPARE(rows.row(3).colour, kept);
    QCOMPARE(rows.checkedRuns().size(), 24);
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
