// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/desktop/signals.h"

#include <csignal>

#include <fcntl.h>
#include <unistd.h>

#include "core/base/error.h"

namespace quantarium::desktop {

namespace {

volatile std::sig_atomic_t pipeEnd = -1; // a handler can be reached in no other way

void onSignal(int) {
    const char byte = 0;
    [[maybe_unused]] const auto written = write(pipeEnd, &byte, 1);
}

void handle(void (*handler)(int), int flags) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGTERM, SIGINT})
        sigaction(signal, &action, nullptr);
}

} // namespace

SignalWatch::SignalWatch(std::function<void()> ask) {
    if (pipe2(m_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        throw Error(ErrorKind::Storage, "no pipe can be made for signals", "quantarium",
                    "Close other programs; too many files are open.");
    m_notifier = std::make_unique<QSocketNotifier>(m_pipe[0], QSocketNotifier::Read);
    QObject::connect(m_notifier.get(), &QSocketNotifier::activated, m_notifier.get(),
                     [this, ask = std::move(ask)] {
                         m_notifier->setEnabled(false);
                         ask();
                     });
    pipeEnd = m_pipe[1];
    handle(onSignal, SA_RESTART | static_cast<int>(SA_RESETHAND));
}

SignalWatch::~SignalWatch() {
    handle(SIG_DFL, 0);
    pipeEnd = -1;
    m_notifier.reset();
    close(m_pipe[0]);
    close(m_pipe[1]);
}

} // namespace quantarium::desktop
