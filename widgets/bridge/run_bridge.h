// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "widgets/bridge/run_desk.h"

namespace quantarium::widgets {

/// RunDesk over a study::Laboratory. The laboratory and its store are used in a worker thread only; events of
/// training threads come through an EventMailbox that the GUI thread empties every 40 ms at most. The header
/// is free of LibTorch.
class RunBridge : public RunDesk {
    Q_OBJECT
public:
    static constexpr int kIntervalMs = 40;

    explicit RunBridge(QObject* parent = nullptr);
    ~RunBridge() override; ///< checkpoints and joins what still runs

    WorkspaceState workspaceState() const override;
    QString workspaceFolder() const override;
    QString workspaceProblem() const override;
    void openWorkspace(const QString& folder) override;
    void shutDown() override;

    int rowCount() const override;
    const RunRow& row(int index) const override;
    int rowOf(const QString& id) const override;
    void start(const QVector<RunConfig>& configs) override;
    void pause(const QStringList& ids) override;
    void resume(const QStringList& ids) override;
    void stop(const QStringList& ids) override;
    void moveToBin(const QStringList& ids) override;
    void undoBin() override;
    int undoableRuns() const override;
    void rename(const QString& id, const QString& name) override;
    QString runFolder(const QString& id) const override;
    void exportResults(const QStringList& ids, const QString& format, const QString& file) override;
    DeskStatus status() const override;

    QVector<RunRow> runs() const override;
    std::optional<RunRow> run(const QString& id) const override;
    QStringList checkedRuns() const override;
    void setChecked(const QString& id, bool checked) override;
    QString currentRun() const override;
    void setCurrentRun(const QString& id) override;
    QStringList seriesNames(const QString& id) const override;
    Curve series(const QString& id, const QString& name) const override;
    Curve stepLosses(const QString& id) const override;
    Curve epochSeconds(const QString& id) const override;
    QVector<qint64> snapshotEpochs(const QString& id) const override;
    std::shared_ptr<const WeightSnapshot> snapshot(const QString& id, qint64 epoch) const override;
    void watchWeights(const QString& id, bool watch) override;

    /// True while something is being read or written in the background; idle() is emitted when that ends.
    bool busy() const;

signals:
    void idle();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace quantarium::widgets
