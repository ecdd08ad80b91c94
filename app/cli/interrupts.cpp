// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/interrupts.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "app/cli/exit_code.h"

namespace quantarium::cli {

namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};
constexpr char kInterrupted = 'i';
constexpr char kDone = 'd';

// A signal handler can reach nothing but what is static. LibTorch's libraries start threads before main, so
// blocking the signals and waiting for them in one thread isn't possible.
std::atomic<int> interruptCount{0};
std::array<int, 2> pipeEnds{-1, -1};

std::int64_t milliseconds() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time); // allowed in a signal handler
    return std::int64_t{1000} * time.tv_sec + time.tv_nsec / 1'000'000;
}

/// A wrapper that signals both the process and its group means one interrupt, not two.
constexpr std::int64_t kOneInterruptMs = 1000;
std::atomic<std::int64_t> firstInterrupt{0};

extern "C" void onSignal(int) {
    const auto now = milliseconds();
    if (interruptCount.fetch_add(1) > 0) {
        if (now - firstInterrupt.load() < kOneInterruptMs) return;
        static constexpr char kMessage[] = "\nEnded at once. The last finished epoch is safe.\n";
        [[maybe_unused]] const auto written = write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
        _exit(static_cast<int>(ExitCode::Interrupted));
    }
    firstInterrupt = now;
    [[maybe_unused]] const auto written = write(pipeEnds[1], &kInterrupted, 1);
}

void install(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (const int signal : kSignals)
        sigaction(signal, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN); // whoever read the output has gone; the run goes on and is kept
}

} // namespace

Interrupts::Interrupts(std::function<void()> onFirst) {
    interruptCount = 0;
    if (pipe2(pipeEnds.data(), O_CLOEXEC) != 0)
        throw std::system_error(errno, std::generic_category(), "pipe");
    m_watcher = std::jthread([callback = std::move(onFirst)] {
        char message = kDone;
        if (read(pipeEnds[0], &message, 1) == 1 && message == kInterrupted) callback();
    });
    install(onSignal);
}

Interrupts::~Interrupts() {
    install(SIG_DFL);
    [[maybe_unused]] const auto written = write(pipeEnds[1], &kDone, 1);
    m_watcher.join();
    for (int& end : pipeEnds)
        close(std::exchange(end, -1));
}

bool Interrupts::happened() const {
    return interruptCount.load() > 0;
}

} // namespace quantarium::cli
