// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include <sqlite3.h>

#include "core/store/schema.h"
#include "tests/store/records.h"

using namespace quantarium;
using namespace quantarium::store;
using namespace quantarium::testing;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::string> ids(const std::vector<RunRecord>& runs) {
    std::vector<std::string> result;
    for (const auto& run : runs)
        result.push_back(run.id);
    return result;
}

using Ids = std::vector<std::string>;

std::atomic<int> statementsRun = 0;

int countStatement(unsigned, void*, void*, void*) {
    ++statementsRun;
    return 0;
}

/// Called by SQLite for each new connection.
int watchConnection(sqlite3* connection, const char**, const struct sqlite3_api_routines*) {
    return sqlite3_trace_v2(connection, SQLITE_TRACE_STMT, countStatement, nullptr);
}

} // namespace

class TestWorkspace : public QObject {
    Q_OBJECT

private slots:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        QVERIFY(m_folder->isValid());
        m_workspace = std::make_unique<Workspace>(pathOf(*m_folder), Access::Write);
    }
    void cleanup() {
        m_workspace.reset();
        m_folder.reset();
    }

    void createsItsFolders() {
        const auto deep = pathOf(*m_folder) / "new" / "Ünï code #%?";
        const Workspace made(deep, Access::Write);
        QVERIFY(std::filesystem::is_directory(deep / "runs"));
        QVERIFY(std::filesystem::is_directory(deep / "bin"));
        QVERIFY(std::filesystem::exists(deep / "workspace.sqlite"));
        QCOMPARE(made.runFolder("x").string(), (deep / "runs" / "x").string());
    }

    void givesBackWholeRecord() {
        auto run = sampleRun("r1", sampleConfig(7, "rdhs", 2));
        run.group = "g";
        run.startRun = "f1";
        run.createdAt = "2026-11-20T14:22:33Z";
        m_workspace->addRun(run);
        RunStarted started;
        started.environment = {{"cpu", "x"}, {"threads", 2}};
        started.report = sampleReport();
        m_workspace->recordStarted("r1", started);
        m_workspace->recordEpoch("r1", sampleEpoch(1, true));
        m_workspace->recordEpoch("r1", sampleEpoch(2));
        m_workspace->setName("r1", "my run");
        m_workspace->setNote("r1", "my words");
        m_workspace->recordEnded("r1", {RunState::Finished, "", {{"seconds", 0.1}}});
        reopen(Access::Read);
        const auto read = m_workspace->at("r1");
        QCOMPARE(read.name, std::string("my run"));
        QCOMPARE(read.note, std::string("my words"));
        QCOMPARE(read.group, std::string("g"));
        QCOMPARE(read.startRun, std::string("f1"));
        QCOMPARE(read.createdAt, run.createdAt);
        QVERIFY(!read.startedAt.empty() && !read.endedAt.empty());
        QVERIFY(read.state == RunState::Finished);
        QVERIFY(read.config == run.config);
        QVERIFY(read.identity == run.identity);
        QVERIFY(read.environment == started.environment);
        QVERIFY(read.report && *read.report == started.report);
        QVERIFY(read.result == Json({{"seconds", 0.1}}));
        QCOMPARE(read.epochsDone, 2);
        QCOMPARE(read.bestEpoch, 1);
        QVERIFY(read.last == sampleEpoch(2).values);
        QVERIFY(read.best == sampleEpoch(1).values);
    }

    void keepsSeriesExactly() {
        m_workspace->addRun(sampleRun("r"));
        EpochDone first;
        first.epoch = 1;
        first.step = 3;
        first.values = {{"train_loss", kNan}, {"noise", kInfinity}, {"a", -kInfinity},
                        {"b", 0.1},           {"c", 5e-324},        {"d", 3}};
        first.stepLosses = {0.3, kNan, kInfinity};
        m_workspace->recordEpoch("r", first);
        EpochDone second;
        second.epoch = 2;
        second.step = 5;
        second.values = {{"train_loss", 1e300}};
        second.stepLosses = {0.2, 0.1};
        m_workspace->recordEpoch("r", second);
        reopen(Access::Read);
        const auto losses = m_workspace->series("r", "train_loss");
        QCOMPARE(losses.size(), 2u);
        QCOMPARE(losses[0].first, 1);
        QVERIFY(std::isnan(losses[0].second));
        QCOMPARE(losses[1].second, 1e300);
        QCOMPARE(m_workspace->series("r", "noise").at(0).second, kInfinity);
        QCOMPARE(m_workspace->series("r", "a").at(0).second, -kInfinity);
        QCOMPARE(m_workspace->series("r", "b").at(0).second, 0.1);
        QVERIFY(m_workspace->series("r", "c").at(0).second == 5e-324);
        QCOMPARE(m_workspace->series("r", "d").at(0).second, 3.0);
        QVERIFY(m_workspace->series("r", "nothing").empty());
        QVERIFY(m_workspace->seriesNames("r") == Ids({"a", "b", "c", "d", "noise", "train_loss"}));
        const auto steps = m_workspace->stepLosses("r");
        QCOMPARE(steps.size(), 5u);
        QCOMPARE(steps[0], std::make_pair(std::int64_t{1}, 0.3));
        QVERIFY(steps[1].first == 2 && std::isnan(steps[1].second));
        QCOMPARE(steps[2], std::make_pair(std::int64_t{3}, kInfinity));
        QCOMPARE(steps[3], std::make_pair(std::int64_t{4}, 0.2));
        QCOMPARE(steps[4], std::make_pair(std::int64_t{5}, 0.1));
        const auto last = m_workspace->at("r").last;
        QCOMPARE(last.at("train_loss"), 1e300);
    }

    void keepsNanInSummary() {
        m_workspace->addRun(sampleRun("r"));
        EpochDone epoch;
        epoch.epoch = 1;
        epoch.best = true;
        epoch.values = {{"train_loss", kNan}, {"noise", -kInfinity}};
        m_workspace->recordEpoch("r", epoch);
        const auto run = m_workspace->at("r");
        QVERIFY(std::isnan(run.last.at("train_loss")));
        QCOMPARE(run.best.at("noise"), -kInfinity);
    }

    void keepsSnapshots() {
        m_workspace->addRun(sampleRun("r"));
        for (const int epoch : {1, 2, 3})
            m_workspace->recordEpoch("r", sampleEpoch(epoch));
        EpochDone without = sampleEpoch(4);
        without.weights = nullptr;
        m_workspace->recordEpoch("r", without);
        reopen(Access::Read);
        QVERIFY(m_workspace->snapshotEpochs("r") == std::vector<std::int64_t>({1, 2, 3}));
        QVERIFY(*m_workspace->snapshot("r", 2) == *sampleEpoch(2).weights);
        QVERIFY(m_workspace->snapshot("r", 4) == nullptr);
        QVERIFY(m_workspace->snapshot("r", 9) == nullptr);
    }

    void replacesSameEpoch() {
        m_workspace->addRun(sampleRun("r"));
        m_workspace->recordEpoch("r", sampleEpoch(1, true));
        EpochDone again = sampleEpoch(1, true);
        again.values = {{"train_loss", 42}};
        again.stepLosses = {1, 2};
        again.step = 2;
        again.weights = nullptr;
        m_workspace->recordEpoch("r", again);
        QVERIFY(m_workspace->seriesNames("r") == Ids({"train_loss"}));
        QCOMPARE(m_workspace->series("r", "train_loss").at(0).second, 42.0);
        QCOMPARE(m_workspace->stepLosses("r").size(), 2u);
        QVERIFY(m_workspace->snapshotEpochs("r").empty());
        QVERIFY(m_workspace->at("r").best == again.values);
    }

    void dropsEpochs() {
        m_workspace->addRun(sampleRun("r"));
        m_workspace->addRun(sampleRun("other", sampleConfig(2)));
        m_workspace->recordEpoch("other", sampleEpoch(4));
        for (const int epoch : {1, 2, 3, 4})
            m_workspace->recordEpoch("r", sampleEpoch(epoch, epoch == 2 || epoch == 4));
        QCOMPARE(m_workspace->at("r").bestEpoch, 4);
        m_workspace->dropEpochsAfter("r", 3);
        const auto run = m_workspace->at("r");
        QCOMPARE(run.epochsDone, 3);
        QCOMPARE(run.bestEpoch, 2);
        QVERIFY(run.last == sampleEpoch(3).values);
        QVERIFY(run.best == sampleEpoch(2).values);
        QCOMPARE(m_workspace->series("r", "train_loss").size(), 3u);
        QCOMPARE(m_workspace->snapshotEpochs("r").size(), 3u);
        QCOMPARE(m_workspace->series("other", "train_loss").size(), 1u);
        m_workspace->dropEpochsAfter("r", 0);
        QCOMPARE(m_workspace->at("r").epochsDone, 0);
        QVERIFY(m_workspace->at("r").last.empty());
        QVERIFY(m_workspace->stepLosses("r").empty());
    }

    void followsStates() {
        m_workspace->addRun(sampleRun("r"));
        QVERIFY(m_workspace->at("r").state == RunState::Queued);
        m_workspace->recordStarted("r", {});
        const auto begun = m_workspace->at("r");
        QVERIFY(begun.state == RunState::Running && begun.endedAt.empty() && !begun.startedAt.empty());
        m_workspace->recordEnded("r", {RunState::Failed, "loss is nan at step 7", nullptr});
        QCOMPARE(m_workspace->at("r").reason, std::string("loss is nan at step 7"));
        QVERIFY(!m_workspace->at("r").endedAt.empty());
        m_workspace->recordState("r", RunState::Queued);
        const auto again = m_workspace->at("r");
        QVERIFY(again.state == RunState::Queued && again.reason.empty() && again.endedAt.empty());
        QCOMPARE(again.startedAt, begun.startedAt);
    }

    void notesJoinTheReport() {
        m_workspace->addRun(sampleRun("r"));
        m_workspace->recordNotes("r", {{"before it started"}});
        QVERIFY(!m_workspace->at("r").report);
        RunStarted started;
        started.report = sampleReport();
        m_workspace->recordStarted("r", started);
        m_workspace->recordNotes("r", {{"first", "second"}});
        m_workspace->recordNotes("r", {{"third"}});
        auto expected = sampleReport();
        for (const char* note : {"first", "second", "third"})
            expected.notes.emplace_back(note);
        QVERIFY(m_workspace->at("r").report == expected);
    }

    void filters() {
        auto a = sampleRun("20260101-000000-aaaa", sampleConfig(1, "rdhs", 1));
        a.name = "100% Sure_thing";
        a.group = "g";
        a.createdAt = "2026-01-01T00:00:00Z";
        auto b = sampleRun("20260102-000000-bbbb", sampleConfig(1, "inq", 5));
        b.createdAt = "2026-01-02T00:00:00Z";
        b.state = RunState::Stopped;
        auto c = sampleRun("20260103-000000-cccc", sampleConfig(2, "inq", 3));
        c.createdAt = "2026-01-02T00:00:00Z"; // as b: the later added one comes first
        for (const auto& run : {a, b, c})
            m_workspace->addRun(run);
        QVERIFY(ids(m_workspace->list()) == Ids({c.id, b.id, a.id}));
        QVERIFY(ids(m_workspace->list({.text = "sure_", .state = {}, .group = {}})) == Ids({a.id}));
        QVERIFY(ids(m_workspace->list({.text = "0%", .state = {}, .group = {}})) == Ids({a.id}));
        QVERIFY(ids(m_workspace->list({.text = "INQ", .state = {}, .group = {}})) == Ids({c.id, b.id}));
        QVERIFY(ids(m_workspace->list({.text = "bbbb", .state = {}, .group = {}})) == Ids({b.id}));
        QCOMPARE(m_workspace->list({.text = "shapes10", .state = {}, .group = {}}).size(), 3u);
        QCOMPARE(m_workspace->list({.text = "mlp", .state = {}, .group = {}}).size(), 3u);
        QVERIFY(m_workspace->list({.text = "' OR 1=1 --", .state = {}, .group = {}}).empty());
        QVERIFY(ids(m_workspace->list({.text = {}, .state = RunState::Stopped, .group = {}})) == Ids({b.id}));
        QVERIFY(ids(m_workspace->list({.text = {}, .state = {}, .group = "g"})) == Ids({a.id}));
        QVERIFY(ids(m_workspace->list({.text = "inq", .state = RunState::Queued, .group = {}})) ==
                Ids({c.id}));
        QVERIFY(m_workspace->list({.text = "inq", .state = RunState::Queued, .group = "g"}).empty());
    }

    void listsManyRunsInOneQuery() {
        for (int i = 0; i < 100; ++i)
            addFinished(*m_workspace, "r" + std::to_string(i), sampleConfig(i), 80);
        const auto watch = reinterpret_cast<void (*)()>(watchConnection);
        QCOMPARE(sqlite3_auto_extension(watch), SQLITE_OK);
        reopen(Access::Read);
        sqlite3_cancel_auto_extension(watch);
        QVERIFY(statementsRun > 0); // it counts
        statementsRun = 0;
        QCOMPARE(m_workspace->list().size(), 100u);
        QCOMPARE(statementsRun.load(), 1);
    }

    void findsByPrefix() {
        for (const char* id : {"20260101-000000-aa00", "20260101-000000-aa01", "20260101-000000-aa", "2027"})
            m_workspace->addRun(sampleRun(id));
        QCOMPARE(m_workspace->find("20260101-000000-aa01")->id, std::string("20260101-000000-aa01"));
        QCOMPARE(m_workspace->find("20260101-000000-aa")->id,
                 std::string("20260101-000000-aa")); // exact goes first
        QCOMPARE(m_workspace->find("2027")->id, std::string("2027"));
        QCOMPARE(m_workspace->find("2027")->id, m_workspace->at("202" + std::string("7")).id);
        QVERIFY(!m_workspace->find("2026"));
        QVERIFY(!m_workspace->find(""));
        QVERIFY(!m_workspace->find("%"));
        QVERIFY(!m_workspace->find("3"));
        VERIFY_ERROR(ErrorKind::Config, "aa00, 20260101-000000-aa01", m_workspace->at("2026"));
        VERIFY_ERROR(ErrorKind::Config, "there is no run \"3\"", m_workspace->at("3"));
        m_workspace->moveToBin({"2027"});
        QVERIFY(!m_workspace->find("2027"));
    }

    void findsFinishedByIdentity() {
        const auto config = sampleConfig(3, "sgt", 2);
        QVERIFY(!m_workspace->findFinished(sampleRun("x", config).identity));
        m_workspace->addRun(sampleRun("a-unfinished", config));
        QVERIFY(!m_workspace->findFinished(sampleRun("x", config).identity));
        addFinished(*m_workspace, "b-first", config, 80);
        addFinished(*m_workspace, "c-other", sampleConfig(4, "sgt", 2), 80);
        auto renamed = config;
        renamed.name = "another name";
        addFinished(*m_workspace, "d-second", renamed, 80);
        QCOMPARE(m_workspace->findFinished(sampleRun("x", config).identity)->id, std::string("d-second"));
        m_workspace->moveToBin({"d-second"});
        QCOMPARE(m_workspace->findFinished(sampleRun("x", config).identity)->id, std::string("b-first"));
    }

    void makesNewIds() {
        std::set<std::string> made;
        const QRegularExpression form("^\\d{8}-\\d{6}-[0-9a-f]{4}$");
        for (int i = 0; i < 3000; ++i) {
            const auto id = m_workspace->newRunId();
            QVERIFY2(form.match(QString::fromStdString(id)).hasMatch(), id.c_str());
            QVERIFY(made.insert(id).second);
        }
    }

    void refusesUnknownAndTwice() {
        VERIFY_ERROR(ErrorKind::Config, "there is no run \"x\"",
                     m_workspace->recordEpoch("x", sampleEpoch(1)));
        VERIFY_ERROR(ErrorKind::Config, "there is no run \"x\"",
                     m_workspace->recordState("x", RunState::Failed));
        VERIFY_ERROR(ErrorKind::Config, "there is no run \"x\"", m_workspace->recordEnded("x", {}));
        VERIFY_ERROR(ErrorKind::Config, "there is no run \"x\"", m_workspace->series("x", "y"));
        m_workspace->addRun(sampleRun("x"));
        VERIFY_ERROR(ErrorKind::Config, "already", m_workspace->addRun(sampleRun("x")));
        for (const char* id : {"", "../x", ".", "a/b"})
            VERIFY_ERROR(ErrorKind::Config, "can't be a run's id", m_workspace->addRun(sampleRun(id)));
        auto contradictory = sampleRun("y");
        contradictory.config.start.path = "but from scratch";
        VERIFY_ERROR(ErrorKind::Config, "start.path", m_workspace->addRun(contradictory));
        QCOMPARE(m_workspace->list().size(), 1u);
        reopen(Access::Read);
        VERIFY_ERROR(ErrorKind::Storage, "reading only", m_workspace->setNote("x", "y"));
    }

    void showsUnreadableRecordAsFailed() {
        m_workspace->addRun(sampleRun("good"));
        m_workspace->addRun(sampleRun("bad", sampleConfig(1, "inq", 4)));
        m_workspace->recordEpoch("bad", sampleEpoch(1));
        m_workspace.reset();
        SQLite::Database raw((pathOf(*m_folder) / "workspace.sqlite").string(), SQLite::OPEN_READWRITE);
        raw.exec("UPDATE runs SET config = '{\"format\": 7' WHERE id = 'bad'");
        raw.exec("UPDATE snapshots SET body = x'9f9f9f'");
        m_workspace = std::make_unique<Workspace>(pathOf(*m_folder), Access::Write);
        QCOMPARE(m_workspace->list().size(), 2u);
        const auto bad = m_workspace->at("bad");
        QVERIFY(bad.state == RunState::Failed);
        QVERIFY2(bad.reason.starts_with("its record can't be read"), bad.reason.c_str());
        QCOMPARE(bad.config.weights.method, std::string("inq"));
        VERIFY_ERROR(ErrorKind::Data, "weights of run bad after epoch 1", m_workspace->snapshot("bad", 1));
    }

    void survivesManyThreads() {
        constexpr int kEpochs = 25;
        for (const char* id : {"a", "b", "c"})
            m_workspace->addRun(sampleRun(id));
        std::vector<std::thread> threads;
        std::atomic<int> failures = 0;
        for (const char* id : {"a", "b", "c"})
            threads.emplace_back([&, id] {
                try {
                    for (int epoch = 1; epoch <= kEpochs; ++epoch) {
                        m_workspace->recordEpoch(id, sampleEpoch(epoch));
                        if (m_workspace->series(id, "train_loss").size() != static_cast<std::size_t>(epoch))
                            ++failures;
                        if (m_workspace->list().size() != 3) ++failures;
                    }
                } catch (...) {
                    ++failures;
                }
            });
        for (auto& thread : threads)
            thread.join();
        QCOMPARE(failures.load(), 0);
        for (const char* id : {"a", "b", "c"})
            QCOMPARE(m_workspace->at(id).epochsDone, kEpochs);
    }

private:
    void reopen(Access access) {
        m_workspace.reset();
        m_workspace = std::make_unique<Workspace>(pathOf(*m_folder), access);
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Workspace> m_workspace;
};

QTEST_GUILESS_MAIN(TestWorkspace)
#include "tst_workspace.moc"
