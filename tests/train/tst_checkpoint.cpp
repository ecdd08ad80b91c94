// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <fstream>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/train/checkpoint.h"
#include "core/train/resolve.h"
#include "core/train/run_folder.h"
#include "tests/support/compare.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using namespace quantarium::testing;

class TestCheckpoint : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void restoresThePosition();
    void refusesAFileCutAnywhere();
    void refusesChangedBytes();
    void refusesAnotherConfiguration();
    void refusesForeignFiles_data();
    void refusesForeignFiles();
    void keepsTheOldOneWhenWritingFails();
    void recordsOfEpochsSurviveACut();

private:
    train::Session open(std::uint64_t seed = 1) {
        auto config = smallRun("inq", 3);
        config.network = {"mlp", {{"widths", {4}}}};
        config.seed = seed;
        return train::openSession(train::resolve(config, train::Registries::builtin()),
                                  train::Registries::builtin());
    }
    std::filesystem::path file() const { return m_temporary.path() / "checkpoint.safetensors"; }

    TemporaryFolder m_temporary;
    std::string m_content;
};

namespace {

void write(const std::filesystem::path& file, const std::string& content) {
    std::ofstream(file, std::ios::binary) << content;
}

} // namespace

void TestCheckpoint::initTestCase() {
    const auto session = open();
    train::TrainingState state;
    state.epoch = 3;
    state.batch = 2;
    state.step = 17;
    state.bestMetric = 0.1 + 0.2;
    state.partialLosses = {1.5, std::numeric_limits<double>::infinity()};
    train::saveCheckpoint(file(), session, state);
    m_content = readTextFile(file(), std::size_t{1} << 30);
}

void TestCheckpoint::restoresThePosition() {
    auto session = open();
    const auto state = train::loadCheckpoint(file(), session);
    QCOMPARE(state.epoch, 3);
    QCOMPARE(state.batch, 2);
    QCOMPARE(state.step, 17);
    QVERIFY(state.bestMetric == 0.1 + 0.2);
    QVERIFY(std::isinf(state.partialLosses.at(1)));
}

void TestCheckpoint::refusesAFileCutAnywhere() {
    const auto cut = m_temporary.path() / "cut.safetensors";
    auto session = open();
    // Every length in the header, then every 97th in the data.
    const std::size_t header =
        8 + static_cast<std::size_t>(*reinterpret_cast<const std::uint64_t*>(m_content.data()));
    for (std::size_t length = 0; length < m_content.size();
         length += length < std::min<std::size_t>(header, 3000) ? 7 : 97) {
        write(cut, m_content.substr(0, length));
        try {
            (void)train::loadCheckpoint(cut, session);
            QFAIL(qPrintable(QString("a file of %1 bytes was accepted").arg(length)));
        } catch (const Error& error) {
            QVERIFY(error.kind() == ErrorKind::Data || error.kind() == ErrorKind::Config);
            QVERIFY2(std::string(error.what()).find("cut.safetensors") != std::string::npos, error.what());
        }
    }
}

void TestCheckpoint::refusesChangedBytes() {
    const auto changed = m_temporary.path() / "changed.safetensors";
    auto session = open();
    for (std::size_t position = m_content.size() - 1; position > m_content.size() - 400; position -= 13) {
        auto content = m_content;
        content[position] = static_cast<char>(content[position] ^ 0x10);
        write(changed, content);
        QVERIFY_THROWS_EXCEPTION(Error, train::loadCheckpoint(changed, session));
    }
}

void TestCheckpoint::refusesAnotherConfiguration() {
    auto session = open(2);
    try {
        (void)train::loadCheckpoint(file(), session);
        QFAIL("accepted");
    } catch (const Error& error) {
        QVERIFY2(std::string(error.what()).find("another configuration") != std::string::npos, error.what());
    }
}

void TestCheckpoint::refusesForeignFiles_data() {
    QTest::addColumn<QByteArray>("content");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("text") << QByteArray("hello, this is no checkpoint at all");
    QTest::newRow("zip") << QByteArray("PK\x03\x04", 4) + QByteArray(200, '\0');
    QTest::newRow("huge header") << QByteArray(8, '\xff') + QByteArray("{}");
}

void TestCheckpoint::refusesForeignFiles() {
    QFETCH(QByteArray, content);
    const auto foreign = m_temporary.path() / "foreign.safetensors";
    write(foreign, content.toStdString());
    auto session = open();
    QVERIFY_THROWS_EXCEPTION(Error, train::loadCheckpoint(foreign, session));
}

void TestCheckpoint::keepsTheOldOneWhenWritingFails() {
    const auto blocked = m_temporary.path() / "nowhere" / "checkpoint.safetensors";
    const auto session = open();
    QVERIFY_THROWS_EXCEPTION(Error, train::saveCheckpoint(blocked, session, {}));
    QCOMPARE(readTextFile(file(), std::size_t{1} << 30), m_content);
}

void TestCheckpoint::recordsOfEpochsSurviveACut() {
    const train::RunFolder folder(m_temporary.path() / "run");
    folder.create(smallRun());
    for (std::int64_t epoch = 1; epoch <= 3; ++epoch) {
        EpochDone done;
        done.epoch = epoch;
        done.values = {{"train_loss", 1.0 / static_cast<double>(epoch)}};
        folder.appendEpoch(done);
    }
    const auto records = folder.path() / "epochs.jsonl";
    const auto whole = readTextFile(records, 1 << 20);
    write(records, whole.substr(0, whole.size() - 5));
    const auto epochs = folder.epochs();
    QCOMPARE(epochs.size(), std::size_t{2});
    QVERIFY(epochs[1].values.at("train_loss") == 0.5);
    EpochDone again;
    again.epoch = 3;
    folder.appendEpoch(again);
    QCOMPARE(folder.epochs().size(), std::size_t{3});
}

QTEST_GUILESS_MAIN(TestCheckpoint)
#include "tst_checkpoint.moc"
