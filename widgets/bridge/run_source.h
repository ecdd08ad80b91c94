// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <QMap>
#include <QObject>
#include <QString>
#include <QStringList>
#include <QVector>

#include "core/run/events.h"
#include "core/run/run_config.h"
#include "core/run/snapshot.h"

namespace quantarium::widgets {

/// A run as the desktop shows it in tables and legends.
struct RunRow {
    QString id;
    QString name;
    QString group;  ///< shared by the repeats of one configuration
    int colour = 0; ///< index into the palette, by creation order: the same everywhere and at every start
    bool checked = false; ///< shown in the views
    RunState state = RunState::Queued;
    QString reason; ///< error text, or how to resume
    RunConfig config;
    std::optional<RunReport> report;
    qint64 epochsDone = 0;
    qint64 epochsTotal = 0;
    double progress = 0;     ///< 0 … 1
    double secondsLeft = -1; ///< negative: unknown
    double imagesPerSecond = 0;
    double snapshotShare = 0;
    QString phase;
    QMap<QString, double> last; ///< values of the last epoch, by EpochDone's names
    QMap<QString, double> best; ///< of the best epoch on validation data
    qint64 bestEpoch = 0;
    std::optional<double> deltaToFloat; ///< percentage points, when it and its float run have finished
    QString deltaReference;             ///< which run that is, and why
    bool deltaOnTest = true;            ///< measured on test data, else on validation data
    double seconds = 0;
};

/// A curve: x ascending.
struct Curve {
    QVector<double> x;
    QVector<double> y;
};

/// What panels read: plain values, in the GUI thread. RunBridge implements it over a laboratory; tests use
/// made-up ones.
class RunSource : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    virtual QVector<RunRow> runs() const = 0; ///< newest first
    virtual std::optional<RunRow> run(const QString& id) const = 0;
    virtual QStringList checkedRuns() const = 0;
    virtual void setChecked(const QString& id, bool checked) = 0;
    virtual QString currentRun() const = 0; ///< selected in the Runs table; may be empty
    virtual void setCurrentRun(const QString& id) = 0;

    virtual QStringList seriesNames(const QString& id) const = 0; ///< "train_loss", "validation_top1", …
    virtual Curve series(const QString& id, const QString& name) const = 0; ///< by epoch
    virtual Curve stepLosses(const QString& id) const = 0; ///< recorded and live ones, by optimizer step
    virtual Curve
    epochSeconds(const QString& id) const = 0; ///< wall-clock seconds since start at each epoch's end
    virtual QVector<qint64> snapshotEpochs(const QString& id) const = 0;
    /// epoch < 0: the newest one, live if there is one. Null: none.
    virtual std::shared_ptr<const WeightSnapshot> snapshot(const QString& id, qint64 epoch) const = 0;

    /// Panels that show weights live hold a watch on the run they show; snapshots between epochs are made
    /// only then.
    virtual void watchWeights(const QString& id, bool watch) = 0;

signals:
    void runsChanged(); ///< rows added, removed, or any of their values
    void currentRunChanged(const QString& id);
    void checkedRunsChanged();
    void seriesChanged(const QString& id); ///< at most every 40 ms
    void snapshotChanged(const QString& id);
};

} // namespace quantarium::widgets
