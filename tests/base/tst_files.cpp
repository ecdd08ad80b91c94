// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <QTemporaryDir>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/files.h"

using namespace quantarium;

class TestFiles : public QObject {
    Q_OBJECT
private slots:
    void replacesAtomically();
    void anAbandonedFileLeavesNothing();
    void aFileSizeLimitIsAnError();
    void appends();
    void missingAndTooLargeFilesAreNamed();
    void oneHolderOfALock();

private:
    std::filesystem::path path(const char* name) const {
        return (m_folder.path() + "/" + name).toStdString();
    }
    QTemporaryDir m_folder;
};

void TestFiles::replacesAtomically() {
    writeFileAtomically(path("a"), "one");
    writeFileAtomically(path("a"), "two");
    QCOMPARE(readTextFile(path("a"), 100), std::string("two"));
    QCOMPARE(QDir(m_folder.path()).entryList(QDir::Files).size(), 1);
}

void TestFiles::anAbandonedFileLeavesNothing() {
    writeFileAtomically(path("kept"), "old");
    {
        AtomicFile file(path("kept"));
        file.write("new", 3);
    }
    QCOMPARE(readTextFile(path("kept"), 100), std::string("old"));
    QVERIFY(QDir(m_folder.path()).entryList({"kept.*"}, QDir::Files).isEmpty());
}

void TestFiles::aFileSizeLimitIsAnError() {
    writeFileAtomically(path("limited"), "old");
    const pid_t child = ::fork();
    if (child == 0) {
        reportFileSizeLimits();
        const rlimit limit{1000, 1000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        int code = 1;
        try {
            writeFileAtomically(path("limited"), std::string(5000, 'x'));
        } catch (const Error& error) {
            code = error.kind() == ErrorKind::Storage && !error.remedy().empty() ? 0 : 2;
        }
        ::_exit(code);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    QVERIFY(WIFEXITED(status));
    QCOMPARE(WEXITSTATUS(status), 0);
    QCOMPARE(readTextFile(path("limited"), 100), std::string("old"));
}

void TestFiles::appends() {
    appendToFile(path("log"), "1\n");
    appendToFile(path("log"), "2\n");
    QCOMPARE(readTextFile(path("log"), 100), std::string("1\n2\n"));
}

void TestFiles::missingAndTooLargeFilesAreNamed() {
    writeFileAtomically(path("large"), std::string(200, 'x'));
    for (const auto& file :
         {path("absent"), path("large"), std::filesystem::path(m_folder.path().toStdString())})
        try {
            (void)readTextFile(file, 100);
            QFAIL("accepted");
        } catch (const Error& error) {
            QCOMPARE(error.where(), file.string());
        }
    QVERIFY_THROWS_EXCEPTION(Error, writeFileAtomically(path("no/such/folder"), "x"));
}

void TestFiles::oneHolderOfALock() {
    {
        const FileLock lock(path("lock"));
        try {
            const FileLock second(path("lock"));
            QFAIL("two holders");
        } catch (const Error& error) {
            QVERIFY2(QString(error.what()).contains(QString::number(::getpid())), error.what());
        }
    }
    const FileLock again(path("lock"));
}

QTEST_GUILESS_MAIN(TestFiles)
#include "tst_files.moc"
