// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "widgets/bridge/run_desk.h"
#include "widgets/bridge/setup_service.h"

namespace quantarium::widgets {

/// A made-up run for tests: its id sorts by `number`.
inline RunRow madeUpRow(int number, const std::string& method = "inq", int bits = 5) {
    RunRow row;
    row.id = QStringLiteral("run-%1").arg(number, 5, 10, QLatin1Char('0'));
    row.name = QStringLiteral("Run %1").arg(number);
    row.colour = number % 8;
    row.config.network.id = "resnet20";
    row.config.dataset.id = "shapes10";
    row.config.weights.method = method;
    row.config.weights.bits = bits;
    row.epochsTotal = 10;
    return row;
}

/// RunDesk without a laboratory: rows are put in by the test, commands are noted down.
class FakeDesk : public RunDesk {
public:
    using RunDesk::RunDesk;

    void add(RunRow row) {
        emit rowsAboutToBeInserted(0, 0);
        m_rows.insert(m_rows.begin(), std::move(row));
        emit rowsInserted();
        emit runsChanged();
        emit statusChanged();
    }
    void reset(std::vector<RunRow> rows) {
        emit rowsAboutToBeReset();
        m_rows = std::move(rows);
        emit rowsReset();
    }
    void change(int index, const RunRow& row) {
        m_rows[static_cast<std::size_t>(index)] = row;
        emit rowChanged(index);
        emit statusChanged();
    }
    void setState(WorkspaceState state, const QString& problem = {}) {
        m_state = state;
        m_problem = problem;
        emit workspaceStateChanged();
    }

    WorkspaceState workspaceState() const override { return m_state; }
    QString workspaceFolder() const override { return m_folder; }
    QString workspaceProblem() const override { return m_problem; }
    void openWorkspace(const QString& folder) override {
        m_folder = folder;
        commands.push_back(QStringLiteral("open ") + folder);
    }
    void shutDown() override {
        commands.push_back(QStringLiteral("shutDown"));
        emit closed();
    }
    int rowCount() const override { return static_cast<int>(m_rows.size()); }
    const RunRow& row(int index) const override { return m_rows[static_cast<std::size_t>(index)]; }
    int rowOf(const QString& id) const override {
        for (int i = 0; i < rowCount(); ++i)
            if (row(i).id == id) return i;
        return -1;
    }
    void start(const QVector<RunConfig>& configs) override { startedConfigs += configs; }
    void pause(const QStringList& ids) override {
        commands.push_back(QStringLiteral("pause ") + ids.join(QLatin1Char(' ')));
    }
    void resume(const QStringList& ids) override {
        commands.push_back(QStringLiteral("resume ") + ids.join(QLatin1Char(' ')));
    }
    void stop(const QStringList& ids) override {
        commands.push_back(QStringLiteral("stop ") + ids.join(QLatin1Char(' ')));
    }
    void moveToBin(const QStringList& ids) override {
        commands.push_back(QStringLiteral("bin ") + ids.join(QLatin1Char(' ')));
        for (const auto& id : ids) {
            const int index = rowOf(id);
            emit rowsAboutToBeRemoved(index, index);
            m_binned.push_back(row(index));
            m_rows.erase(m_rows.begin() + index);
            emit rowsRemoved();
        }
        emit undoChanged();
    }
    void undoBin() override {
        for (const auto& run : m_binned)
            add(run);
        m_binned.clear();
        emit undoChanged();
    }
    int undoableRuns() const override { return static_cast<int>(m_binned.size()); }
    void rename(const QString& id, const QString& name) override {
        auto changed = row(rowOf(id));
        changed.name = name;
        change(rowOf(id), changed);
    }
    QString runFolder(const QString& id) const override { return m_folder + QStringLiteral("/runs/") + id; }
    void exportResults(const QStringList& ids, const QString& format, const QString& file) override {
        commands.push_back(QStringLiteral("export %1 %2 %3").arg(format, file, ids.join(QLatin1Char(' '))));
    }
    DeskStatus status() const override {
        DeskStatus status;
        status.device = QStringLiteral("CPU");
        status.cores = 2;
        for (const auto& run : m_rows) {
            status.running += run.state == RunState::Running;
            status.queued += run.state == RunState::Queued;
            status.imagesPerSecond += run.imagesPerSecond;
        }
        return status;
    }

    QVector<RunRow> runs() const override { return {m_rows.begin(), m_rows.end()}; }
    std::optional<RunRow> run(const QString& id) const override {
        const int index = rowOf(id);
        return index < 0 ? std::nullopt : std::optional<RunRow>(row(index));
    }
    QStringList checkedRuns() const override {
        QStringList ids;
        for (const auto& run : m_rows)
            if (run.checked) ids.push_back(run.id);
        return ids;
    }
    void setChecked(const QString& id, bool checked) override {
        m_rows[static_cast<std::size_t>(rowOf(id))].checked = checked;
        emit rowChanged(rowOf(id));
        emit checkedRunsChanged();
    }
    QString currentRun() const override { return m_current; }
    void setCurrentRun(const QString& id) override {
        if (id == m_current) return;
        m_current = id;
        emit currentRunChanged(id);
    }
    QStringList seriesNames(const QString&) const override { return {}; }
    Curve series(const QString&, const QString&) const override { return {}; }
    Curve stepLosses(const QString&) const override { return {}; }
    Curve epochSeconds(const QString&) const override { return {}; }
    QVector<qint64> snapshotEpochs(const QString&) const override { return {}; }
    std::shared_ptr<const WeightSnapshot> snapshot(const QString&, qint64) const override { return nullptr; }
    void watchWeights(const QString&, bool) override {}

    QStringList commands;
    QVector<RunConfig> startedConfigs;

private:
    std::vector<RunRow> m_rows;
    std::vector<RunRow> m_binned;
    QString m_current;
    QString m_folder = QStringLiteral("/workspace");
    QString m_problem;
    WorkspaceState m_state = WorkspaceState::Open;
};

/// A small registry: two networks, a built-in and a missing dataset, float, inq (2 … 9 bits), rdhs (1 … 4
/// bits), activations dorefa (1 … 8 bits) and pact (2 … 16 bits).
class FakeSetup : public SetupService {
public:
    FakeSetup() {
        const auto entry = [](const char* id, const char* title, std::vector<OptionSpec> options = {}) {
            return EntrySchema{id, title, "", "", std::move(options)};
        };
        m_schema.tasks = {entry(
            "classification", "Classification",
            {OptionSpec::choice("loss", "Loss", "cross-entropy", {"cross-entropy", "squared-hinge"}, "")})};
        m_schema.networks = {entry("resnet20", "ResNet-20"),
                             entry("mlp", "MLP", {OptionSpec::integer("width", "Width", 64, 1, 4096, "")})};
        m_schema.optimizers = {
            entry("sgd", "SGD", {OptionSpec::real("lr", "Learning rate", 0.1, 0, 10, "")}),
            entry("adam", "Adam", {OptionSpec::real("lr", "Learning rate", 0.001, 0, 10, "")})};
        m_schema.schedules = {entry("constant", "Constant"), entry("cosine", "Cosine")};
        m_schema.methods = {
            {entry("float", "Float"), 32, 32, 32, false},
            {entry("inq", "INQ",
                   {OptionSpec::choice("partition", "Partition", "magnitude", {"magnitude", "random"}, ""),
                    OptionSpec::integer("shuffles", "Shuffles", 1, 1, 9, "").when("partition", {"random"}),
                    OptionSpec::real("tau", "Temperature", 1, 0.1, 10, "").asAdvanced()}),
             2, 9, 5, true},
            {entry("rdhs", "RDHS"), 1, 4, 1, false}};
        m_schema.activations = {
            {entry("dorefa", "DoReFa"), 1, 8, 4, false},
            {entry("pact", "PACT", {OptionSpec::real("clip", "First clip", 6, 0.1, 100, "")}), 2, 16, 8,
             false}};
        DatasetInfo shapes;
        shapes.schema = entry("shapes10", "Shapes-10");
        shapes.embedded = shapes.available = true;
        DatasetInfo cifar;
        cifar.schema = entry("cifar10", "CIFAR-10");
        m_schema.datasets = {shapes, cifar};
        m_schema.augmentation = {OptionSpec::integer("pad", "Pad", 0, 0, 16, ""),
                                 OptionSpec::boolean("flip", "Flip", false, "")};
    }

    const SetupSchema& schema() const override { return m_schema; }
    QVector<ConfigProblem> check(const RunConfig& config) const override {
        if (config.training.batch == 13)
            return {{QStringLiteral("training.batch"), QStringLiteral("13 brings bad luck.")}};
        return {};
    }
    void requestPlan(const RunConfig& config) override {
        planRequests.push_back(config);
        RunReport report;
        report.memory.parameters = 269722;
        emit planned(report);
    }

    QVector<RunConfig> planRequests;

private:
    SetupSchema m_schema;
};

} // namespace quantarium::widgets
