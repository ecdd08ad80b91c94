// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <optional>

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "core/base/random.h"
#include "tests/cli/cli_process.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

constexpr int kKills = 52;      ///< over all methods, unless QUANTARIUM_KILLS says more
constexpr int kKillsPerRun = 4; ///< then the run may end and is compared

QByteArray contentOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

int lastEpoch(const QByteArray& events) {
    int epoch = 0;
    for (const auto& event : eventsOf(events, "epoch"))
        epoch = std::max(epoch, event.at("epoch").get<int>());
    return epoch;
}

} // namespace

/// kill -9 at random moments of training, checkpoints and store writes: no finished epoch is lost and the
/// run, resumed each time, ends with the bits of one that was never stopped.
class TestCliKill : public QObject {
    Q_OBJECT

private slots:
    void nothingFinishedIsLost_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("bits");
        const QList<std::pair<const char*, int>> methods{{"inq", 4}, {"rdhs", 2}, {"sgt", 1}, {"float", 32}};
        const int kills = std::max(kKills, qEnvironmentVariableIntValue("QUANTARIUM_KILLS"));
        for (int run = 0; run * kKillsPerRun < kills; ++run) {
            const auto& [method, bits] = methods[run % methods.size()];
            QTest::addRow("%d: %s", run, method) << method << bits;
        }
    }
    void nothingFinishedIsLost() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        const QTemporaryDir folder;
        const auto config = writeConfig(folder.path(), tinyConfig(method.toStdString(), bits, kEpochs));
        const auto whole =
            contentOfModel(runCli({"run", config, "--json", "--workspace", folder.filePath("whole")}),
                           folder.filePath("whole"));
        QVERIFY(!whole.isEmpty());

        const auto workspace = folder.filePath("cut");
        QStringList command{"run", config, "--json", "--workspace", workspace};
        int finishedEpochs = 0;
        for (int kill = 0; kill < kKillsPerRun; ++kill) {
            const auto events = runAndKill(command, finishedEpochs + 1);
            if (!events) QFAIL("the run ended before it could be killed; give it more epochs");
            for (const auto& started : eventsOf(*events, "started"))
                QVERIFY2(started.at("first_epoch").get<int>() >= finishedEpochs, "a finished epoch was lost");
            finishedEpochs = std::max(finishedEpochs, lastEpoch(*events));
            const auto listed = runCli({"list", "--workspace", workspace});
            QVERIFY2(listed.out.contains("stopped") && !listed.out.contains("running"),
                     "nobody trains it any more");
            command = {"resume", onlyRun(workspace), "--json", "--workspace", workspace};
        }
        const auto resumed = runCli(command);
        QVERIFY2(resumed.code == 0, resumed.error.constData());
        QVERIFY(eventsOf(resumed.out, "started").first().at("first_epoch").get<int>() >= finishedEpochs);
        QVERIFY2(contentOfModel(resumed, workspace) == whole, "the resumed model differs");
    }

private:
    static constexpr int kEpochs = 40;

    /// Starts the command, waits for its start or for one more epoch, and kills it within the time of about
    /// an epoch behind that. Nothing when it ended by itself before.
    std::optional<QByteArray> runAndKill(const QStringList& command, int epoch) {
        CliProcess child(command);
        const bool early = m_chance.below(4) == 0;
        if (!(early ? child.waitForEvent("started") : child.waitForEvent("epoch", epoch)))
            return std::nullopt;
        // Right behind an epoch's event come the store's write, the next epoch, its record and its
        // checkpoint.
        if (child.process().waitForFinished(static_cast<int>(m_chance.below(kLongestMs))))
            return std::nullopt;
        child.process().kill();
        return child.finish().out;
    }

    static QString onlyRun(const QString& workspace) {
        const auto listed =
            parseJson(runCli({"list", "--json", "--workspace", workspace}).out.toStdString(), "list");
        return QString::fromStdString(listed.at(0).at("id").get<std::string>());
    }

    static QByteArray contentOfModel(const CliOutcome& outcome, const QString& workspace) {
        if (outcome.code != 0) return {};
        return contentOf(workspace + "/runs/" + onlyRun(workspace) + "/model.safetensors");
    }

    static constexpr int kLongestMs = 60;
    RandomStream m_chance{20261121};
};

QTEST_GUILESS_MAIN(TestCliKill)
#include "tst_cli_kill.moc"
