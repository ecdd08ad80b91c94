// SPDX-License-Identifier: GPL-3.0-or-later
// Real processes that are killed, limited or without rights. The program starts itself as those processes.
#include <QtTest>

#include <csignal>
#include <iostream>
#include <random>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/files.h"
#include "tests/store/records.h"

using namespace quantarium;
using namespace quantarium::store;
using namespace quantarium::testing;

namespace {

constexpr int kWaitMs = 60000;
constexpr unsigned kNobody = 65534;

void say(const std::string& line) {
    std::cout << line << std::endl;
}

/// Adds a run and records epochs for ever; says each number after it is committed.
void writeForEver(const std::filesystem::path& folder, const std::string& id) {
    Workspace workspace(folder, Access::Write);
    workspace.addRun(sampleRun(id));
    for (std::int64_t epoch = 1;; ++epoch) {
        workspace.recordEpoch(id, sampleEpoch(epoch, epoch % 7 == 0));
        say(std::to_string(epoch));
    }
}

/// Moves run folders into the bin and out of it, and empties it, for ever.
void shuffleBin(const std::filesystem::path& folder) {
    Workspace workspace(folder, Access::Write);
    for (;;) {
        const auto id = workspace.newRunId();
        workspace.addRun(sampleRun(id));
        createFolder(workspace.runFolder(id));
        writeFileAtomically(workspace.runFolder(id) / "config.json", id);
        workspace.moveToBin({"a", "b"});
        workspace.restore({"a", "b"});
        workspace.moveToBin({id});
        workspace.emptyBin();
        say("round");
    }
}

/// Writes until the file-size limit stops it, then reads everything back.
void writeToTheLimit(const std::filesystem::path& folder, rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN); // as the programs do: a write fails instead of ending the process
    const rlimit limit{bytes, bytes};
    Workspace workspace(folder, Access::Write);
    workspace.addRun(sampleRun("limited"));
    setrlimit(RLIMIT_FSIZE, &limit);
    std::int64_t committed = 0;
    const auto message = errorOf(ErrorKind::Storage, [&] {
        for (;; ++committed)
            workspace.recordEpoch("limited", sampleEpoch(committed + 1));
    });
    say(std::to_string(committed));
    say(message);
    say(std::to_string(workspace.at("limited").epochsDone));
    say(std::to_string(workspace.series("limited", "train_loss").size()));
}

void becomeNobody() {
    if (geteuid() != 0) return;
    if (setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(99);
}

void listIds(const Workspace& workspace) {
    std::string ids;
    for (const auto& run : workspace.list())
        ids += run.id + " ";
    say(ids);
}

/// Tries to write, then lists, and lists again after each line of input.
void useWithoutRights(const std::filesystem::path& folder) {
    becomeNobody();
    say(errorOf(ErrorKind::Storage, [&] { Workspace workspace(folder, Access::Write); }));
    const Workspace workspace(folder, Access::Read);
    listIds(workspace);
    for (std::string line; std::getline(std::cin, line);)
        listIds(workspace);
}

/// Reads a run that another process writes, until it is said to stop; every answer must be whole.
void readMeanwhile(const std::filesystem::path& folder, const std::string& id) {
    const Workspace workspace(folder, Access::Read);
    std::int64_t seen = 0;
    for (std::int64_t reads = 1;; ++reads) {
        const auto run = workspace.find(id);
        if (!run) continue;
        const auto losses = workspace.series(id, "train_loss");
        const bool whole = run->epochsDone >= seen &&
                           losses.size() >= static_cast<std::size_t>(run->epochsDone) &&
                           (run->epochsDone == 0 || *workspace.snapshot(id, run->epochsDone) ==
                                                        *sampleEpoch(run->epochsDone).weights);
        if (!whole) say("torn");
        if (run->epochsDone > seen) say(std::to_string(run->epochsDone));
        seen = run->epochsDone;
    }
}

void hold(const std::filesystem::path& folder) {
    const Workspace workspace(folder, Access::Write);
    say("open");
    std::cin.get();
}

int child(const std::string& role, const std::filesystem::path& folder, const std::string& argument) {
    try {
        if (role == "--write") writeForEver(folder, argument);
        if (role == "--bin") shuffleBin(folder);
        if (role == "--limit") writeToTheLimit(folder, std::stoull(argument));
        if (role == "--nobody") useWithoutRights(folder);
        if (role == "--read") readMeanwhile(folder, argument);
        if (role == "--hold") hold(folder);
    } catch (const std::exception& error) {
        say(std::string("failed: ") + error.what());
        return 1;
    }
    return 0;
}

/// This program in another role.
class Child {
public:
    Child(const char* role, const std::filesystem::path& folder, const std::string& argument = "-") {
        m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        m_process.start(QCoreApplication::applicationFilePath(),
                        {role, QString::fromStdString(folder.string()), QString::fromStdString(argument)});
    }
    ~Child() { kill(); }

    /// The next line it says; empty when it has ended.
    std::string line() {
        while (!m_process.canReadLine() && m_process.waitForReadyRead(kWaitMs)) {
        }
        return m_process.readLine().trimmed().toStdString();
    }
    void tell() {
        m_process.write("\n");
        m_process.waitForBytesWritten(kWaitMs);
    }
    void kill() {
        m_process.kill();
        m_process.waitForFinished(kWaitMs);
    }
    void end() {
        m_process.closeWriteChannel();
        m_process.waitForFinished(kWaitMs);
    }
    std::string rest() { return m_process.readAllStandardOutput().toStdString(); }
    qint64 pid() const { return m_process.processId(); }

private:
    QProcess m_process;
};

/// Lets a random time pass, so that each kill hits another moment. Nothing is waited for.
void spend(qint64 microseconds) {
    QElapsedTimer timer;
    timer.start();
    while (timer.nsecsElapsed() < microseconds * 1000) {
    }
}

std::string lastLine(const std::string& text, const std::string& otherwise) {
    const auto lines = QString::fromStdString(text).split('\n', Qt::SkipEmptyParts);
    return lines.isEmpty() ? otherwise : lines.last().toStdString();
}

/// Every epoch up to epochsDone is there, whole.
bool isWhole(const Workspace& workspace, const std::string& id) {
    const auto done = workspace.at(id).epochsDone;
    const auto epochs = workspace.snapshotEpochs(id);
    if (static_cast<std::int64_t>(epochs.size()) != done ||
        static_cast<std::int64_t>(workspace.stepLosses(id).size()) != 20 * done)
        return false;
    for (const auto& name : {"train_loss", "validation_loss", "validation_top1"}) {
        const auto series = workspace.series(id, name);
        if (static_cast<std::int64_t>(series.size()) != done) return false;
        for (const auto& [epoch, value] : series)
            if (value != sampleEpoch(epoch).values.at(name)) return false;
    }
    return done == 0 || *workspace.snapshot(id, done) == *sampleEpoch(done).weights;
}

} // namespace

class TestFaults : public QObject {
    Q_OBJECT

private slots:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        std::filesystem::permissions(root(),
                                     std::filesystem::perms(0755)); // the unprivileged child may look inside
    }

    void keepsEveryCommittedEpochWhenKilled() {
        std::mt19937 chance(11);
        for (int moment = 0; moment < 60; ++moment) {
            const std::string id = "run" + std::to_string(moment);
            Child writer("--write", root(), id);
            std::string said = "0";
            for (auto lines = chance() % 6; lines > 0; --lines)
                said = writer.line();
            spend(chance() % 4000);
            writer.kill();
            said = lastLine(writer.rest(), said);
            const Workspace workspace(root(), Access::Write);
            const auto run = workspace.find(id);
            QVERIFY(run || said == "0");
            if (!run) continue;
            QVERIFY2(run->epochsDone >= std::stoll(said),
                     qPrintable(QString("%1 < %2").arg(run->epochsDone).arg(said.c_str())));
            QVERIFY(isWhole(workspace, id));
        }
        const Workspace workspace(root(), Access::Read);
        for (const auto& run : workspace.list())
            QVERIFY2(isWhole(workspace, run.id), run.id.c_str());
    }

    void keepsFoldersInStepWhenKilledInTheBin() {
        {
            Workspace workspace(root(), Access::Write);
            for (const char* id : {"a", "b"}) {
                workspace.addRun(sampleRun(id));
                createFolder(workspace.runFolder(id));
                writeFileAtomically(workspace.runFolder(id) / "config.json", id);
            }
        }
        std::mt19937 chance(12);
        for (int moment = 0; moment < 50; ++moment) {
            Child shuffler("--bin", root());
            QCOMPARE(shuffler.line(), std::string("round"));
            spend(chance() % 5000);
            shuffler.kill();
            Workspace workspace(root(), Access::Write);
            RunFilter filter;
            for (const bool binned : {false, true}) {
                filter.binned = binned;
                for (const auto& run : workspace.list(filter)) {
                    const auto here = root() / (binned ? "bin" : "runs") / run.id;
                    const auto there = root() / (binned ? "runs" : "bin") / run.id;
                    QVERIFY2(!std::filesystem::exists(there), there.c_str());
                    if (run.id.size() == 1) QCOMPARE(readTextFile(here / "config.json", 100), run.id);
                }
            }
            for (const auto& entry : std::filesystem::directory_iterator(root() / "bin"))
                QVERIFY2(entry.path().extension() != ".deleted", entry.path().c_str());
            filter.binned = true;
            std::vector<std::string> back;
            for (const auto& run : workspace.list(filter))
                back.push_back(run.id);
            workspace.restore(back);
        }
    }

    void readsALogCutAnywhere() {
        Child writer("--write", root(), "r");
        for (int i = 0; i < 12; ++i)
            QCOMPARE(writer.line(), std::to_string(i + 1));
        writer.kill();
        const auto log = readTextFile(root() / "workspace.sqlite-wal", 1 << 26);
        QVERIFY(log.size() > 10000);
        std::mt19937 chance(13);
        for (int cut = 0; cut < 40; ++cut) {
            const auto copy = root() / ("copy" + std::to_string(cut));
            std::filesystem::create_directory(copy);
            std::filesystem::copy_file(root() / "workspace.sqlite", copy / "workspace.sqlite");
            writeFileAtomically(copy / "workspace.sqlite-wal",
                                std::string_view(log).substr(0, chance() % log.size()));
            const Workspace workspace(copy, Access::Write);
            if (workspace.find("r")) QVERIFY(isWhole(workspace, "r"));
        }
    }

    void losesNothingAtAFileSizeLimit() {
        { const Workspace workspace(root(), Access::Write); }
        Child limited("--limit", root(), "300000");
        const auto committed = std::stoll(limited.line());
        const auto message = limited.line();
        QVERIFY(committed > 3);
        QVERIFY2(message.find("workspace.sqlite") != std::string::npos, message.c_str());
        QVERIFY2(message.find("Everything recorded before is kept") != std::string::npos, message.c_str());
        QCOMPARE(limited.line(), std::to_string(committed));
        QCOMPARE(limited.line(), std::to_string(committed));
        limited.end();
        Workspace workspace(root(), Access::Write);
        QCOMPARE(workspace.at("limited").epochsDone, committed);
        QVERIFY(isWhole(workspace, "limited"));
        workspace.recordEpoch("limited", sampleEpoch(committed + 1));
        QVERIFY(isWhole(workspace, "limited"));
    }

    void listsWithoutTheRightToWrite() {
        {
            Workspace workspace(root(), Access::Write);
            workspace.addRun(sampleRun("first"));
        }
        setWritable(false);
        Child reader("--nobody", root());
        const auto message = reader.line();
        const auto list = reader.line();
        setWritable(true);
        QVERIFY2(message.find("Permission denied") != std::string::npos &&
                     message.find("may write") != std::string::npos,
                 message.c_str());
        QCOMPARE(list, std::string("first"));
        Workspace workspace(root(), Access::Write);
        workspace.addRun(sampleRun("second"));
        reader.tell(); // the writer still has it open: the change is in the log only
        const auto live = reader.line();
        QVERIFY2(live == "second first", live.c_str());
        workspace.addRun(sampleRun("third"));
        reader.tell();
        QCOMPARE(reader.line(), std::string("third second first"));
        reader.end();
    }

    void refusesASecondWriter() {
        Child holder("--hold", root());
        QCOMPARE(holder.line(), std::string("open"));
        const std::string pid = "process " + std::to_string(holder.pid());
        VERIFY_ERROR(ErrorKind::Storage, pid, Workspace(root(), Access::Write));
        QVERIFY(Workspace(root(), Access::Read).list().empty());
        holder.end();
        Workspace workspace(root(), Access::Write);
        VERIFY_ERROR(ErrorKind::Storage, "has it open for writing", Workspace(root(), Access::Write));
    }

    void readsWhileAnotherWrites() {
        { const Workspace workspace(root(), Access::Write); }
        Child writer("--write", root(), "r");
        Child firstReader("--read", root(), "r");
        Child secondReader("--read", root(), "r");
        for (Child* reader : {&firstReader, &secondReader})
            for (int i = 0; i < 20; ++i) {
                const auto line = reader->line();
                QVERIFY2(!line.empty() && line.find_first_not_of("0123456789") == std::string::npos,
                         line.c_str());
            }
        writer.kill();
    }

private:
    std::filesystem::path root() const { return pathOf(*m_folder); }

    /// For an owner who isn't root, too.
    void setWritable(bool writable) {
        std::filesystem::permissions(root(), std::filesystem::perms(writable ? 0755 : 0555));
        for (const auto& entry : std::filesystem::directory_iterator(root()))
            if (entry.is_regular_file())
                std::filesystem::permissions(entry.path(), std::filesystem::perms(writable ? 0644 : 0444));
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

int main(int argc, char** argv) {
    if (argc == 4 && std::string(argv[1]).starts_with("--")) return child(argv[1], argv[2], argv[3]);
    QCoreApplication application(argc, argv);
    TestFaults test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_faults.moc"
