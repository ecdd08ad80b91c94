// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <QHash>
#include <QTimer>

#include "core/study/laboratory.h"
#include "widgets/bridge/event_mailbox.h"
#include "widgets/bridge/run_bridge.h"
#include "widgets/bridge/run_rows.h"
#include "widgets/bridge/series_cache.h"
#include "widgets/bridge/snapshot_cache.h"
#include "widgets/bridge/worker.h"

namespace quantarium::widgets {

/// RunBridge's inside. Everything but `laboratory` belongs to the GUI thread; `laboratory` to the worker.
struct RunBridge::State {
    explicit State(RunBridge& bridge);

    /// Does `work` in the worker with the open laboratory, then `done` with its result in the GUI thread,
    /// unless another workspace was opened meanwhile. An Error becomes message().
    template <class Work, class Done> void inBackground(Work work, Done done);
    /// The same for work without a result.
    template <class Work> void inBackground(Work work) {
        inBackground(
            [work = std::move(work)](study::Laboratory& lab) {
                work(lab);
                return 0;
            },
            [](int) {});
    }

    void openInBackground();
    void closeInWorker();
    struct Opened {
        std::vector<RunEntry> entries;
        std::vector<std::string> created;
        Comparisons comparisons;
    };
    void showOpened(Opened opened);
    void showFailed(const QString& reason);
    void clear();

    void applyMail();
    void applyLetter(const RunLetter& letter);
    void addSeries(const RunLetter& letter);
    void insertRows(std::vector<RunEntry> entries);
    void insertRow(int index, RunEntry entry);
    void removeRows(const std::vector<std::string>& ids);
    void restoreRows(std::vector<RunEntry> entries);
    void settleRows(); ///< after rows came or went
    void refresh(const QStringList& ids);
    void compareRuns(); ///< finds the differences to float in the background, after runs ended, came or went
    void command(const QStringList& ids, void (study::Laboratory::*action)(const std::string&));
    RunSeries& seriesOf(const QString& id); ///< starts reading it when it was not
    void readSnapshot(const QString& id, qint64 epoch);
    void began();
    void ended();

    RunBridge& bridge;
    EventMailbox mailbox;
    QTimer timer;
    RunRows rows;
    std::map<QString, RunSeries> series;
    SnapshotCache snapshots;
    std::set<std::pair<QString, qint64>> snapshotsBeingRead;
    std::vector<RunLetter> early; ///< of runs whose rows are still on their way
    QHash<QString, int> watchers;
    QString current;
    struct Binned {
        std::string id;
        std::string olderNeighbour; ///< the row below it; empty: none
    };
    std::vector<Binned> binned; ///< by the last deletion, in order of removal
    WorkspaceState workspaceState = WorkspaceState::Closed;
    QString folder;
    QString problem;
    int workspaceGeneration = 0;
    int tasksOpen = 0;
    std::atomic<bool> comparing = false; ///< asked for, and not begun by the worker

    std::unique_ptr<study::Laboratory> laboratory;
    std::unique_ptr<Worker> worker; ///< last: joined first
};

template <class Work, class Done> void RunBridge::State::inBackground(Work work, Done done) {
    began();
    worker->add([this, work = std::move(work), done = std::move(done), generation = workspaceGeneration] {
        const auto post = [this, generation](auto inGui) {
            QMetaObject::invokeMethod(
                &bridge,
                [this, generation, inGui] {
                    if (generation == workspaceGeneration) inGui();
                    ended();
                },
                Qt::QueuedConnection);
        };
        if (!laboratory) {
            post([this] {
                emit bridge.message(MessageKind::Warning,
                                    tr("No workspace is open. Choose one on the start page."));
            });
            return;
        }
        try {
            auto result = std::make_shared<decltype(work(*laboratory))>(work(*laboratory));
            post([done, result] { done(*result); });
        } catch (const std::exception& error) {
            post([this, text = QString::fromUtf8(error.what())] {
                emit bridge.message(MessageKind::Problem, text);
            });
        }
    });
}

} // namespace quantarium::widgets
