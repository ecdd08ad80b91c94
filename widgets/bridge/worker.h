// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace quantarium::widgets {

/// One background thread that does tasks in order, so that nothing slow (files, the database) happens in the
/// GUI thread. Tasks must not throw. Thread: any.
class Worker {
public:
    Worker();
    ~Worker(); ///< finishes what was added, then joins
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void add(std::function<void()> task);

private:
    void run();

    std::mutex m_mutex;
    std::condition_variable m_wake;
    std::deque<std::function<void()>> m_tasks;
    bool m_ending = false;
    std::thread m_thread;
};

} // namespace quantarium::widgets
