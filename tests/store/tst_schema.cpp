// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <random>

#include "core/base/files.h"
#include "core/store/schema.h"
#include "tests/store/records.h"

using namespace quantarium;
using namespace quantarium::store;
using namespace quantarium::testing;

namespace {

/// Today's schema and one step that a later version might add.
std::vector<std::string> laterSteps(const std::string& step) {
    auto steps = schemaSteps();
    steps.push_back(step);
    return steps;
}

const std::string kLaterStep = "ALTER TABLE runs ADD COLUMN color TEXT NOT NULL DEFAULT 'blue';"
                               "UPDATE runs SET color = 'red' WHERE id = 'r1'";

std::string nextBackup() {
    return "workspace.sqlite.v" + std::to_string(schemaSteps().size()) + ".bak";
}

} // namespace

class TestSchema : public QObject {
    Q_OBJECT

private slots:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        Workspace workspace(root(), Access::Write);
        addFinished(workspace, "r1", sampleConfig(), 80);
        addFinished(workspace, "r2", sampleConfig(2), 81);
    }

    void startsAtTheCurrentVersion() {
        SQLite::Database raw(file().string());
        QCOMPARE(raw.execAndGet("PRAGMA user_version").getInt(), static_cast<int>(schemaSteps().size()));
        QCOMPARE(raw.execAndGet("PRAGMA journal_mode").getString(), std::string("wal"));
        QVERIFY(!std::filesystem::exists(root() / nextBackup()));
    }

    void upgradesAfterABackup() {
        {
            Database database(file(), Access::Write);
            prepareForWriting(database, laterSteps(kLaterStep));
            QCOMPARE(database.connection().execAndGet("SELECT color FROM runs WHERE id = 'r1'").getString(),
                     std::string("red"));
            QCOMPARE(database.connection().execAndGet("SELECT color FROM runs WHERE id = 'r2'").getString(),
                     std::string("blue"));
            QCOMPARE(database.connection().execAndGet("SELECT count(*) FROM metrics").getInt(), 12);
            QCOMPARE(database.connection().execAndGet("PRAGMA foreign_keys").getInt(), 1);
            prepareForWriting(database, laterSteps(kLaterStep)); // again changes nothing
            checkForReading(database, laterSteps(kLaterStep));
        }
        // Today's program refuses the upgraded file and leaves every byte; the backup is a whole workspace.
        const auto before = readTextFile(file(), 1 << 24);
        VERIFY_ERROR(ErrorKind::Storage, "made by a newer Quantarium", Workspace(root(), Access::Write));
        VERIFY_ERROR(ErrorKind::Storage, "made by a newer Quantarium", Workspace(root(), Access::Read));
        QVERIFY(readTextFile(file(), 1 << 24) == before);
        std::filesystem::create_directory(root() / "old");
        std::filesystem::copy_file(root() / nextBackup(), root() / "old/workspace.sqlite");
        const Workspace old(root() / "old", Access::Write);
        QCOMPARE(old.list().size(), 2u);
        QVERIFY(*old.snapshot("r2", 2) == *sampleEpoch(2).weights);
    }

    void backsUpWhatIsOnlyInTheLog() {
        SQLite::Database reader(file().string()); // keeps the log from being folded into the file
        QCOMPARE(reader.execAndGet("SELECT count(*) FROM runs").getInt(), 2);
        {
            Workspace workspace(root(), Access::Write);
            addFinished(workspace, "r3", sampleConfig(3), 82);
        }
        Database database(file(), Access::Write);
        prepareForWriting(database, laterSteps(kLaterStep));
        SQLite::Database backup((root() / nextBackup()).string());
        QCOMPARE(backup.execAndGet("SELECT count(*) FROM runs").getInt(), 3);
    }

    void rollsBackAFailingUpgrade() {
        {
            Database database(file(), Access::Write);
            const auto steps =
                laterSteps("ALTER TABLE runs ADD COLUMN color TEXT; INSERT INTO nowhere VALUES (1)");
            QVERIFY_THROWS_EXCEPTION(SQLite::Exception, prepareForWriting(database, steps));
        }
        QVERIFY(std::filesystem::exists(root() / nextBackup()));
        Workspace workspace(root(), Access::Write);
        QCOMPARE(workspace.list().size(), 2u);
        workspace.recordEpoch("r1", sampleEpoch(3));
        QCOMPARE(workspace.at("r1").epochsDone, 3);
    }

    void upgradesThroughSeveralVersions() {
        const std::vector<std::string> steps{"CREATE TABLE a (x)",
                                             "ALTER TABLE a ADD COLUMN y; INSERT INTO a VALUES (1, 2)",
                                             "CREATE TABLE b AS SELECT x + y AS sum FROM a"};
        const auto other = root() / "other.sqlite";
        for (std::size_t count = 1; count <= steps.size(); ++count) {
            Database database(other, Access::Write);
            prepareForWriting(database, {steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(count)});
        }
        QVERIFY(std::filesystem::exists(root() / "other.sqlite.v1.bak"));
        QVERIFY(std::filesystem::exists(root() / "other.sqlite.v2.bak"));
        const auto direct = root() / "direct.sqlite";
        Database stepwise(other, Access::Write);
        Database atOnce(direct, Access::Write);
        prepareForWriting(atOnce, steps);
        for (Database* database : {&stepwise, &atOnce})
            QCOMPARE(database->connection().execAndGet("SELECT sum FROM b").getInt(), 3);
        QVERIFY(!std::filesystem::exists(root() / "direct.sqlite.v0.bak"));
    }

    void readersWantAnUpgrade() {
        Database database(file(), Access::Read);
        VERIFY_ERROR(ErrorKind::Storage, "made by an older Quantarium",
                     checkForReading(database, laterSteps(kLaterStep)));
    }

    void refusesWhatIsNoWorkspace() {
        const auto empty = root() / "empty";
        std::filesystem::create_directory(empty);
        VERIFY_ERROR(ErrorKind::Storage, "has no workspace.sqlite", Workspace(empty, Access::Read));
        VERIFY_ERROR(ErrorKind::Storage, "has no workspace.sqlite",
                     Workspace(root() / "nowhere", Access::Read));
        VERIFY_ERROR(ErrorKind::Storage, "it is a file", Workspace(file(), Access::Write));
        writeFileAtomically(empty / "workspace.sqlite", "");
        VERIFY_ERROR(ErrorKind::Storage, "it is empty", Workspace(empty, Access::Read));
        QVERIFY(Workspace(empty, Access::Write).list().empty()); // as after a crash while creating it
    }

    void refusesForeignFiles_data() {
        QTest::addColumn<QByteArray>("content");
        std::mt19937 chance(1);
        QByteArray noise(100000, '\0');
        for (char& c : noise)
            c = static_cast<char>(chance());
        QTest::newRow("noise") << noise;
        QTest::newRow("text") << QByteArray("hello");
        QTest::newRow("png") << QByteArray::fromHex("89504e470d0a1a0a") + QByteArray(5000, 'x');
        QTest::newRow("only the header") << QByteArray("SQLite format 3\0", 16);
    }
    void refusesForeignFiles() {
        QFETCH(QByteArray, content);
        const auto folder = root() / "foreign";
        std::filesystem::create_directory(folder);
        writeFileAtomically(folder / "workspace.sqlite",
                            {content.data(), static_cast<std::size_t>(content.size())});
        for (const Access access : {Access::Write, Access::Read})
            VERIFY_ERROR(ErrorKind::Storage, "not a workspace", Workspace(folder, access));
        QVERIFY(readTextFile(folder / "workspace.sqlite", 1 << 20) == content.toStdString());
    }

    void refusesAnotherProgramsDatabase() {
        const auto folder = root() / "foreign";
        std::filesystem::create_directory(folder);
        const auto foreign = folder / "workspace.sqlite";
        SQLite::Database(foreign.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
            .exec("CREATE TABLE runs (id)");
        const auto before = readTextFile(foreign, 1 << 20);
        for (const Access access : {Access::Write, Access::Read})
            VERIFY_ERROR(ErrorKind::Storage, "another program's database", Workspace(folder, access));
        QVERIFY(readTextFile(foreign, 1 << 20) == before);
    }

    void namesAFullDisk() {
        Database database(file(), Access::Write);
        database.execute("PRAGMA max_page_count = 50");
        const auto fill = [&] {
            try {
                for (;;)
                    database.execute("INSERT INTO runs SELECT NULL, hex(randomblob(50)), name, repeat_group, "
                                     "state, reason, method, "
                                     "network, dataset, config, identity, identity_hash, start_run, "
                                     "created_at, started_at, ended_at, "
                                     "epochs_done, last_values, best_values, best_epoch, result, report, "
                                     "environment, note, 0 FROM runs");
            } catch (const SQLite::Exception& error) {
                failSqlite(error, database.file());
            }
        };
        VERIFY_ERROR(ErrorKind::Storage, "the disk is full", fill());
    }

    void survivesDamageAnywhere() {
        const auto whole = readTextFile(file(), 1 << 24);
        const auto folder = root() / "damaged";
        std::filesystem::create_directory(folder);
        std::mt19937_64 chance(7);
        int opened = 0;
        for (int attempt = 0; attempt < 120; ++attempt) {
            auto content = whole;
            if (attempt % 3 == 0)
                content.resize(chance() % whole.size());
            else
                for (int i = 0; i < 200; ++i)
                    content[attempt % 3 == 1 ? chance() % whole.size() : chance() % 4096] =
                        static_cast<char>(chance());
            writeFileAtomically(folder / "workspace.sqlite", content);
            try {
                const Workspace workspace(folder, Access::Read);
                for (const auto& run : workspace.list()) {
                    for (const auto& name : workspace.seriesNames(run.id))
                        (void)workspace.series(run.id, name);
                    for (const auto epoch : workspace.snapshotEpochs(run.id))
                        (void)workspace.snapshot(run.id, epoch);
                }
                ++opened;
            } catch (const Error& error) {
                QVERIFY(!std::string(error.what()).empty());
                QVERIFY2(error.kind() == ErrorKind::Storage || error.kind() == ErrorKind::Data ||
                             error.kind() == ErrorKind::Config,
                         error.what());
            }
        }
        QVERIFY(opened < 120);
    }

private:
    std::filesystem::path root() const { return pathOf(*m_folder); }
    std::filesystem::path file() const { return root() / "workspace.sqlite"; }

    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(TestSchema)
#include "tst_schema.moc"
