// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/run_recorder.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace quantarium::study {

struct RunRecorder::State {
    explicit State(store::Workspace& target) : workspace(target) {}

    store::Workspace& workspace;
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::pair<std::string, RunEvent>> queue;
    bool writing = false;
    bool closing = false;
    std::string lastError;
    std::jthread thread;

    void write(const std::string& id, const RunEvent& event) {
        if (const auto* started = std::get_if<RunStarted>(&event)) workspace.recordStarted(id, *started);
        if (const auto* epoch = std::get_if<EpochDone>(&event)) workspace.recordEpoch(id, *epoch);
        if (const auto* noted = std::get_if<Noted>(&event)) workspace.recordNotes(id, *noted);
        if (const auto* ended = std::get_if<RunEnded>(&event)) workspace.recordEnded(id, *ended);
    }

    void loop() {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [&] { return !queue.empty() || closing; });
            if (queue.empty()) return;
            auto [id, event] = std::move(queue.front());
            queue.pop_front();
            writing = true;
            lock.unlock();
            std::string problem;
            try {
                write(id, event);
            } catch (const std::exception& error) {
                problem = error.what();
            }
            lock.lock();
            writing = false;
            if (!problem.empty()) lastError = problem;
            changed.notify_all();
        }
    }
};

RunRecorder::RunRecorder(store::Workspace& workspace) : m_state(std::make_unique<State>(workspace)) {
    m_state->thread = std::jthread([state = m_state.get()] { state->loop(); });
}

RunRecorder::~RunRecorder() {
    {
        const std::lock_guard lock(m_state->mutex);
        m_state->closing = true;
    }
    m_state->changed.notify_all();
    m_state->thread.join();
}

void RunRecorder::onEvent(const std::string& runId, const RunEvent& event) {
    if (std::holds_alternative<Progress>(event) || std::holds_alternative<WeightsSeen>(event))
        return; // live only
    {
        const std::lock_guard lock(m_state->mutex);
        m_state->queue.emplace_back(runId, event);
    }
    m_state->changed.notify_all();
}

void RunRecorder::flush() {
    std::unique_lock lock(m_state->mutex);
    m_state->changed.wait(lock, [&] { return m_state->queue.empty() && !m_state->writing; });
}

std::string RunRecorder::lastError() const {
    const std::lock_guard lock(m_state->mutex);
    return m_state->lastError;
}

} // namespace quantarium::study
