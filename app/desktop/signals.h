// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>

#include <QSocketNotifier>

namespace quantarium::desktop {

/// While it lives, the first SIGTERM or SIGINT calls `ask` in the thread that made it, from the event loop; a
/// second one ends the program as usual. One at a time.
class SignalWatch {
public:
    /// Throws Error(Storage) when the system gives no pipe.
    explicit SignalWatch(std::function<void()> ask);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

private:
    int m_pipe[2] = {-1, -1};
    std::unique_ptr<QSocketNotifier> m_notifier;
};

} // namespace quantarium::desktop
