// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <QString>
#include <QStringList>
#include <QVector>

#include "core/run/events.h"
#include "widgets/bridge/run_source.h"

namespace quantarium::widgets {

/// A run's whole record as it is read from the store, off the GUI thread.
struct RecordedSeries {
    std::map<std::string, std::vector<std::pair<std::int64_t, double>>> byName;
    std::vector<std::pair<std::int64_t, double>> stepLosses;
    std::vector<std::int64_t> snapshotEpochs;
};

/// The series of one run: what was recorded before, read when somebody asks, and what arrives live. Points of
/// live epochs replace recorded ones. Thread: GUI.
class RunSeries {
public:
    enum class Recorded { NotRead, Reading, Read };

    /// A run begins, or goes on after this many epochs. Live points from `firstEpoch` on are forgotten.
    void begin(std::int64_t firstEpoch);
    void addEpoch(const EpochDone& epoch);
    void addSnapshotEpoch(std::int64_t epoch) { m_snapshots.insert(epoch); }
    /// Losses of the newest steps, ending at `lastStep`; replaced by the epoch's own when that is done.
    void addLosses(const std::vector<double>& losses, std::int64_t lastStep);
    void setRecorded(const RecordedSeries& recorded);

    Recorded recorded = Recorded::NotRead;

    QStringList names() const;
    Curve byEpoch(const QString& name) const;
    Curve stepLosses() const;
    Curve seconds() const; ///< running sum of "seconds"
    QVector<qint64> snapshotEpochs() const;

private:
    std::map<std::string, std::map<std::int64_t, double>> m_values; ///< name -> epoch -> value
    QVector<double> m_steps;                                        ///< of recorded and finished epochs
    QVector<double> m_losses;
    QVector<double> m_liveSteps; ///< of the epoch that is going on
    QVector<double> m_liveLosses;
    std::set<std::int64_t> m_snapshots; ///< epochs that have one
    std::int64_t m_firstLiveEpoch = -1; ///< first epoch that arrived live; -1: none
    std::int64_t m_firstLiveStep = 0;   ///< steps done before it
};

} // namespace quantarium::widgets
