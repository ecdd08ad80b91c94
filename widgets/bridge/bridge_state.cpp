// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/bridge/bridge_state.h"

#include <algorithm>

namespace quantarium::widgets {

namespace {

constexpr int kShownAtStart = 6; ///< newest runs that are checked when a workspace opens

std::vector<RunEntry> entriesOf(const store::Workspace& workspace, const std::vector<std::string>& ids) {
    std::vector<RunEntry> entries;
    for (const auto& id : ids)
        if (const auto record = workspace.find(id)) entries.push_back(entryFromWorkspace(workspace, *record));
    return entries;
}

RecordedSeries readSeries(study::Laboratory& laboratory, const std::string& id) {
    laboratory.flush();
    const auto& workspace = laboratory.workspace();
    RecordedSeries recorded;
    for (const auto& name : workspace.seriesNames(id))
        recorded.byName[name] = workspace.series(id, name);
    recorded.stepLosses = workspace.stepLosses(id);
    recorded.snapshotEpochs = workspace.snapshotEpochs(id);
    return recorded;
}

} // namespace

RunBridge::State::State(RunBridge& owner)
    : bridge(owner), mailbox([this] {
          QMetaObject::invokeMethod(
              &timer,
              [this] {
                  if (!timer.isActive()) timer.start();
              },
              Qt::QueuedConnection);
      }) {
    timer.setSingleShot(true);
    timer.setInterval(kIntervalMs);
    QObject::connect(&timer, &QTimer::timeout, &bridge, [this] { applyMail(); });
    worker = std::make_unique<Worker>();
}

void RunBridge::State::began() {
    ++tasksOpen;
}

void RunBridge::State::ended() {
    if (--tasksOpen == 0) emit bridge.idle();
}

void RunBridge::State::closeInWorker() {
    if (!laboratory) return;
    laboratory->stopAll();
    laboratory->waitIdle(); // events still reach the window while runs write their checkpoints
    laboratory->removeObserver(&mailbox);
    laboratory.reset();
}

void RunBridge::State::openInBackground() {
    began();
    worker->add([this, generation = workspaceGeneration, path = folder.toStdString()] {
        auto opened = std::make_shared<Opened>();
        QString reason;
        try {
            closeInWorker();
            laboratory = std::make_unique<study::Laboratory>(path);
            laboratory->addObserver(&mailbox);
            const auto& workspace = laboratory->workspace();
            for (const auto& record : workspace.list())
                opened->entries.push_back(entryFromWorkspace(workspace, record));
            opened->created = creationOrder(workspace);
            opened->comparisons = compareToFloat(workspace);
        } catch (const std::exception& error) {
            laboratory.reset();
            reason = QString::fromUtf8(error.what());
        }
        QMetaObject::invokeMethod(
            &bridge,
            [this, generation, opened, reason] {
                if (generation == workspaceGeneration) {
                    if (reason.isEmpty())
                        showOpened(std::move(*opened));
                    else
                        showFailed(reason);
                }
                ended();
            },
            Qt::QueuedConnection);
    });
}

void RunBridge::State::clear() {
    (void)mailbox.take();
    early.clear();
    series.clear();
    snapshots.clear();
    snapshotsBeingRead.clear();
    binned.clear();
    comparing = false;
    current.clear();
    emit bridge.rowsAboutToBeReset();
    rows.reset({});
    emit bridge.rowsReset();
    emit bridge.undoChanged();
    emit bridge.runsChanged();
    emit bridge.currentRunChanged({});
    emit bridge.checkedRunsChanged();
}

void RunBridge::State::showOpened(Opened opened) {
    (void)mailbox.take(); // last words of the workspace before
    early.clear();
    emit bridge.rowsAboutToBeReset();
    rows.reset(std::move(opened.entries), opened.created);
    rows.showComparisons(opened.comparisons);
    for (int i = std::min(kShownAtStart, rows.size()) - 1; i >= 0; --i)
        rows.setChecked(i, true);
    emit bridge.rowsReset();
    workspaceState = WorkspaceState::Open;
    emit bridge.workspaceStateChanged();
    emit bridge.runsChanged();
    emit bridge.checkedRunsChanged();
    if (rows.size() > 0) bridge.setCurrentRun(rows.row(0).id);
    emit bridge.statusChanged();
}

void RunBridge::State::showFailed(const QString& reason) {
    problem = reason;
    workspaceState = WorkspaceState::Failed;
    emit bridge.workspaceStateChanged();
}

void RunBridge::State::applyMail() {
    auto letters = mailbox.take();
    bool anyEnded = false;
    for (const auto& letter : letters) {
        anyEnded = anyEnded || letter.ended;
        applyLetter(letter);
    }
    if (anyEnded) compareRuns();
    if (letters.empty()) return;
    emit bridge.runsChanged();
    emit bridge.statusChanged();
}

void RunBridge::State::applyLetter(const RunLetter& letter) {
    const int index = rows.indexOf(letter.runId);
    if (index < 0) {
        early.push_back(letter);
        return;
    }
    const auto id = QString::fromStdString(letter.runId);
    rows.apply(index, letter);
    addSeries(letter);
    emit bridge.rowChanged(index);
    if (letter.started || !letter.epochs.empty() || letter.progress) emit bridge.seriesChanged(id);
    if (!letter.epochs.empty() || letter.weights) emit bridge.snapshotChanged(id);
    if (!letter.ended) return;
    refresh({id});
    if (letter.ended->state == RunState::Failed)
        emit bridge.message(MessageKind::Problem,
                            rows.row(index).name + QStringLiteral(": ") + rows.row(index).reason);
}

void RunBridge::State::addSeries(const RunLetter& letter) {
    auto& points = series[QString::fromStdString(letter.runId)];
    if (letter.started) {
        points.begin(letter.started->firstEpoch);
        snapshots.dropAfter(letter.runId, letter.started->firstEpoch);
    }
    for (const auto& epoch : letter.epochs) {
        points.addEpoch(epoch);
        if (!epoch.weights) continue;
        snapshots.add(letter.runId, epoch.epoch, epoch.weights);
        snapshots.setLive(letter.runId, epoch.weights);
    }
    for (const auto epoch : letter.snapshotEpochs)
        points.addSnapshotEpoch(epoch);
    if (letter.progress) points.addLosses(letter.progress->losses, letter.progress->step);
    if (letter.weights) snapshots.setLive(letter.runId, letter.weights);
}

void RunBridge::State::insertRow(int index, RunEntry entry) {
    const int known = rows.indexOf(entry.row.id.toStdString());
    if (known >= 0) {
        rows.refresh(known, std::move(entry));
        emit bridge.rowChanged(known);
        return;
    }
    emit bridge.rowsAboutToBeInserted(index, index);
    rows.insert(index, std::move(entry));
    rows.setChecked(index, true);
    emit bridge.rowsInserted();
}

void RunBridge::State::insertRows(std::vector<RunEntry> entries) {
    for (auto& entry : entries)
        insertRow(0, std::move(entry)); // the newest is the first row
    const auto waiting = std::move(early);
    early.clear();
    for (const auto& letter : waiting)
        applyLetter(letter);
    settleRows();
}

void RunBridge::State::removeRows(const std::vector<std::string>& ids) {
    binned.clear();
    for (const auto& id : ids) {
        const int index = rows.indexOf(id);
        if (index < 0) continue;
        binned.push_back(
            {id, index + 1 < rows.size() ? rows.row(index + 1).id.toStdString() : std::string()});
        emit bridge.rowsAboutToBeRemoved(index, index);
        rows.remove(index);
        emit bridge.rowsRemoved();
        series.erase(QString::fromStdString(id));
    }
    settleRows();
    compareRuns();
    if (rows.indexOf(current.toStdString()) < 0)
        bridge.setCurrentRun(rows.size() > 0 ? rows.row(0).id : QString());
}

void RunBridge::State::restoreRows(std::vector<RunEntry> entries) {
    for (auto gone = binned.rbegin(); gone != binned.rend(); ++gone) { // the exact reverse of the removal
        const auto entry = std::find_if(entries.begin(), entries.end(), [&](const RunEntry& candidate) {
            return candidate.row.id.toStdString() == gone->id;
        });
        if (entry == entries.end()) continue;
        const int neighbour = gone->olderNeighbour.empty() ? -1 : rows.indexOf(gone->olderNeighbour);
        insertRow(neighbour < 0 ? rows.size() : neighbour, std::move(*entry));
    }
    binned.clear();
    settleRows();
    compareRuns();
}

void RunBridge::State::settleRows() {
    emit bridge.runsChanged();
    emit bridge.checkedRunsChanged();
    emit bridge.statusChanged();
    emit bridge.undoChanged();
}

void RunBridge::State::compareRuns() {
    if (comparing.exchange(true)) return; // the task that waits will see what is new
    inBackground(
        [this](study::Laboratory& lab) {
            comparing = false;
            lab.flush();
            return compareToFloat(lab.workspace());
        },
        [this](const Comparisons& comparisons) {
            for (const int index : rows.showComparisons(comparisons))
                emit bridge.rowChanged(index);
        });
}

void RunBridge::State::refresh(const QStringList& ids) {
    for (const auto& id : ids) {
        const int index = rows.indexOf(id.toStdString());
        if (index < 0) continue;
        const int generation = rows.entry(index).generation;
        inBackground(
            [id = id.toStdString()](study::Laboratory& lab) {
                lab.flush();
                return entriesOf(lab.workspace(), {id});
            },
            [this, id, generation](std::vector<RunEntry>& entries) {
                const int row = rows.indexOf(id.toStdString());
                if (row < 0 || entries.empty()) return;
                if (rows.entry(row).generation != generation) return; // it began or ended meanwhile: stale
                rows.refresh(row, std::move(entries.front()));
                emit bridge.rowChanged(row);
                emit bridge.runsChanged();
                emit bridge.statusChanged();
            });
    }
}

void RunBridge::State::command(const QStringList& ids,
                               void (study::Laboratory::*action)(const std::string&)) {
    for (const auto& id : ids)
        inBackground(
            [id = id.toStdString(), action](study::Laboratory& lab) {
                (lab.*action)(id);
                return 0;
            },
            [this, id](int) { refresh({id}); });
}

RunSeries& RunBridge::State::seriesOf(const QString& id) {
    auto& points = series[id];
    if (points.recorded != RunSeries::Recorded::NotRead || workspaceState != WorkspaceState::Open)
        return points;
    points.recorded = RunSeries::Recorded::Reading;
    inBackground([id = id.toStdString()](study::Laboratory& lab) { return readSeries(lab, id); },
                 [this, id](const RecordedSeries& recorded) {
                     const auto found = series.find(id);
                     if (found == series.end() || found->second.recorded == RunSeries::Recorded::Read) return;
                     found->second.setRecorded(recorded);
                     emit bridge.seriesChanged(id);
                     emit bridge.snapshotChanged(id);
                 });
    return points;
}

void RunBridge::State::readSnapshot(const QString& id, qint64 epoch) {
    if (!snapshotsBeingRead.insert({id, epoch}).second) return;
    inBackground([id = id.toStdString(),
                  epoch](study::Laboratory& lab) { return lab.workspace().snapshot(id, epoch); },
                 [this, id, epoch](const std::shared_ptr<const WeightSnapshot>& snapshot) {
                     snapshotsBeingRead.erase({id, epoch});
                     if (!snapshot) return;
                     snapshots.add(id.toStdString(), epoch, snapshot);
                     emit bridge.snapshotChanged(id);
                 });
}

} // namespace quantarium::widgets
