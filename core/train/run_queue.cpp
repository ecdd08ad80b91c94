// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/run_queue.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/train/trainer.h"

namespace quantarium::train {

namespace {

constexpr int kNicer = 5; ///< than the thread that made the queue

id_t thisThread() {
    return static_cast<id_t>(::syscall(SYS_gettid));
}

struct RunningRun {
    std::int64_t threads = 1;
    std::stop_source stop;
    std::atomic<bool> pause = false;
};

} // namespace

struct RunQueue::State {
    State(const Registries& entries, RunObserver& watcher, std::int64_t coreCount)
        : registries(entries), observer(watcher), cores(coreCount) {}

    const Registries& registries;
    RunObserver& observer;
    const std::int64_t cores;
    /// Training gives way to the GUI's thread. Fixed here, since a run's thread may be started by the one
    /// before it.
    const int niceness = ::getpriority(PRIO_PROCESS, thisThread()) + kNicer;

    mutable std::mutex mutex;
    std::condition_variable changed;
    std::deque<QueuedRun> waiting;
    std::map<std::string, std::unique_ptr<RunningRun>> running;
    std::set<std::string>
        failed; ///< runs of this queue that did not finish: what starts from them can't start
    std::list<std::jthread> threads; ///< joined when the queue ends
    int announcing = 0;              ///< RunEnded events of never-started runs on their way
    bool closing = false;

    std::int64_t usedCores() const {
        std::int64_t used = 0;
        for (const auto& [id, run] : running)
            used += run->threads;
        return used;
    }

    bool isActive(const std::string& id) const {
        return running.contains(id) ||
               std::any_of(waiting.begin(), waiting.end(), [&](const QueuedRun& r) { return r.id == id; });
    }

    /// Starts what fits, in order; a run that waits for another one lets later ones pass. Call with the mutex
    /// held.
    void startReady() {
        for (auto next = waiting.begin(); next != waiting.end() && !closing;) {
            const bool blocked = !next->startRun.empty() && isActive(next->startRun);
            const bool orphaned = !next->startRun.empty() && failed.contains(next->startRun);
            if (orphaned) {
                endUnstarted(next->id, RunState::Failed,
                             "The run it starts from (" + next->startRun + ") did not finish.");
                next = waiting.erase(next);
            } else if (blocked) {
                ++next;
            } else if (running.empty() || usedCores() + next->config.machine.threads <= cores) {
                launch(std::move(*next));
                next = waiting.erase(next);
            } else {
                return; // keep the order: nothing overtakes a run that only waits for cores
            }
        }
    }

    void launch(QueuedRun run) {
        auto own = std::make_unique<RunningRun>();
        own->threads = run.config.machine.threads;
        auto* shared = own.get();
        running.emplace(run.id, std::move(own));
        threads.emplace_back([this, shared, job = std::move(run)] {
            ::setpriority(PRIO_PROCESS, thisThread(), niceness); // threads it starts inherit this
            const RunControl control{shared->stop.get_token(), &shared->pause};
            const auto ended = runTraining(job.id, job.config, RunFolder(job.folder), job.startFile,
                                           registries, observer, control);
            const std::lock_guard lock(mutex);
            if (ended.state != RunState::Finished) failed.insert(job.id);
            running.erase(job.id);
            startReady();
            changed.notify_all();
        });
    }

    /// Tells the observer, from a thread of its own since callers hold the mutex.
    void endUnstarted(const std::string& id, RunState state, const std::string& reason) {
        if (state != RunState::Finished) failed.insert(id);
        ++announcing;
        threads.emplace_back([this, id, state, reason] {
            observer.onEvent(id, RunEnded{state, reason, nullptr});
            const std::lock_guard lock(mutex);
            --announcing;
            changed.notify_all();
        });
    }

    bool removeWaiting(const std::string& id, RunState state) {
        const auto found =
            std::find_if(waiting.begin(), waiting.end(), [&](const QueuedRun& r) { return r.id == id; });
        if (found == waiting.end()) return false;
        waiting.erase(found);
        endUnstarted(id, state, "It had not started yet.");
        startReady();
        changed.notify_all();
        return true;
    }
};

RunQueue::RunQueue(const Registries& registries, RunObserver& observer, int cores)
    : m_state(std::make_unique<State>(
          registries, observer,
          cores > 0 ? cores : static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency())))) {
}

RunQueue::~RunQueue() {
    stopAll();
    waitIdle();
    std::list<std::jthread> threads;
    {
        const std::lock_guard lock(m_state->mutex);
        m_state->closing = true;
        threads.swap(m_state->threads);
    }
    threads.clear(); // joins
}

void RunQueue::submit(QueuedRun run) {
    const std::lock_guard lock(m_state->mutex);
    m_state->failed.erase(run.id);
    m_state->waiting.push_back(std::move(run));
    m_state->startReady();
}

void RunQueue::pause(const std::string& id) {
    const std::lock_guard lock(m_state->mutex);
    if (m_state->removeWaiting(id, RunState::Paused)) return;
    const auto found = m_state->running.find(id);
    if (found != m_state->running.end()) found->second->pause = true;
}

void RunQueue::stop(const std::string& id) {
    const std::lock_guard lock(m_state->mutex);
    if (m_state->removeWaiting(id, RunState::Stopped)) return;
    const auto found = m_state->running.find(id);
    if (found != m_state->running.end()) found->second->stop.request_stop();
}

void RunQueue::stopAll() {
    const std::lock_guard lock(m_state->mutex);
    while (!m_state->waiting.empty()) {
        const auto id = m_state->waiting.front().id;
        m_state->waiting.pop_front();
        m_state->endUnstarted(id, RunState::Stopped, "It had not started yet.");
    }
    for (auto& [id, run] : m_state->running)
        run->stop.request_stop();
}

bool RunQueue::idle() const {
    const std::lock_guard lock(m_state->mutex);
    return m_state->waiting.empty() && m_state->running.empty() && m_state->announcing == 0;
}

void RunQueue::waitIdle() {
    std::unique_lock lock(m_state->mutex);
    m_state->changed.wait(lock, [&] {
        return m_state->waiting.empty() && m_state->running.empty() && m_state->announcing == 0;
    });
}

std::vector<std::string> RunQueue::active() const {
    const std::lock_guard lock(m_state->mutex);
    std::vector<std::string> ids;
    for (const auto& [id, run] : m_state->running)
        ids.push_back(id);
    for (const auto& run : m_state->waiting)
        ids.push_back(run.id);
    return ids;
}

} // namespace quantarium::train
