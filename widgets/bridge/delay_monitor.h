// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <QVector>

namespace quantarium::widgets {

/// Measures how late the GUI thread's event loop is: a precise timer that should fire every 20 ms, and by how
/// much it is late. Keeps the last two minutes. Thread: GUI.
class DelayMonitor : public QObject {
    Q_OBJECT
public:
    explicit DelayMonitor(QObject* parent = nullptr);

    void start();
    void stop() { m_timer.stop(); }
    /// Delay in ms that this share (0 … 1) of the samples stays below; 0 without samples.
    double percentileMs(double share) const;
    int samples() const { return static_cast<int>(m_delaysMs.size()); }
    void clear();
    void addSample(double delayMs); ///< also used by tests

private:
    static constexpr int kIntervalMs = 20;
    static constexpr int kSamplesKept = 6000;

    QTimer m_timer;
    QElapsedTimer m_clock;
    QVector<double> m_delaysMs; ///< ring once full
    int m_next = 0;
};

} // namespace quantarium::widgets
