// SPDX-License-Identifier: GPL-3.0-or-later
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "tests/cli/cli_process.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

QByteArray contentOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

/// Runs without a workspace: plain run folders, as a GPU server or a Slurm job keeps them.
class TestCliFolders : public QObject {
    Q_OBJECT

private slots:
    void oneRunLivesInTheFolderItself() {
        const QTemporaryDir folder;
        const QDir runs(folder.filePath("runs"));
        const auto outcome =
            runCli({"run", writeConfig(folder.path(), tinyConfig("rdhs", 2, 2)), "--folder", runs.path()});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        QVERIFY(runs.exists("model.safetensors") && runs.exists("result.json") &&
                runs.exists("epochs.jsonl"));
        QVERIFY2(outcome.out.contains("run-1  tiny rdhs  finished"), outcome.out.constData());
        QVERIFY(outcome.out.contains("Written to " + runs.path().toUtf8()));
    }

    void aRunOfNoEpochsShowsWhatItMeasured() {
        const QTemporaryDir folder;
        const auto outcome = runCli({"run", writeConfig(folder.path(), tinyConfig("minmax", 8, 0)),
                                     "--folder", folder.filePath("runs")});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        const auto result = parseJson(contentOf(folder.filePath("runs/result.json")).toStdString(), "result");
        const auto top1 = result.at("result").at("best").at("test_top1").get<double>();
        const auto shown = QByteArray::number(top1, 'f', 2) + " %";
        QVERIFY2(outcome.out.contains("finished, test_top1 " + shown), outcome.out.constData());
        const auto row = outcome.out.mid(outcome.out.indexOf("\nrun-1"));
        QVERIFY2(row.contains("test_top1 " + shown + "  " + shown), outcome.out.constData());
    }

    void runsShareTheirFloatStart() {
        const QTemporaryDir folder;
        const QDir runs(folder.filePath("runs"));
        Json config = tinyConfig("inq", 3, 4);
        config["start"] = {{"from", "float"}, {"float_epochs", 1}};
        Json other = config;
        other["weights"]["bits"] = 5;
        const Json example{{"format", "quantarium-example/1"}, {"id", "two"}, {"runs", {config, other}}};
        const auto outcome =
            runCli({"run", writeConfig(folder.path(), example), "--folder", runs.path(), "--json"});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        QCOMPARE(runs.entryList(QDir::Dirs | QDir::NoDotAndDotDot),
                 (QStringList{"float-1", "run-1", "run-2"}));
        QCOMPARE(eventsOf(outcome.out, "ended").size(), 3);
    }

    void aFolderThatHoldsRunsIsLeftAlone() {
        const QTemporaryDir folder;
        const auto config = writeConfig(folder.path(), tinyConfig("float", 32, 1));
        QCOMPARE(runCli({"run", config, "--folder", folder.filePath("runs")}).code, 0);
        const auto again = runCli({"run", config, "--folder", folder.filePath("runs")});
        QCOMPARE(again.code, 4);
        QVERIFY2(again.error.contains("already holds runs"), again.error.constData());
        const auto finished = runCli({"resume", "--folder", folder.filePath("runs")});
        QCOMPARE(finished.code, 2);
        const auto foreign = runCli({"resume", "--folder", folder.path()});
        QVERIFY2(foreign.code == 2 && foreign.error.contains("holds no runs"), foreign.error.constData());
    }

    void aDamagedPlanIsNamed() {
        const QTemporaryDir folder;
        QFile plan(folder.filePath("runs.json"));
        QVERIFY(plan.open(QIODevice::WriteOnly));
        plan.write("{\"format\": \"quantarium-folder/1\", \"runs\": [{}]}");
        plan.close();
        const auto outcome = runCli({"resume", "--folder", folder.path()});
        QCOMPARE(outcome.code, 3);
        QVERIFY2(outcome.error.contains("runs.json"), outcome.error.constData());
    }

    void anInterruptedFolderEndsWithTheSameModel() {
        const QTemporaryDir folder;
        Json config = tinyConfig("inq", 4, 8);
        config["start"] = {{"from", "float"}, {"float_epochs", 2}};
        const auto file = writeConfig(folder.path(), config);
        QCOMPARE(runCli({"run", file, "--folder", folder.filePath("whole")}).code, 0);
        const QString cut = folder.filePath("cut");
        CliProcess interrupted({"run", file, "--folder", cut, "--json"});
        QVERIFY(interrupted.waitForEvent("epoch", 3));
        interrupted.process().terminate();
        const auto stopped = interrupted.finish();
        QVERIFY2(stopped.code == 130, stopped.error.constData());
        const auto command = eventsOf(stopped.out, "summary").first().at("resume").get<std::string>();
        QCOMPARE(command, "quantarium-cli resume --folder " + cut.toStdString());
        const auto resumed = runCli({"resume", "--folder", cut});
        QVERIFY2(resumed.code == 0, resumed.error.constData());
        const auto expected = contentOf(folder.filePath("whole/run-1/model.safetensors"));
        QVERIFY(!expected.isEmpty());
        QVERIFY(contentOf(cut + "/run-1/model.safetensors") == expected);
    }
};

QTEST_GUILESS_MAIN(TestCliFolders)
#include "tst_cli_folders.moc"
