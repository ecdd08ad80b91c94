// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/bridge/delay_monitor.h"

#include <algorithm>
#include <cmath>

namespace quantarium::widgets {

DelayMonitor::DelayMonitor(QObject* parent) : QObject(parent) {
    m_timer.setTimerType(Qt::PreciseTimer);
    m_timer.setInterval(kIntervalMs);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        const double elapsedMs = static_cast<double>(m_clock.nsecsElapsed()) / 1e6;
        m_clock.restart();
        addSample(std::max(0.0, elapsedMs - kIntervalMs));
    });
}

void DelayMonitor::start() {
    m_clock.start();
    m_timer.start();
}

void DelayMonitor::clear() {
    m_delaysMs.clear();
    m_next = 0;
}

void DelayMonitor::addSample(double delayMs) {
    if (m_delaysMs.size() < kSamplesKept) {
        m_delaysMs.push_back(delayMs);
        return;
    }
    m_delaysMs[m_next] = delayMs;
    m_next = (m_next + 1) % kSamplesKept;
}

double DelayMonitor::percentileMs(double share) const {
    if (m_delaysMs.isEmpty()) return 0;
    auto sorted = m_delaysMs;
    const auto index =
        static_cast<qsizetype>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(sorted.size()))) -
        1;
    const auto nth = sorted.begin() + std::max<qsizetype>(0, index);
    std::nth_element(sorted.begin(), nth, sorted.end());
    return *nth;
}

} // namespace quantarium::widgets
