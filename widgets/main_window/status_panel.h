// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QStatusBar>
#include <QTimer>

#include "widgets/bridge/delay_monitor.h"
#include "widgets/bridge/run_desk.h"

namespace quantarium::widgets {

/// The status bar's figures: device, threads, queue, images per second, cost of snapshots, memory, delay of
/// this window.
class StatusPanel : public QObject {
    Q_OBJECT
public:
    StatusPanel(QStatusBar* bar, RunDesk* desk, const DelayMonitor* delays, QObject* parent = nullptr);

    void update();

private:
    QLabel* add(QStatusBar* bar, const QString& name, const QString& help);

    RunDesk* m_desk;
    const DelayMonitor* m_delays;
    QTimer m_timer;
    QLabel* m_device;
    QLabel* m_queue;
    QLabel* m_speed;
    QLabel* m_snapshots;
    QLabel* m_memory;
    QLabel* m_delay;
};

} // namespace quantarium::widgets
