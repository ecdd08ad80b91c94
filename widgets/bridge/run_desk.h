// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/bridge/run_source.h"

namespace quantarium::widgets {

enum class WorkspaceState { Closed, Opening, Open, Failed };

enum class MessageKind { Note, Warning, Problem };

/// What the status bar shows; sums over the runs that train now.
struct DeskStatus {
    QString device;
    int cores = 0;
    int threads = 0; ///< used by running runs
    int running = 0;
    int queued = 0;
    double imagesPerSecond = 0;
    double snapshotShare = 0; ///< largest of the running runs, 0 … 1
};

/// What a person does with runs, and the rows behind the Runs table. RunBridge implements it over a
/// laboratory. All functions return at once; what fails comes back as message(). Thread: GUI.
class RunDesk : public RunSource {
    Q_OBJECT
public:
    using RunSource::RunSource;

    virtual WorkspaceState workspaceState() const = 0;
    virtual QString workspaceFolder() const = 0;
    virtual QString workspaceProblem() const = 0; ///< why it could not be opened
    /// Closes the present workspace (checkpointing its runs) and opens another.
    virtual void openWorkspace(const QString& folder) = 0;
    /// Checkpoints and joins all runs, then emits closed().
    virtual void shutDown() = 0;

    virtual int rowCount() const = 0;
    virtual const RunRow& row(int index) const = 0; ///< newest first
    virtual int rowOf(const QString& id) const = 0; ///< -1: none

    virtual void start(const QVector<RunConfig>& configs) = 0;
    virtual void pause(const QStringList& ids) = 0;
    virtual void resume(const QStringList& ids) = 0;
    virtual void stop(const QStringList& ids) = 0;
    virtual void moveToBin(const QStringList& ids) = 0;
    virtual void undoBin() = 0;
    virtual int undoableRuns() const = 0; ///< how many the last deletion took away
    virtual void rename(const QString& id, const QString& name) = 0;
    virtual QString runFolder(const QString& id) const = 0;
    /// Writes the results of these runs; format "csv", "tsv", "json", "markdown", "latex".
    virtual void exportResults(const QStringList& ids, const QString& format, const QString& file) = 0;

    virtual DeskStatus status() const = 0;

signals:
    void workspaceStateChanged();
    void closed();

    void rowsAboutToBeReset();
    void rowsReset();
    void rowsAboutToBeInserted(int first, int last);
    void rowsInserted();
    void rowsAboutToBeRemoved(int first, int last);
    void rowsRemoved();
    void rowChanged(int index);

    void statusChanged();
    void undoChanged();
    void message(quantarium::widgets::MessageKind kind, const QString& text);
    void started(const QStringList& ids);
};

} // namespace quantarium::widgets
