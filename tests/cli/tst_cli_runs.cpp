// SPDX-License-Identifier: GPL-3.0-or-later
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "tests/cli/cli_process.h"

using namespace quantarium;
using namespace quantarium::testing;

/// Runs in a workspace from one end to the other. One workspace with an INQ run, the float run that it made
/// for itself and a failed run serves all tests.
class TestCliRuns : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        QVERIFY(m_folder.isValid());
        m_workspace = m_folder.filePath("workspace");
        Json config = tinyConfig("inq", 3, 4);
        config["start"] = {{"from", "float"}, {"float_epochs", 2}};
        const auto outcome = inWorkspace({"run", writeConfig(m_folder.path(), config), "--json"});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        m_events = outcome.out;
        const auto summary = eventsOf(m_events, "summary").first();
        QCOMPARE(summary.at("runs").size(), std::size_t{2});
        m_float = QString::fromStdString(summary.at("runs").at(0).get<std::string>());
        m_inq = QString::fromStdString(summary.at("runs").at(1).get<std::string>());
    }

    void eventsComeInOrder() {
        QStringList kinds;
        for (const auto& event : jsonLines(m_events))
            if (event.value("run", "") == m_inq.toStdString() && event.at("event") != "progress" &&
                event.at("event") != "weights")
                kinds.append(QString::fromStdString(event.at("event").get<std::string>()));
        QCOMPARE(kinds, (QStringList{"started", "epoch", "epoch", "epoch", "epoch", "ended"}));
        QCOMPARE(eventsOf(m_events, "ended").last().at("state").get<std::string>(), std::string("finished"));
    }

    void theFloatRunIsSharedByTheNextRun() {
        Json config = tinyConfig("inq", 5, 2);
        config["start"] = {{"from", "float"}, {"float_epochs", 2}};
        config["training"]["epochs"] = 2;
        const auto outcome = inWorkspace({"run", writeConfig(m_folder.path(), config), "--json"});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        const auto runs = eventsOf(outcome.out, "summary").first().at("runs");
        QCOMPARE(runs.size(), std::size_t{1});
        const auto shown = shownRun(QString::fromStdString(runs.at(0).get<std::string>()));
        QCOMPARE(shown.at("start_run").get<std::string>(), m_float.toStdString());
    }

    void aTerminalFreeRunEndsWithTheTable() {
        const auto outcome = inWorkspace({"run", writeConfig(m_folder.path(), tinyConfig("rdhs", 1, 1))});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        for (const char* const part : {"tiny rdhs: starts, 1 epoch of", "tiny rdhs: epoch 1/1",
                                       "tiny rdhs: finished", "Best epoch [%]", "Written to the workspace"})
            QVERIFY2(outcome.out.contains(part), outcome.out.constData());
        QVERIFY2(!outcome.out.contains('\x1b') && !outcome.out.contains('\r'), "no terminal codes in a file");
        QVERIFY(outcome.error.isEmpty());
    }

    void listNamesTheRuns() {
        const auto outcome = inWorkspace({"list"});
        QCOMPARE(outcome.code, 0);
        QVERIFY(outcome.out.contains(m_inq.toUtf8()) && outcome.out.contains(m_float.toUtf8()));
        const auto filtered = inWorkspace({"list", "--text", "tiny inq", "--state", "finished"});
        QVERIFY(filtered.out.contains(m_inq.toUtf8()) && !filtered.out.contains(m_float.toUtf8()));
        QVERIFY(inWorkspace({"list", "--state", "paused"}).out.contains("No runs in"));
    }

    void showTellsEverything() {
        const auto outcome = inWorkspace({"show", m_inq});
        QCOMPARE(outcome.code, 0);
        for (const QByteArray& part :
             {m_inq.toUtf8(), m_float.toUtf8(), QByteArray("finished, 4 of 4 epochs"),
              QByteArray("validation_top1"), QByteArray("Memory reduction"), QByteArray("\"bits\": 3")})
            QVERIFY2(outcome.out.contains(part), part.constData());
        const auto shown = shownRun(m_inq);
        QCOMPARE(shown.at("series").at("validation_top1").size(), std::size_t{4});
        QVERIFY(
            QDir(QString::fromStdString(shown.at("folder").get<std::string>())).exists("model.safetensors"));
        QVERIFY2(outcome.out.contains("Methods' own values after epoch 4"), outcome.out.constData());
        QVERIFY2(!inWorkspace({"show", m_float}).out.contains("own values"), "a float run has none");
        QVERIFY(shownRun(m_float).at("diagnostics").is_null());
    }

    void showTellsTheMethodsOwnValues() {
        Json config = tinyConfig("ttq", 2, 1);
        config["activations"] = {{"method", "pact"}, {"bits", 4}, {"policy", "all"}};
        const auto outcome = inWorkspace({"run", writeConfig(m_folder.path(), config), "--json"});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        const auto runs = eventsOf(outcome.out, "summary").first().at("runs");
        const auto run = QString::fromStdString(runs.back().get<std::string>());
        const auto told = shownRun(run).at("diagnostics");
        QCOMPARE(told.at("epoch").get<int>(), 1);
        const auto layer = told.at("layers").at(0);
        QVERIFY(layer.at("weights").at("positive_scale").get<double>() > 0);
        QVERIFY(layer.at("inputs").at("clip").get<double>() > 0);
        const auto text = inWorkspace({"show", run}).out;
        const auto table = text.mid(text.indexOf("Methods' own values after epoch 1"));
        const auto lines = table.split('\n');
        QVERIFY2(lines.at(1).startsWith("Layer"), table.constData());
        for (const char* const column : {"negative_scale", "positive_scale", "input clip"})
            QVERIFY2(lines.at(1).contains(column), table.constData());
        const auto clip = QByteArray::number(layer.at("inputs").at("clip").get<double>(), 'g', 6);
        const auto name = QByteArray::fromStdString(layer.at("layer").get<std::string>());
        QVERIFY2(lines.at(3).startsWith(name) && lines.at(3).contains(clip), table.constData());
    }

    void showTakesTheBeginningOfAnId() {
        QCOMPARE(inWorkspace({"show", m_inq.chopped(1)}).code, 0);
        const auto outcome = inWorkspace({"show", "nothing"});
        QCOMPARE(outcome.code, 2);
        QVERIFY2(outcome.error.contains("nothing"), outcome.error.constData());
    }

    void compareShowsOnlyDifferences() {
        const auto outcome = inWorkspace({"compare", m_float, m_inq});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        QVERIFY2(outcome.out.contains("weights.bits") && outcome.out.contains("training.epochs"),
                 outcome.out.constData());
        QVERIFY2(!outcome.out.contains("dataset.id"), outcome.out.constData());
    }

    void exportsParse() {
        const auto rows = [&](const char* format) {
            const auto outcome = inWorkspace({"export", "--format", format, m_float, m_inq});
            return outcome.code == 0 ? outcome.out : QByteArray();
        };
        const auto csv = rows("csv").trimmed().split('\n');
        QCOMPARE(csv.size(), 3);
        QVERIFY2(csv.first().contains("best_top1"), csv.first().constData());
        const auto tsv = rows("tsv").trimmed().split('\n');
        QCOMPARE(tsv.size(), 3);
        QCOMPARE(tsv[0].count('\t'), tsv[1].count('\t'));
        const auto json = parseJson(rows("json").toStdString(), "export");
        QCOMPARE(json.at("rows").size(), std::size_t{2});
        const auto latex = rows("latex");
        QVERIFY(latex.contains("\\toprule") && latex.contains("\\end{tabular}"));
        const auto markdown = rows("markdown");
        QVERIFY2(markdown.contains("| tiny inq"), markdown.constData());
        QVERIFY(rows("text").contains("tiny inq"));
    }

    void exportGoesToAFile() {
        const auto file = m_folder.filePath("table.csv");
        QCOMPARE(inWorkspace({"export", "--by", "config", "--format", "csv", "--output", file}).code, 0);
        QFile written(file);
        QVERIFY(written.open(QIODevice::ReadOnly));
        QVERIFY(written.readAll().contains("tiny inq"));
        const auto refused = inWorkspace({"export", "--format", "csv", "--output", "/nonexistent/table.csv"});
        QCOMPARE(refused.code, 4);
    }

    void repeatsBecomeSeedsWithOneMean() {
        Json config = tinyConfig("sgt", 2, 1);
        config["training"]["repeats"] = 2;
        const auto outcome = inWorkspace({"run", writeConfig(m_folder.path(), config), "--json"});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        QCOMPARE(eventsOf(outcome.out, "summary").first().at("runs").size(), std::size_t{2});
        const auto table = inWorkspace({"export", "--by", "config", "--format", "markdown"});
        QVERIFY2(table.out.contains("±"), table.out.constData());
    }

    void aFailedRunIsReported() {
        Json config = tinyConfig("float", 32, 3);
        config["name"] = "explodes";
        config["training"]["optimizer"]["options"] = {{"lr", 1000}, {"weight_decay", 10}};
        const auto outcome = inWorkspace({"run", writeConfig(m_folder.path(), config)});
        QVERIFY2(outcome.code == 5, outcome.error.constData());
        QCOMPARE(outcome.errorLines(), 1);
        QVERIFY2(outcome.error.contains("explodes") && outcome.error.contains("step"),
                 outcome.error.constData());
        QVERIFY(outcome.out.contains("explodes: failed"));
    }

    void integersBesideEvaluation() {
        Json config = tinyConfig("integer", 8, 2);
        config["activations"] = {{"method", "minmax"}, {"bits", 8}};
        const auto trained = inWorkspace({"run", writeConfig(m_folder.path(), config), "--json"});
        QVERIFY2(trained.code == 0, trained.error.constData());
        const auto id = QString::fromStdString(
            eventsOf(trained.out, "summary").first().at("runs").at(0).get<std::string>());
        const auto outcome = inWorkspace({"integer", id, "--json"});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        const auto check = parseJson(outcome.out.toStdString(), "integer");
        QCOMPARE(check.at("images").get<int>(), 50);
        QCOMPARE(check.at("simulated_top1").get<double>(),
                 shownRun(id).at("result").at("best").at("test_top1").get<double>());
        QVERIFY(check.at("agreement").get<double>() >= 96);
        const auto text = inWorkspace({"integer", id});
        QVERIFY2(text.out.contains("Top-1, integers") && text.out.contains("Same class"),
                 text.out.constData());
        const auto refused = inWorkspace({"integer", m_inq});
        QCOMPARE(refused.code, 2);
        QVERIFY2(refused.error.contains("neither integer weights nor integer inputs: fc1, fc2"),
                 refused.error.constData());
    }

    void bitsThatANetworkStands() {
        const auto file = m_folder.filePath("found.json");
        const auto outcome = inWorkspace({"bits", m_float, "--margin", "100", "--json", "--output", file});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        const auto found = parseJson(outcome.out.toStdString(), "bits");
        QCOMPARE(found.at("metric").get<std::string>(), std::string("validation_top1"));
        for (const auto& trial : found.at("trials"))
            QVERIFY(trial.at("within_margin").get<bool>()); // nobody can lose more than 100 points
        QVERIFY(found.at("chosen").at("weights").at("method") == "ristretto");
        const auto checked = runCli({"config", "--check", file});
        QVERIFY2(checked.code == 0, checked.error.constData());
        const auto again = inWorkspace({"run", file, "--set", "training.epochs=1", "--json"});
        QVERIFY2(again.code == 0, again.error.constData());
        QVERIFY2(inWorkspace({"bits", m_float, "--method", "nothing"}).error.contains("nothing"),
                 "an unknown method is named");
    }

    void bitsSayHowToGoOn() {
        const auto file = m_folder.filePath("further.json");
        const auto outcome = inWorkspace({"bits", m_float, "--margin", "100", "--output", file});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        const auto command = "quantarium-cli run " + file + " --workspace " + m_workspace + " --set ";
        QVERIFY2(outcome.out.contains(command.toUtf8()), outcome.out.constData());
    }

    void listShowsWhatARunOfNoEpochsMeasured() {
        Json config = tinyConfig("minmax", 8, 0);
        config["name"] = "measured only";
        const auto outcome = inWorkspace({"run", writeConfig(m_folder.path(), config)});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        const auto listed = inWorkspace({"list", "--text", "measured only"});
        QCOMPARE(listed.out.count(" % (test)"), 2);
    }

    /// A recipe sets what its authors trained with; what the command line says comes last.
    void aRunTakesARecipe() {
        const auto file = writeConfig(m_folder.path(), tinyConfig("float", 32, 1));
        const auto outcome = inWorkspace({"run", file, "--recipe", "twn", "--set", "training.epochs=1",
                                          "--set", "start={\"from\":\"scratch\"}", "--json"});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        const auto runs = eventsOf(outcome.out, "summary").first().at("runs");
        const auto config = shownRun(QString::fromStdString(runs.back().get<std::string>())).at("config");
        QCOMPARE(config.at("weights").at("method").get<std::string>(), std::string("twn"));
        QCOMPARE(config.at("training").at("epochs").get<int>(), 1);
        const auto unknown = inWorkspace({"run", file, "--recipe", "twm"});
        QCOMPARE(unknown.code, 2);
        QVERIFY2(unknown.error.contains("\"twn\""), unknown.error.constData());
    }

    void aFinishedRunIsNotResumed() {
        const auto outcome = inWorkspace({"resume", m_inq});
        QCOMPARE(outcome.code, 2);
        QVERIFY2(outcome.error.contains("nothing to resume"), outcome.error.constData());
    }

    void datasetFilesThatAreNotThere() {
        Json config = tinyConfig("float", 32, 1);
        config["dataset"] = {{"id", "cifar10"}, {"root", m_folder.filePath("no-data").toStdString()}};
        const auto outcome = inWorkspace({"run", writeConfig(m_folder.path(), config)});
        QVERIFY2(outcome.code == 3, outcome.error.constData());
        QCOMPARE(outcome.errorLines(), 1);
        QVERIFY2(outcome.error.contains("no-data"), outcome.error.constData());
    }

    void damagedDatasetFiles() {
        QDir(m_folder.path()).mkdir("cut");
        for (const char* const name :
             {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"}) {
            QFile file(m_folder.filePath("cut/" + QString(name) + ".bin"));
            QVERIFY(file.open(QIODevice::WriteOnly));
            file.write(QByteArray(3073 * 2 - 1, '\1'));
        }
        Json config = tinyConfig("float", 32, 1);
        config["dataset"] = {{"id", "cifar10"}, {"root", m_folder.filePath("cut").toStdString()}};
        const auto outcome = inWorkspace({"run", writeConfig(m_folder.path(), config)});
        QVERIFY2(outcome.code == 3, outcome.error.constData());
        QCOMPARE(outcome.errorLines(), 1);
        QVERIFY2(outcome.error.contains("batch"), outcome.error.constData());
    }

    void moreMemoryThanThereIs() {
        Json config = tinyConfig("float", 32, 1);
        config["network"] = {{"id", "resnet20"}};
        config["training"]["batch"] = 1000000;
        const auto outcome = inWorkspace({"run", writeConfig(m_folder.path(), config)});
        QVERIFY2(outcome.code == 6, outcome.error.constData());
        QCOMPARE(outcome.errorLines(), 1);
    }

    void aWorkspaceInUseIsRefused() {
        Json config = tinyConfig("float", 32, 2000);
        CliProcess training(
            {"run", writeConfig(m_folder.path(), config), "--json", "--workspace", m_workspace});
        QVERIFY(training.waitForEvent("epoch", 1));
        const auto refused = inWorkspace({"run", writeConfig(m_folder.path(), tinyConfig("float", 32, 1))});
        QVERIFY2(refused.code == 4, refused.error.constData());
        QVERIFY2(refused.error.contains(QByteArray::number(training.process().processId())),
                 refused.error.constData());
        QVERIFY2(inWorkspace({"list"}).out.contains("running"), "reading goes on meanwhile");
        training.process().terminate();
        QCOMPARE(training.finish().code, 130);
    }

private:
    CliOutcome inWorkspace(const QStringList& arguments) {
        return runCli(arguments + QStringList{"--workspace", m_workspace});
    }
    Json shownRun(const QString& id) {
        return parseJson(inWorkspace({"show", id, "--json"}).out.toStdString(), "show");
    }

    QTemporaryDir m_folder;
    QString m_workspace;
    QString m_float;
    QString m_inq;
    QByteArray m_events;
};

QTEST_GUILESS_MAIN(TestCliRuns)
#include "tst_cli_runs.moc"
