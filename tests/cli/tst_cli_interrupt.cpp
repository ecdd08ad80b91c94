// SPDX-License-Identifier: GPL-3.0-or-later
#include <csignal>

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

/// Ctrl-C, SIGTERM and a second Ctrl-C, and that a resumed run ends as one that was never stopped: the same
/// numbers, the same model file bit for bit.
class TestCliInterrupt : public QObject {
    Q_OBJECT

private slots:
    void interruptedRunsEndTheSame_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("bits");
        QTest::addColumn<int>("signal");
        QTest::newRow("float, Ctrl-C") << "float" << 32 << SIGINT;
        QTest::newRow("inq, SIGTERM") << "inq" << 4 << SIGTERM;
        QTest::newRow("rdhs, Ctrl-C") << "rdhs" << 2 << SIGINT;
        QTest::newRow("sgt, hang-up") << "sgt" << 1 << SIGHUP;
    }
    void interruptedRunsEndTheSame() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        QFETCH(int, signal);
        const QTemporaryDir folder;
        const auto config = writeConfig(folder.path(), tinyConfig(method.toStdString(), bits, 30));
        const auto whole =
            finished(runCli({"run", config, "--json", "--workspace", folder.filePath("whole")}),
                     folder.filePath("whole"));

        const auto workspace = folder.filePath("cut");
        CliProcess interrupted({"run", config, "--json", "--workspace", workspace});
        QVERIFY(interrupted.waitForEvent("epoch", 2));
        ::kill(static_cast<pid_t>(interrupted.process().processId()), signal);
        const auto stopped = interrupted.finish();
        QVERIFY2(stopped.code == 130, stopped.error.constData());
        QVERIFY2(stopped.error.contains("Stopping"), stopped.error.constData());
        QCOMPARE(eventsOf(stopped.out, "ended").last().at("state").get<std::string>(),
                 std::string("stopped"));
        const auto summary = eventsOf(stopped.out, "summary").first();
        const auto id = summary.at("stopped").at(0).get<std::string>();
        QCOMPARE(summary.at("resume").get<std::string>(),
                 "quantarium-cli resume " + id + " --workspace " + workspace.toStdString());

        const auto resumed = finished(
            runCli({"resume", QString::fromStdString(id), "--json", "--workspace", workspace}), workspace);
        QVERIFY(!whole.is_null() && !resumed.is_null());
        QVERIFY(learned(resumed) == learned(whole));
        const auto model = [](const Json& run) {
            return contentOf(QString::fromStdString(run.at("folder").get<std::string>()) +
                             "/model.safetensors");
        };
        QVERIFY(!model(whole).isEmpty());
        QVERIFY(model(resumed) == model(whole));
    }

    /// A cut checkpoint: the best epoch's state takes its place, with the same end. Both cut: a clear error,
    /// and the recorded epochs stay.
    void aDamagedCheckpointLosesNothing_data() {
        QTest::addColumn<bool>("gone");
        QTest::newRow("cut") << false;
        QTest::newRow("gone") << true;
    }
    void aDamagedCheckpointLosesNothing() {
        QFETCH(bool, gone);
        const QTemporaryDir folder;
        const auto config = writeConfig(folder.path(), tinyConfig("sgt", 2, 30));
        const auto whole =
            finished(runCli({"run", config, "--json", "--workspace", folder.filePath("whole")}),
                     folder.filePath("whole"));
        const auto workspace = folder.filePath("w");
        CliProcess interrupted({"run", config, "--json", "--workspace", workspace});
        QVERIFY(interrupted.waitForEvent("epoch", 2));
        interrupted.process().terminate();
        QCOMPARE(interrupted.finish().code, 130);
        const auto listed = [&] {
            return parseJson(runCli({"list", "--json", "--workspace", workspace}).out.toStdString(), "list")
                .at(0);
        };
        const auto before = listed();
        const auto cut = [&](const char* name) {
            QFile file(QString::fromStdString(before.at("folder").get<std::string>()) + "/" + name);
            return file.open(QIODevice::ReadWrite) && file.resize(file.size() / 2);
        };
        QVERIFY(cut("checkpoint.safetensors"));
        QFile best(QString::fromStdString(before.at("folder").get<std::string>()) + "/best.safetensors");
        QVERIFY(best.copy(folder.filePath("best")));
        QVERIFY(cut("best.safetensors"));
        const auto refused = runCli({"resume", "--workspace", workspace});
        QVERIFY2(refused.code == 3, refused.error.constData());
        QVERIFY2(refused.error.contains("checkpoint.safetensors"), refused.error.constData());
        QVERIFY2(refused.error.contains("train the run anew"), refused.error.constData());
        QVERIFY(listed().at("epochs_done") == before.at("epochs_done"));

        QVERIFY(best.remove() && QFile::copy(folder.filePath("best"), best.fileName()));
        if (gone)
            QVERIFY(QFile::remove(QString::fromStdString(before.at("folder").get<std::string>()) +
                                  "/checkpoint.safetensors"));
        const auto id = QString::fromStdString(before.at("id").get<std::string>());
        const auto outcome = runCli({"resume", id, "--json", "--workspace", workspace});
        const auto notes = dumpJson(eventsOf(outcome.out, "started").first().at("report").at("notes"));
        QVERIFY2(notes.find("from best.safetensors") != std::string::npos, notes.c_str());
        QVERIFY(learned(finished(outcome, workspace)) == learned(whole));
    }

    /// What a run starts from may be gone once it has a checkpoint of its own.
    void aRunGoesOnWithoutTheOneItStartedFrom() {
        const QTemporaryDir folder;
        const auto workspace = folder.filePath("w");
        Json config = tinyConfig("inq", 3, 3000);
        config["start"] = {{"from", "float"}, {"float_epochs", 1}};
        CliProcess interrupted(
            {"run", writeConfig(folder.path(), config), "--json", "--workspace", workspace});
        QVERIFY(interrupted.waitForEvent("epoch", 3));
        interrupted.process().terminate();
        QCOMPARE(interrupted.finish().code, 130);
        const auto runs =
            parseJson(runCli({"list", "--json", "--workspace", workspace}).out.toStdString(), "list");
        for (const auto& run : runs)
            if (run.at("state") == "finished")
                QVERIFY(
                    QDir(QString::fromStdString(run.at("folder").get<std::string>())).removeRecursively());
        CliProcess resumed({"resume", "--json", "--workspace", workspace});
        QVERIFY(resumed.waitForEvent("epoch", 4));
        resumed.process().terminate();
        QCOMPARE(resumed.finish().code, 130);
    }

    void resumeWithoutIdsTakesAllThatStopped() {
        const QTemporaryDir folder;
        const auto workspace = folder.filePath("w");
        Json config = tinyConfig("inq", 3, 4);
        config["start"] = {{"from", "float"}, {"float_epochs", 3000}};
        CliProcess interrupted(
            {"run", writeConfig(folder.path(), config), "--json", "--workspace", workspace});
        QVERIFY(interrupted.waitForEvent("epoch", 1));
        interrupted.process().terminate();
        const auto stopped = interrupted.finish();
        QCOMPARE(stopped.code, 130);
        QCOMPARE(eventsOf(stopped.out, "summary").first().at("stopped").size(), std::size_t{2});
        QCOMPARE(eventsOf(stopped.out, "summary").first().at("resume").get<std::string>(),
                 "quantarium-cli resume --workspace " + workspace.toStdString());
        CliProcess resumed({"resume", "--json", "--workspace", workspace});
        QVERIFY(resumed.waitForEvent("epoch", 2));
        resumed.process().terminate();
        QCOMPARE(eventsOf(resumed.finish().out, "summary").first().at("runs").size(), std::size_t{2});
    }

    /// timeout(1) and terminals signal the process and its group: that is one wish to stop.
    void twoSignalsAtOnceAreOneInterrupt() {
        const QTemporaryDir folder;
        const auto workspace = folder.filePath("w");
        CliProcess run({"run", writeConfig(folder.path(), tinyConfig("float", 32, 5000)), "--json",
                        "--workspace", workspace});
        QVERIFY(run.waitForEvent("epoch", 2));
        const auto pid = static_cast<pid_t>(run.process().processId());
        ::kill(pid, SIGINT);
        ::kill(pid, SIGTERM);
        const auto outcome = run.finish();
        QCOMPARE(outcome.code, 130);
        QVERIFY2(!outcome.error.contains("Ended at once"), outcome.error.constData());
        QCOMPARE(eventsOf(outcome.out, "summary").first().at("stopped").size(), std::size_t{1});
    }

private:
    /// The one run of a workspace as `show` tells it, or null when the command failed.
    static Json finished(const CliOutcome& outcome, const QString& workspace) {
        if (outcome.code != 0) return nullptr;
        return parseJson(runCli({"list", "--json", "--workspace", workspace}).out.toStdString(), "list")
            .at(0);
    }
};

QTEST_GUILESS_MAIN(TestCliInterrupt)
#include "tst_cli_interrupt.moc"
