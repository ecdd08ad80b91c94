// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "core/run/events.h"
#include "core/run/run_config.h"

namespace quantarium::testing {

/// A run of a second or two: LeNet-5 or another small network on a few hundred embedded images, two threads.
inline RunConfig smallRun(const std::string& method = "float", std::int64_t bits = 32,
                          std::int64_t epochs = 2) {
    RunConfig config;
    config.dataset.id = "shapes10";
    config.dataset.limit = 320;
    config.dataset.testLimit = 100;
    config.dataset.validation = 0.2;
    config.network.id = "lenet5";
    config.weights.method = method;
    config.weights.bits = bits;
    config.training.epochs = epochs;
    config.training.batch = 64;
    config.training.optimizer.options = {{"lr", 0.02}};
    config.machine.threads = 2;
    return config;
}

/// Keeps all events of all runs. Thread: any.
class EventLog : public RunObserver {
public:
    void onEvent(const std::string& runId, const RunEvent& event) override {
        const std::lock_guard lock(m_mutex);
        m_events.emplace_back(runId, event);
    }

    template <class Event> std::vector<Event> all(const std::string& runId = {}) const {
        const std::lock_guard lock(m_mutex);
        std::vector<Event> found;
        for (const auto& [id, event] : m_events)
            if (const auto* one = std::get_if<Event>(&event);
                one != nullptr && (runId.empty() || id == runId))
                found.push_back(*one);
        return found;
    }

    /// All of all runs in the order in which they came.
    std::vector<std::pair<std::string, RunEvent>> events() const {
        const std::lock_guard lock(m_mutex);
        return m_events;
    }

private:
    mutable std::mutex m_mutex;
    std::vector<std::pair<std::string, RunEvent>> m_events;
};

} // namespace quantarium::testing
