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

    void aDamagedCheckpointIsNamedAndNothingIsLost() {
        const QTemporaryDir folder;
        const auto workspace = folder.filePath("w");
        CliProcess interrupted({"run", writeConfig(folder.path(), tinyConfig("sgt", 2, 3000)), "--json",
                                "--workspace", workspace});
        QVERIFY(interrupted.waitForEvent("epoch", 2));
        interrupted.process().terminate();
        QCOMPARE(interrupted.finish().code, 130);
        const auto listed = [&] {
            return parseJson(runCli({"list", "--json", "--workspace", workspace}).out.toStdString(), "list")
                .at(0);
        };
        const auto before = listed();
        QFile checkpoint(QString::fromStdString(before.at("folder").get<std::string>()) +
                         "/checkpoint.safetensors");
        QVERIFY(checkpoint.open(QIODevice::ReadWrite));
        QVERIFY(checkpoint.resize(checkpoint.size() / 2));
        checkpoint.close();
        const auto resumed = runCli({"resume", "--workspace", workspace});
        QVERIFY2(resumed.code == 3, resumed.error.constData());
        QVERIFY2(resumed.error.contains("checkpoint.safetensors"), resumed.error.constData());
        QCOMPARE(listed().at("epochs_done"), before.at("epochs_done"));
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
        CliProcess resumed({"resume", "--json", "--workspace", workspace});
        QVERIFY(resumed.waitForEvent("epoch", 2));
        resumed.process().terminate();
        QCOMPARE(eventsOf(resumed.finish().out, "summary").first().at("runs").size(), std::size_t{2});
    }

    void twoInterruptsEndAtOnce() {
        const QTemporaryDir folder;
        const auto workspace = folder.filePath("w");
        CliProcess run({"run", writeConfig(folder.path(), tinyConfig("float", 32, 5000)), "--json",
                        "--workspace", workspace});
        QVERIFY(run.waitForEvent("epoch", 2));
        const auto pid = static_cast<pid_t>(run.process().processId());
        ::kill(pid, SIGINT);
        ::kill(pid, SIGTERM);
        QCOMPARE(run.finish().code, 130);
        const auto listed =
            parseJson(runCli({"list", "--json", "--workspace", workspace}).out.toStdString(), "list");
        QVERIFY(listed.at(0).at("epochs_done").get<int>() >= 1);
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
