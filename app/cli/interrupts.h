// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <thread>

namespace quantarium::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into a request, while it lives: the first one calls `onFirst` in a thread
/// of its own, a second one ends the process at once with exit code 130. At most one object at a time.
class Interrupts {
public:
    explicit Interrupts(std::function<void()> onFirst);
    ~Interrupts(); ///< gives the signals back their default action
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

    bool happened() const;

private:
    std::jthread m_watcher;
};

} // namespace quantarium::cli
