// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QMap>
#include <QObject>
#include <QTimer>

#include "widgets/bridge/run_source.h"

namespace quantarium::widgets {

/// Recorded weight snapshots of one run, fetched a few at a time so that a long run never holds up the
/// window. A source that reads in the background answers null first and emits snapshotChanged when it has
/// read. Thread: GUI.
class SnapshotHistory : public QObject {
    Q_OBJECT
public:
    explicit SnapshotHistory(RunSource* source, QObject* parent = nullptr);

    /// Forgets the other run's snapshots.
    void setRun(const QString& runId);
    /// Which epochs are wanted: at most `most`, evenly spread over the recorded ones, first and last among
    /// them.
    void want(int most);
    /// What of it is here, by epoch.
    const QMap<qint64, std::shared_ptr<const WeightSnapshot>>& snapshots() const { return m_snapshots; }
    bool isComplete() const { return m_missing.isEmpty(); }

signals:
    void changed();

private:
    void fetch();

    RunSource* m_source;
    QString m_runId;
    QVector<qint64> m_missing;
    QMap<qint64, std::shared_ptr<const WeightSnapshot>> m_snapshots;
    QTimer m_timer;
};

/// At most `most` of `epochs`, evenly spread, first and last kept.
QVector<qint64> spreadEpochs(const QVector<qint64>& epochs, int most);

} // namespace quantarium::widgets
