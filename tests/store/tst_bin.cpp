// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <fstream>

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/base/files.h"
#include "tests/store/records.h"

using namespace quantarium;
using namespace quantarium::store;
using namespace quantarium::testing;

class TestBin : public QObject {
    Q_OBJECT

private slots:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        open();
        for (const char* id : {"a", "b", "c"}) {
            addFinished(*m_workspace, id, sampleConfig(), 80);
            if (std::string(id) == "c") continue; // c never wrote a file
            createFolder(m_workspace->runFolder(id));
            writeFileAtomically(m_workspace->runFolder(id) / "config.json", id);
        }
    }
    void cleanup() {
        m_workspace.reset();
        m_folder.reset();
    }

    void movesAndRestores() {
        m_workspace->moveToBin({"a", "c"});
        QCOMPARE(m_workspace->list().size(), 1u);
        QCOMPARE(binned(), 2u);
        QVERIFY(!std::filesystem::exists(root() / "runs/a"));
        QCOMPARE(readTextFile(root() / "bin/a/config.json", 10), std::string("a"));
        QCOMPARE(m_workspace->series("a", "train_loss").size(), 2u); // still whole
        m_workspace->restore({"a", "c"});
        QCOMPARE(m_workspace->list().size(), 3u);
        QCOMPARE(binned(), 0u);
        QCOMPARE(readTextFile(root() / "runs/a/config.json", 10), std::string("a"));
        QVERIFY(!std::filesystem::exists(root() / "bin/a"));
    }

    void emptiesForGood() {
        m_workspace->moveToBin({"a", "c"});
        m_workspace->emptyBin();
        QCOMPARE(binned(), 0u);
        QCOMPARE(m_workspace->list().size(), 1u);
        QVERIFY(std::filesystem::is_empty(root() / "bin"));
        VERIFY_ERROR(ErrorKind::Config, "no run \"a\"", m_workspace->restore({"a"}));
        VERIFY_ERROR(ErrorKind::Config, "no run \"a\"", m_workspace->series("a", "train_loss"));
        QCOMPARE(m_workspace->series("b", "train_loss").size(), 2u);
        m_workspace.reset();
        SQLite::Database raw((root() / "workspace.sqlite").string());
        for (const char* table : {"epochs", "metrics", "snapshots"}) // nothing of a and c is left behind
            QCOMPARE(raw.execAndGet(std::string("SELECT count(DISTINCT run) FROM ") + table).getInt(), 1);
    }

    void refusesRunningOnes() {
        m_workspace->recordState("b", RunState::Running);
        VERIFY_ERROR(ErrorKind::Config, "it is running: b", m_workspace->moveToBin({"a", "b"}));
        QCOMPARE(m_workspace->list().size(), 3u);
        QVERIFY(std::filesystem::exists(root() / "runs/a/config.json"));
        VERIFY_ERROR(ErrorKind::Config, "no run \"x\"", m_workspace->moveToBin({"a", "x"}));
        QCOMPARE(m_workspace->list().size(), 3u);
        QVERIFY(std::filesystem::exists(root() / "runs/a/config.json"));
    }

    void rollsBackWhenAFolderCannotMove() {
        createFolder(root() / "bin/b"); // in the way, and not empty
        writeFileAtomically(root() / "bin/b/x", "x");
        const auto message = errorOf(ErrorKind::Storage, [&] { m_workspace->moveToBin({"a", "b"}); });
        QVERIFY2(message.find("runs/b") != std::string::npos, message.c_str());
        QCOMPARE(m_workspace->list().size(), 3u);
        QCOMPARE(readTextFile(root() / "runs/a/config.json", 10), std::string("a"));
        QCOMPARE(readTextFile(root() / "runs/b/config.json", 10), std::string("b"));
    }

    void repairsFoldersThatMovedBeforeTheRows() {
        m_workspace.reset();
        std::filesystem::rename(root() / "runs/a", root() / "bin/a"); // killed before the commit of moveToBin
        open();
        QCOMPARE(readTextFile(root() / "runs/a/config.json", 10), std::string("a"));
        QVERIFY(std::filesystem::is_empty(root() / "bin"));
    }

    void repairsFoldersLeftBehindTheRows() {
        m_workspace->moveToBin({"a"});
        m_workspace.reset();
        std::filesystem::rename(root() / "bin/a", root() / "runs/a");
        open();
        QCOMPARE(readTextFile(root() / "bin/a/config.json", 10), std::string("a"));
        QVERIFY(!std::filesystem::exists(root() / "runs/a"));
    }

    void repairsAnInterruptedEmptying() {
        m_workspace->moveToBin({"a"});
        m_workspace.reset();
        std::filesystem::rename(root() / "bin/a",
                                root() / "bin/a.deleted"); // before the commit: the row is there
        createFolder(root() / "bin/gone.deleted");         // after it: no such row
        createFolder(root() / "bin/somebody's folder");
        open();
        QCOMPARE(readTextFile(root() / "bin/a/config.json", 10), std::string("a"));
        QVERIFY(!std::filesystem::exists(root() / "bin/gone.deleted"));
        QVERIFY(std::filesystem::exists(root() / "bin/somebody's folder"));
    }

private:
    void open() { m_workspace = std::make_unique<Workspace>(pathOf(*m_folder), Access::Write); }
    std::filesystem::path root() const { return pathOf(*m_folder); }
    std::size_t binned() const {
        RunFilter filter;
        filter.binned = true;
        return m_workspace->list(filter).size();
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Workspace> m_workspace;
};

QTEST_GUILESS_MAIN(TestBin)
#include "tst_bin.moc"
