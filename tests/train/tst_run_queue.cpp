// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <condition_variable>

#include "core/train/resolve.h"
#include "core/train/run_queue.h"
#include "core/train/session.h"
#include "tests/support/compare.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using namespace quantarium::testing;

class TestRunQueue : public QObject {
    Q_OBJECT
private slots:
    void runsInOrderOneAtATime();
    void runsBesideEachOtherWhereTheCoresSuffice();
    void runsOneAfterTheOtherWhereTheMemoryDoesNotSuffice();
    void aRunWaitsForTheOneItStartsFrom();
    void aRunWhoseStartFailedFails();
    void aRunWaitsWhileItsStartIsPaused();
    void aRunWhoseStartIsStoppedIsStopped();
    void stopsAndPausesWaitingRuns();
    void pausesARunningRun();
    void endsCleanlyWhileRunning();

private:
    train::QueuedRun job(const std::string& id, RunConfig config) {
        config.seed = std::hash<std::string>{}(id) % 1000;
        return {id, train::resolve(config, train::Registries::builtin()), m_temporary.path() / id, "", {}};
    }
    TemporaryFolder m_temporary;
};

namespace {

/// An observer that a test can wait on.
class WaitingLog : public EventLog {
public:
    void onEvent(const std::string& id, const RunEvent& event) override {
        EventLog::onEvent(id, event);
        if (std::holds_alternative<EpochDone>(event)) {
            const std::lock_guard lock(m_mutex);
            m_running.insert(id);
        }
        m_changed.notify_all();
    }
    /// Waits until a run has finished its first epoch.
    void waitRunning(const std::string& id) {
        std::unique_lock lock(m_mutex);
        m_changed.wait_for(lock, std::chrono::seconds(60), [&] { return m_running.contains(id); });
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::set<std::string> m_running;
};

std::map<std::string, RunState> states(const EventLog& log, const std::vector<std::string>& ids) {
    std::map<std::string, RunState> result;
    for (const auto& id : ids)
        for (const auto& ended : log.all<RunEnded>(id))
            result[id] = ended.state;
    return result;
}

} // namespace

void TestRunQueue::runsInOrderOneAtATime() {
    WaitingLog log;
    train::RunQueue queue(train::Registries::builtin(), log, 2);
    for (const char* id : {"a", "b", "c"})
        queue.submit(job(id, smallRun("float", 32, 1)));
    queue.waitIdle();
    for (const auto& [id, state] : states(log, {"a", "b", "c"}))
        QVERIFY2(state == RunState::Finished, id.c_str());
    QCOMPARE(states(log, {"a", "b", "c"}).size(), std::size_t{3});
}

void TestRunQueue::runsBesideEachOtherWhereTheCoresSuffice() {
    WaitingLog log;
    train::RunQueue queue(train::Registries::builtin(), log, 2);
    auto config = smallRun("float", 32, 3);
    config.machine.threads = 1;
    queue.submit(job("left", config));
    queue.submit(job("right", config));
    queue.waitIdle();
    QCOMPARE(states(log, {"left", "right"}).size(), std::size_t{2});
    for (const auto& [id, state] : states(log, {"left", "right"}))
        QVERIFY2(state == RunState::Finished, id.c_str());
}

void TestRunQueue::runsOneAfterTheOtherWhereTheMemoryDoesNotSuffice() {
    WaitingLog log;
    auto config = smallRun("float", 32, 1);
    config.machine.threads = 1;
    const auto first = job("large", config);
    const auto second = job("as large", config);
    const double bytes = train::planRun(first.config, train::Registries::builtin()).trainingBytes;
    QVERIFY(bytes > 0);
    train::RunQueue queue(train::Registries::builtin(), log, 2, 1.5 * bytes);
    queue.submit(first);
    queue.submit(second);
    queue.waitIdle();
    QVERIFY(states(log, {"as large"})["as large"] == RunState::Finished);
    // The second one is told to start only after the first one's last event.
    bool ended = false;
    for (const auto& [id, event] : log.events()) {
        if (id == "large" && std::holds_alternative<RunEnded>(event)) ended = true;
        if (id == "as large") QVERIFY(ended);
    }
}

void TestRunQueue::aRunWaitsForTheOneItStartsFrom() {
    WaitingLog log;
    train::RunQueue queue(train::Registries::builtin(), log, 4);
    auto parent = job("parent", smallRun("float", 32, 2));
    auto child = job("child", smallRun("inq", 4, 1));
    child.startRun = "parent";
    child.startFile = parent.folder / "model.safetensors";
    queue.submit(std::move(parent));
    queue.submit(std::move(child));
    queue.waitIdle();
    QVERIFY2(states(log, {"child"})["child"] == RunState::Finished,
             log.all<RunEnded>("child").at(0).reason.c_str());
}

void TestRunQueue::aRunWhoseStartFailedFails() {
    WaitingLog log;
    train::RunQueue queue(train::Registries::builtin(), log, 2);
    auto config = smallRun("float", 32, 5);
    config.training.optimizer.options = {{"lr", 1000.0}};
    queue.submit(job("bad", config));
    auto child = job("orphan", smallRun("inq", 4, 1));
    child.startRun = "bad";
    queue.submit(std::move(child));
    queue.waitIdle();
    QVERIFY(states(log, {"orphan"})["orphan"] == RunState::Failed);
    QVERIFY(log.all<RunEnded>("orphan").at(0).reason.find("bad") != std::string::npos);
}

void TestRunQueue::aRunWaitsWhileItsStartIsPaused() {
    WaitingLog log;
    train::RunQueue queue(train::Registries::builtin(), log, 4);
    const auto parent = job("paused parent", smallRun("float", 32, 60));
    auto child = job("waiting child", smallRun("inq", 4, 1));
    child.startRun = "paused parent";
    child.startFile = parent.folder / "model.safetensors";
    queue.submit(parent);
    queue.submit(child);
    log.waitRunning("paused parent");
    queue.pause("paused parent");
    queue.waitIdle(); // nothing is at work; the child keeps its place
    QVERIFY(states(log, {"paused parent"})["paused parent"] == RunState::Paused);
    QVERIFY(log.all<RunEnded>("waiting child").empty());
    QCOMPARE(queue.active(), std::vector<std::string>{"waiting child"});
    queue.submit(parent);
    queue.waitIdle();
    QVERIFY2(states(log, {"waiting child"})["waiting child"] == RunState::Finished,
             log.all<RunEnded>("waiting child").at(0).reason.c_str());
}

void TestRunQueue::aRunWhoseStartIsStoppedIsStopped() {
    WaitingLog log;
    train::RunQueue queue(train::Registries::builtin(), log, 4);
    queue.submit(job("stopped parent", smallRun("float", 32, 500)));
    auto child = job("stopped child", smallRun("inq", 4, 1));
    child.startRun = "stopped parent";
    auto grandchild = job("stopped grandchild", smallRun("inq", 3, 1));
    grandchild.startRun = "stopped child";
    queue.submit(std::move(child));
    queue.submit(std::move(grandchild));
    log.waitRunning("stopped parent");
    queue.stop("stopped parent");
    queue.waitIdle();
    for (const auto& [id, state] : states(log, {"stopped parent", "stopped child", "stopped grandchild"}))
        QVERIFY2(state == RunState::Stopped, id.c_str());
}

void TestRunQueue::stopsAndPausesWaitingRuns() {
    WaitingLog log;
    train::RunQueue queue(train::Registries::builtin(), log, 2);
    queue.submit(job("long", smallRun("float", 32, 200)));
    queue.submit(job("stopped", smallRun()));
    queue.submit(job("paused", smallRun()));
    queue.stop("stopped");
    queue.pause("paused");
    log.waitRunning("long");
    queue.stop("long");
    queue.waitIdle();
    QVERIFY(states(log, {"stopped"})["stopped"] == RunState::Stopped);
    QVERIFY(states(log, {"paused"})["paused"] == RunState::Paused);
    QVERIFY(states(log, {"long"})["long"] == RunState::Stopped);
}

void TestRunQueue::pausesARunningRun() {
    WaitingLog log;
    train::RunQueue queue(train::Registries::builtin(), log, 2);
    const auto run = job("pausing", smallRun("float", 32, 200));
    queue.submit(run);
    log.waitRunning("pausing");
    queue.pause("pausing");
    queue.waitIdle();
    QVERIFY(log.all<RunEnded>("pausing").at(0).state == RunState::Paused);
    const auto done = log.all<EpochDone>("pausing").size();
    QVERIFY(std::filesystem::exists(run.folder / "checkpoint.safetensors"));
    queue.submit(run);
    queue.stop("pausing");
    queue.waitIdle();
    QVERIFY(log.all<RunEnded>("pausing").size() == 2);
    QVERIFY(log.all<EpochDone>("pausing").size() >= done);
}

void TestRunQueue::endsCleanlyWhileRunning() {
    WaitingLog log;
    {
        train::RunQueue queue(train::Registries::builtin(), log, 2);
        queue.submit(job("abandoned", smallRun("float", 32, 200)));
        queue.submit(job("never", smallRun()));
        log.waitRunning("abandoned");
    }
    QVERIFY(states(log, {"abandoned"})["abandoned"] == RunState::Stopped);
    QVERIFY(states(log, {"never"})["never"] == RunState::Stopped);
}

QTEST_GUILESS_MAIN(TestRunQueue)
#include "tst_run_queue.moc"
