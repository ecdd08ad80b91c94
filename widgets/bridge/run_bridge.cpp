// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/bridge/run_bridge.h"

#include <algorithm>
#include <thread>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/store/export.h"
#include "widgets/bridge/bridge_state.h"

namespace quantarium::widgets {

namespace {

std::vector<std::string> toStrings(const QStringList& ids) {
    std::vector<std::string> result;
    for (const auto& id : ids)
        result.push_back(id.toStdString());
    return result;
}

std::string tableText(const store::ResultTable& table, const QString& format) {
    if (format == "csv") return store::toCsv(table);
    if (format == "tsv") return store::toTsv(table);
    if (format == "json") return store::toJsonText(table);
    if (format == "markdown") return store::toMarkdown(table);
    if (format == "latex") return store::toLatex(table);
    throw Error(ErrorKind::Config, "\"" + format.toStdString() + "\" is no table format", "export",
                "Allowed: csv, tsv, json, markdown, latex.");
}

} // namespace

RunBridge::RunBridge(QObject* parent) : RunDesk(parent), m_state(std::make_unique<State>(*this)) {}

RunBridge::~RunBridge() {
    m_state->worker->add([state = m_state.get()] { state->closeInWorker(); });
    m_state->worker.reset(); // waits; nothing is posted to a half-destroyed object afterwards
}

WorkspaceState RunBridge::workspaceState() const {
    return m_state->workspaceState;
}
QString RunBridge::workspaceFolder() const {
    return m_state->folder;
}
QString RunBridge::workspaceProblem() const {
    return m_state->problem;
}

void RunBridge::openWorkspace(const QString& folder) {
    ++m_state->workspaceGeneration;
    m_state->folder = folder;
    m_state->problem.clear();
    m_state->workspaceState = WorkspaceState::Opening;
    m_state->clear();
    emit workspaceStateChanged();
    m_state->openInBackground();
}

void RunBridge::shutDown() {
    m_state->began();
    m_state->worker->add([state = m_state.get()] {
        state->closeInWorker();
        QMetaObject::invokeMethod(
            &state->bridge,
            [state] {
                state->workspaceState = WorkspaceState::Closed;
                state->ended();
                emit state->bridge.closed();
            },
            Qt::QueuedConnection);
    });
}

int RunBridge::rowCount() const {
    return m_state->rows.size();
}
const RunRow& RunBridge::row(int index) const {
    return m_state->rows.row(index);
}
int RunBridge::rowOf(const QString& id) const {
    return m_state->rows.indexOf(id.toStdString());
}
int RunBridge::undoableRuns() const {
    return static_cast<int>(m_state->binned.size());
}
bool RunBridge::busy() const {
    return m_state->tasksOpen > 0;
}

void RunBridge::start(const QVector<RunConfig>& configs) {
    for (qsizetype i = 0; i < configs.size(); ++i)
        m_state->inBackground(
            [config = configs[i]](study::Laboratory& lab) {
                std::vector<RunEntry> entries;
                for (const auto& id : lab.submit(config))
                    if (const auto record = lab.workspace().find(id))
                        entries.push_back(entryFromRecord(*record));
                return entries;
            },
            [this, first = i == 0](std::vector<RunEntry>& entries) {
                QStringList ids;
                for (const auto& entry : entries)
                    ids.push_back(entry.row.id);
                m_state->insertRows(std::move(entries));
                if (first && !ids.isEmpty()) setCurrentRun(ids.front()); // it trains first
                emit started(ids);
            });
}

void RunBridge::pause(const QStringList& ids) {
    m_state->command(ids, &study::Laboratory::pause);
}
void RunBridge::resume(const QStringList& ids) {
    m_state->command(ids, &study::Laboratory::resume);
}
void RunBridge::stop(const QStringList& ids) {
    m_state->command(ids, &study::Laboratory::stop);
}

void RunBridge::moveToBin(const QStringList& ids) {
    m_state->inBackground(
        [ids = toStrings(ids)](study::Laboratory& lab) {
            lab.workspace().moveToBin(ids);
            return ids;
        },
        [this](const std::vector<std::string>& gone) {
            m_state->removeRows(gone);
            emit message(MessageKind::Note,
                         gone.size() == 1
                             ? tr("One run is in the bin. Ctrl+Z brings it back.")
                             : tr("%1 runs are in the bin. Ctrl+Z brings them back.").arg(gone.size()));
        });
}

void RunBridge::undoBin() {
    std::vector<std::string> ids;
    for (const auto& gone : m_state->binned)
        ids.push_back(gone.id);
    if (ids.empty()) return;
    m_state->inBackground(
        [ids](study::Laboratory& lab) {
            lab.workspace().restore(ids);
            std::vector<RunEntry> entries;
            for (const auto& id : ids)
                if (const auto record = lab.workspace().find(id))
                    entries.push_back(entryFromWorkspace(lab.workspace(), *record));
            return entries;
        },
        [this](std::vector<RunEntry>& entries) { m_state->restoreRows(std::move(entries)); });
}

void RunBridge::rename(const QString& id, const QString& name) {
    m_state->inBackground(
        [id = id.toStdString(), name = name.toStdString()](study::Laboratory& lab) {
            lab.workspace().setName(id, name);
            return 0;
        },
        [this, id](int) { m_state->refresh({id}); });
}

QString RunBridge::runFolder(const QString& id) const {
    return m_state->folder + QStringLiteral("/runs/") + id;
}

void RunBridge::exportResults(const QStringList& ids, const QString& format, const QString& file) {
    m_state->inBackground(
        [ids = toStrings(ids), format, path = file.toStdString()](study::Laboratory& lab) {
            lab.flush();
            std::vector<store::RunRecord> records;
            for (const auto& id : ids)
                records.push_back(lab.workspace().at(id));
            writeFileAtomically(path, tableText(store::runTable(lab.workspace(), records), format));
            return 0;
        },
        [this, file](int) { emit message(MessageKind::Note, tr("Wrote %1").arg(file)); });
}

DeskStatus RunBridge::status() const {
    DeskStatus status;
    status.cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    status.device = QStringLiteral("CPU");
    for (int i = 0; i < rowCount(); ++i) {
        const auto& candidate = row(i);
        if (candidate.state == RunState::Queued) ++status.queued;
        if (candidate.state != RunState::Running) continue;
        ++status.running;
        status.threads += static_cast<int>(candidate.config.machine.threads);
        status.imagesPerSecond += candidate.imagesPerSecond;
        status.snapshotShare = std::max(status.snapshotShare, candidate.snapshotShare);
        if (candidate.config.machine.device != "cpu")
            status.device = QString::fromStdString(candidate.config.machine.device).toUpper();
    }
    return status;
}

QVector<RunRow> RunBridge::runs() const {
    QVector<RunRow> result;
    result.reserve(rowCount());
    for (int i = 0; i < rowCount(); ++i)
        result.push_back(row(i));
    return result;
}

std::optional<RunRow> RunBridge::run(const QString& id) const {
    const int index = rowOf(id);
    return index < 0 ? std::nullopt : std::optional<RunRow>(row(index));
}

QStringList RunBridge::checkedRuns() const {
    return m_state->rows.checkedRuns();
}

void RunBridge::setChecked(const QString& id, bool checked) {
    const int index = rowOf(id);
    if (index < 0 || row(index).checked == checked) return;
    m_state->rows.setChecked(index, checked);
    emit rowChanged(index);
    emit checkedRunsChanged();
}

QString RunBridge::currentRun() const {
    return m_state->current;
}

void RunBridge::setCurrentRun(const QString& id) {
    if (id == m_state->current) return;
    m_state->current = id;
    emit currentRunChanged(id);
}

QStringList RunBridge::seriesNames(const QString& id) const {
    return m_state->seriesOf(id).names();
}
Curve RunBridge::series(const QString& id, const QString& name) const {
    return m_state->seriesOf(id).byEpoch(name);
}
Curve RunBridge::stepLosses(const QString& id) const {
    return m_state->seriesOf(id).stepLosses();
}
Curve RunBridge::epochSeconds(const QString& id) const {
    return m_state->seriesOf(id).seconds();
}
QVector<qint64> RunBridge::snapshotEpochs(const QString& id) const {
    return m_state->seriesOf(id).snapshotEpochs();
}

std::shared_ptr<const WeightSnapshot> RunBridge::snapshot(const QString& id, qint64 epoch) const {
    const auto key = id.toStdString();
    if (epoch < 0) {
        if (auto live = m_state->snapshots.live(key)) return live;
        const auto epochs = snapshotEpochs(id);
        if (epochs.isEmpty()) return nullptr;
        epoch = epochs.back();
    }
    if (auto known = m_state->snapshots.find(key, epoch)) return known;
    if (rowOf(id) >= 0) m_state->readSnapshot(id, epoch);
    return nullptr;
}

void RunBridge::watchWeights(const QString& id, bool watch) {
    int& count = m_state->watchers[id];
    count = std::max(0, count + (watch ? 1 : -1));
    std::set<std::string> watched;
    for (auto item = m_state->watchers.begin(); item != m_state->watchers.end(); ++item)
        if (item.value() > 0) watched.insert(item.key().toStdString());
    m_state->mailbox.setWatched(std::move(watched));
}

} // namespace quantarium::widgets
