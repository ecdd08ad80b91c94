// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/main_window/status_panel.h"

#include <fstream>

#include <unistd.h>

#include "core/base/text.h"

namespace quantarium::widgets {

namespace {

constexpr int kIntervalMs = 1000;

/// Bytes of memory this process occupies now; 0 where the system doesn't tell.
double residentBytes() {
    std::ifstream file("/proc/self/statm");
    double total = 0;
    double resident = 0;
    if (!(file >> total >> resident)) return 0;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

} // namespace

StatusPanel::StatusPanel(QStatusBar* bar, RunDesk* desk, const DelayMonitor* delays, QObject* parent)
    : QObject(parent), m_desk(desk), m_delays(delays) {
    m_device =
        add(bar, QStringLiteral("device"), tr("Device, and the threads that train now of those there are"));
    m_queue = add(bar, QStringLiteral("queue"), tr("Runs that train and runs that wait"));
    m_speed = add(bar, QStringLiteral("speed"), tr("Training images per second, all runs together"));
    m_snapshots = add(bar, QStringLiteral("snapshots"),
                      tr("Share of the training time that live views of weights cost"));
    m_memory = add(bar, QStringLiteral("memory"), tr("Memory that this program occupies"));
    m_delay = add(
        bar, QStringLiteral("delay"),
        tr("How late this window reacts: 99 of 100 events are handled within this time (last two minutes)"));
    m_timer.setInterval(kIntervalMs);
    connect(&m_timer, &QTimer::timeout, this, &StatusPanel::update);
    connect(desk, &RunDesk::workspaceStateChanged, this, &StatusPanel::update);
    m_timer.start();
    update();
}

QLabel* StatusPanel::add(QStatusBar* bar, const QString& name, const QString& help) {
    auto* label = new QLabel;
    label->setObjectName(QStringLiteral("status-") + name);
    label->setToolTip(help);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    bar->addWidget(label);
    return label;
}

void StatusPanel::update() {
    const auto status = m_desk->status();
    m_device->setText(tr("%1: %2 of %3 threads").arg(status.device).arg(status.threads).arg(status.cores));
    m_queue->setText(status.running + status.queued == 0
                         ? tr("nothing is training")
                         : tr("%1 training, %2 waiting").arg(status.running).arg(status.queued));
    const bool training = status.running > 0;
    m_speed->setVisible(training);
    m_speed->setText(tr("%1 images/s").arg(status.imagesPerSecond, 0, 'f', 0));
    m_snapshots->setVisible(training);
    m_snapshots->setText(tr("live views %1 %").arg(100 * status.snapshotShare, 0, 'f', 1));
    m_memory->setText(tr("memory %1").arg(QString::fromStdString(formatBytes(residentBytes()))));
    m_delay->setText(tr("window delay %1 ms").arg(m_delays->percentileMs(0.99), 0, 'f', 0));
}

} // namespace quantarium::widgets
