// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>

#include <QHash>
#include <QSet>

#include "widgets/bridge/run_source.h"

namespace quantarium::test {

/// Runs, series and snapshots made up for tests: the same on every machine and every day.
class FakeSource : public widgets::RunSource {
    Q_OBJECT
public:
    struct Run {
        widgets::RunRow row;
        QMap<QString, widgets::Curve> series;
        widgets::Curve steps;
        widgets::Curve seconds;
        std::map<qint64, std::shared_ptr<const WeightSnapshot>> snapshots;
        std::shared_ptr<const WeightSnapshot> live;
    };

    QVector<widgets::RunRow> runs() const override;
    std::optional<widgets::RunRow> run(const QString& id) const override;
    QStringList checkedRuns() const override { return m_checked; }
    void setChecked(const QString& id, bool checked) override;
    QString currentRun() const override { return m_current; }
    void setCurrentRun(const QString& id) override;
    QStringList seriesNames(const QString& id) const override { return m_runs.value(id).series.keys(); }
    widgets::Curve series(const QString& id, const QString& name) const override {
        return m_runs.value(id).series.value(name);
    }
    widgets::Curve stepLosses(const QString& id) const override { return m_runs.value(id).steps; }
    widgets::Curve epochSeconds(const QString& id) const override { return m_runs.value(id).seconds; }
    QVector<qint64> snapshotEpochs(const QString& id) const override;
    std::shared_ptr<const WeightSnapshot> snapshot(const QString& id, qint64 epoch) const override;
    void watchWeights(const QString& id, bool watch) override;

    /// Adds a run, oldest first.
    void add(const Run& run);
    /// One more epoch's snapshot, announced.
    void addEpoch(const QString& id, std::shared_ptr<const WeightSnapshot> snapshot);
    /// From now on recorded snapshots are null when first asked for, and announced once they are there.
    void readInBackground() { m_background = true; }
    const QSet<QString>& watched() const { return m_watched; }
    Run& at(const QString& id) { return m_runs[id]; }

private:
    QStringList m_order;
    QHash<QString, Run> m_runs;
    QStringList m_checked;
    QString m_current;
    QSet<QString> m_watched;
    bool m_background = false;
    mutable QSet<QPair<QString, qint64>> m_read;
};

/// Numbers in 0 … 1 that look random and are the same everywhere (splitmix64).
double noise(std::uint64_t index);

inline constexpr qint64 kStepsPerEpoch = 100;

/// A run with losses, accuracies and snapshots of `epochs` epochs. `method` is "inq", "rdhs" or "float".
FakeSource::Run makeRun(const QString& id, const QString& name, const QString& method, int bits, int epochs,
                        std::uint64_t seed);
/// Weights of a small network after `epoch` epochs.
std::shared_ptr<const WeightSnapshot> makeSnapshot(const QString& method, int bits, qint64 epoch,
                                                   std::uint64_t seed);

/// Five runs: float, INQ at 5 and 3 bits, RDHS at 1 bit with two seeds in one group; four ticked, `current`
/// selected.
void fillFirstLook(FakeSource& source, const QString& current);

} // namespace quantarium::test
