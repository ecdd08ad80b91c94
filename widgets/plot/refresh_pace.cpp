// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/plot/refresh_pace.h"

#include <algorithm>
#include <utility>

#include <QWidget>

namespace quantarium::widgets {

RefreshPace::RefreshPace(QWidget* panel, std::function<void()> refresh)
    : m_panel(panel), m_refresh(std::move(refresh)) {
    m_timer.setSingleShot(true);
    QObject::connect(&m_timer, &QTimer::timeout, panel, [this] { m_refresh(); });
}

void RefreshPace::requestLive() {
    const qint64 waited = m_sinceRefresh.isValid() ? m_sinceRefresh.elapsed() : kLiveMs;
    schedule(static_cast<int>(std::clamp<qint64>(kLiveMs - waited, kSoonMs, kLiveMs)));
}

void RefreshPace::shown() {
    if (m_stale) m_refresh();
}

void RefreshPace::refreshed() {
    m_stale = false;
    m_timer.stop();
    m_sinceRefresh.start();
}

void RefreshPace::schedule(int ms) {
    m_stale = true;
    if (!m_panel->isVisible() || (m_timer.isActive() && m_timer.remainingTime() <= ms)) return;
    m_timer.start(ms);
}

} // namespace quantarium::widgets
