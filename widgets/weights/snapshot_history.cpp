// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/weights/snapshot_history.h"

#include <algorithm>

namespace quantarium::widgets {
namespace {

constexpr int kFetchedAtOnce = 4;

} // namespace

QVector<qint64> spreadEpochs(const QVector<qint64>& epochs, int most) {
    if (most < 2 || epochs.size() <= most) return epochs;
    QVector<qint64> spread;
    for (int i = 0; i < most; ++i)
        spread.append(epochs[qsizetype(double(i) * double(epochs.size() - 1) / (most - 1) + 0.5)]);
    return spread;
}

SnapshotHistory::SnapshotHistory(RunSource* source, QObject* parent) : QObject(parent), m_source(source) {
    m_timer.setInterval(0);
    connect(&m_timer, &QTimer::timeout, this, &SnapshotHistory::fetch);
    connect(source, &RunSource::snapshotChanged, this, [this](const QString& id) {
        if (id == m_runId && !m_missing.isEmpty()) m_timer.start();
    });
}

void SnapshotHistory::setRun(const QString& runId) {
    if (runId == m_runId) return;
    m_runId = runId;
    m_missing.clear();
    m_snapshots.clear();
    m_timer.stop();
    emit changed();
}

void SnapshotHistory::want(int most) {
    const QVector<qint64> wanted = spreadEpochs(m_source->snapshotEpochs(m_runId), most);
    const auto before = m_snapshots.size();
    m_snapshots.removeIf([&](const auto& entry) { return !wanted.contains(entry.key()); });
    m_missing.removeIf([&](qint64 epoch) { return !wanted.contains(epoch); });
    bool more = false;
    for (const qint64 epoch : wanted) {
        if (m_snapshots.contains(epoch) || m_missing.contains(epoch)) continue;
        m_missing.append(epoch);
        more = true;
    }
    if (more) m_timer.start();
    if (before != m_snapshots.size()) emit changed();
}

void SnapshotHistory::fetch() {
    bool got = false;
    const auto asked = std::min<qsizetype>(kFetchedAtOnce, m_missing.size());
    for (qsizetype i = 0; i < asked; ++i) {
        const qint64 epoch = m_missing.takeFirst();
        if (auto snapshot = m_source->snapshot(m_runId, epoch)) {
            m_snapshots.insert(epoch, std::move(snapshot));
            got = true;
        } else {
            m_missing.append(epoch); // being read; the others meanwhile
        }
    }
    if (m_missing.isEmpty() || !got) m_timer.stop(); // snapshotChanged goes on
    if (got) emit changed();
}

} // namespace quantarium::widgets
