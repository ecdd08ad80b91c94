// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/run_queue.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/train/memory.h"
#include "core/train/session.h"
#include "core/train/trainer.h"

namespace quantarium::train {

namespace {

constexpr int kNicer = 5; ///< than the thread that made the queue

id_t thisThread() {
    return static_cast<id_t>(::syscall(SYS_gettid));
}

struct RunningRun {
    std::int64_t threads = 1;
    double bytes = 0;
    std::stop_source stop;
    std::atomic<bool> pause = false;
};

/// 0 where the network can't be built; the run itself says why when it starts.
double expectedBytes(const RunConfig& config, const Registries& registries) {
    try {
        return planRun(config, registries).trainingBytes;
    } catch (const Error&) {
        return 0;
    }
}

struct WaitingRun : QueuedRun {
    double bytes = 0; ///< its training is expected to take
};

} // namespace

struct RunQueue::State {
    State(const Registries& entries, RunObserver& watcher, std::int64_t coreCount, double memoryBytes)
        : registries(entries), observer(watcher), cores(coreCount), memory(memoryBytes) {}

    const Registries& registries;
    RunObserver& observer;
    const std::int64_t cores;
    const double memory; ///< bytes; 0: what is free
    /// Training gives way to the GUI's thread. Fixed here, since a run's thread may be started by the one
    /// before it.
    const int niceness = ::getpriority(PRIO_PROCESS, thisThread()) + kNicer;

    mutable std::mutex mutex;
    std::condition_variable changed;
    std::deque<WaitingRun> waiting;
    double budget = 0; ///< bytes for all that run at once, taken when the first of them starts
    std::map<std::string, std::unique_ptr<RunningRun>> running;
    std::map<std::string, RunState> unfinished; ///< runs of this queue that ended without finishing
    std::list<std::jthread> threads;
    std::set<std::thread::id> done; ///< of those, what only has to be joined
    int announcing = 0;             ///< RunEnded events of never-started runs on their way
    bool closing = false;

    /// A run alone always starts; its own check of memory speaks for itself.
    bool fits(const WaitingRun& next) const {
        if (running.empty()) return true;
        auto threads = next.config.machine.threads;
        double bytes = next.bytes;
        for (const auto& [id, run] : running) {
            threads += run->threads;
            bytes += run->bytes;
        }
        return threads <= cores && bytes <= budget;
    }

    bool isActive(const std::string& id) const {
        return running.contains(id) ||
               std::any_of(waiting.begin(), waiting.end(), [&](const auto& r) { return r.id == id; });
    }

    /// How this queue's run ended, if it did without finishing.
    std::optional<RunState> unfinishedState(const std::string& id) const {
        const auto found = unfinished.find(id);
        return found == unfinished.end() ? std::nullopt : std::optional(found->second);
    }

    /// Waits for a paused run: neither startable nor at work.
    bool isHeld(const QueuedRun& run) const {
        if (run.startRun.empty()) return false;
        if (unfinishedState(run.startRun) == RunState::Paused && !isActive(run.startRun)) return true;
        const auto start = std::find_if(waiting.begin(), waiting.end(),
                                        [&](const QueuedRun& other) { return other.id == run.startRun; });
        return start != waiting.end() && isHeld(*start);
    }

    /// Ends the run when the one it starts from ended for good without finishing; true if so.
    bool endOrphan(const QueuedRun& run) {
        if (run.startRun.empty() || isActive(run.startRun)) return false;
        const auto state = unfinishedState(run.startRun);
        if (!state || *state == RunState::Paused) return false;
        if (*state == RunState::Stopped)
            endUnstarted(run.id, RunState::Stopped,
                         "The run it starts from (" + run.startRun +
                             ") was stopped; resuming this one resumes that one, too.");
        else
            endUnstarted(run.id, RunState::Failed,
                         "The run it starts from (" + run.startRun + ") did not finish.");
        return true;
    }

    /// Starts what fits, in order; a run that waits for another one lets later ones pass. Call with the mutex
    /// held.
    void startReady() {
        for (auto next = waiting.begin(); next != waiting.end() && !closing;) {
            if (endOrphan(*next)) {
                next = waiting.erase(next);
            } else if (isHeld(*next) || (!next->startRun.empty() && isActive(next->startRun))) {
                ++next;
            } else if (fits(*next)) {
                launch(std::move(*next));
                next = waiting.erase(next);
            } else {
                return; // keep the order: nothing overtakes a run that only waits for cores or memory
            }
        }
    }

    bool nothingToDo() const {
        return running.empty() && announcing == 0 &&
               std::all_of(waiting.begin(), waiting.end(), [&](const QueuedRun& run) { return isHeld(run); });
    }

    /// Joins the threads that have said that they are done. Call with the mutex held.
    void joinDone() {
        for (auto thread = threads.begin(); thread != threads.end();)
            thread = done.erase(thread->get_id()) > 0 ? threads.erase(thread) : std::next(thread);
    }

    void launch(WaitingRun run) {
        if (running.empty()) budget = memory > 0 ? memory : availableMemory();
        auto own = std::make_unique<RunningRun>();
        own->threads = run.config.machine.threads;
        own->bytes = run.bytes;
        auto* shared = own.get();
        running.emplace(run.id, std::move(own));
        threads.emplace_back([this, shared, job = std::move(run)] {
            ::setpriority(PRIO_PROCESS, thisThread(), niceness); // threads it starts inherit this
            const RunControl control{shared->stop.get_token(), &shared->pause};
            const auto ended = runTraining(job.id, job.config, RunFolder(job.folder), job.startFile,
                                           registries, observer, control);
            const std::lock_guard lock(mutex);
            if (ended.state != RunState::Finished) unfinished[job.id] = ended.state;
            running.erase(job.id);
            startReady();
            done.insert(std::this_thread::get_id());
            changed.notify_all();
        });
    }

    /// Tells the observer, from a thread of its own since callers hold the mutex.
    void endUnstarted(const std::string& id, RunState state, const std::string& reason) {
        if (state != RunState::Finished) unfinished[id] = state;
        ++announcing;
        threads.emplace_back([this, id, state, reason] {
            observer.onEvent(id, RunEnded{state, reason, nullptr});
            const std::lock_guard lock(mutex);
            --announcing;
            done.insert(std::this_thread::get_id());
            changed.notify_all();
        });
    }

    bool removeWaiting(const std::string& id, RunState state) {
        const auto found =
            std::find_if(waiting.begin(), waiting.end(), [&](const auto& r) { return r.id == id; });
        if (found == waiting.end()) return false;
        waiting.erase(found);
        endUnstarted(id, state, "It had not started yet.");
        startReady();
        changed.notify_all();
        return true;
    }
};

RunQueue::RunQueue(const Registries& registries, RunObserver& observer, int cores, double memory)
    : m_state(std::make_unique<State>(
          registries, observer,
          cores > 0 ? cores : static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency())),
          memory)) {}

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
    const double bytes = expectedBytes(run.config, m_state->registries);
    const std::lock_guard lock(m_state->mutex);
    m_state->joinDone();
    m_state->unfinished.erase(run.id);
    m_state->waiting.push_back({std::move(run), bytes});
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
    return m_state->nothingToDo();
}

void RunQueue::waitIdle() {
    std::unique_lock lock(m_state->mutex);
    m_state->changed.wait(lock, [&] { return m_state->nothingToDo(); });
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
