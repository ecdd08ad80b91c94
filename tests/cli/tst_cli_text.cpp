// SPDX-License-Identifier: GPL-3.0-or-later
#include <csignal>

#include <QTest>

#include <sys/wait.h>
#include <unistd.h>

#include "app/cli/exit_code.h"
#include "app/cli/interrupts.h"
#include "app/cli/progress_line.h"
#include "app/cli/run_input.h"
#include "app/cli/text_table.h"
#include "core/run/examples.h"

using namespace quantarium;
using namespace quantarium::cli;

/// The pieces that turn values into text.
class TestCliText : public QObject {
    Q_OBJECT

private slots:
    /// In a child process: two signals at once are one interrupt, a later one ends the process.
    void aLaterInterruptEndsAtOnce() {
        const pid_t child = ::fork();
        QVERIFY(child >= 0);
        if (child == 0) {
            const Interrupts interrupts([] {});
            ::raise(SIGINT);
            ::raise(SIGTERM);
            if (!interrupts.happened()) ::_exit(1);
            ::usleep(1'200'000);
            ::raise(SIGINT);
            ::_exit(2);
        }
        int status = 0;
        QCOMPARE(::waitpid(child, &status, 0), child);
        QVERIFY(WIFEXITED(status));
        QCOMPARE(WEXITSTATUS(status), 130);
    }

    void numbersForPeople() {
        QCOMPARE(groupedNumber(0), std::string("0"));
        QCOMPARE(groupedNumber(999), std::string("999"));
        QCOMPARE(groupedNumber(269722), std::string("269,722"));
        QCOMPARE(groupedNumber(-1234567), std::string("-1,234,567"));
        QCOMPARE(groupedNumber(-123), std::string("-123"));
        QCOMPARE(fixedNumber(3.14159, 2), std::string("3.14"));
    }

    void widthCountsCodePoints() {
        QCOMPARE(displayWidth("a · b"), std::size_t{5});
        QCOMPARE(shortened("résumé", 6), std::string("résumé"));
        QCOMPARE(shortened("résumé!", 6), std::string("résum…"));
        QCOMPARE(shortened("ab", 1), std::string("…"));
        QCOMPARE(shortened("ab", 0), std::string());
    }

    void tablesAlignNumbersRight() {
        QCOMPARE(textTable({"Name", "Bits"}, {{"é", "5"}, {"long name", "32"}}),
                 std::string("Name       Bits\n─────────  ────\né             5\nlong name    32\n"));
        QCOMPARE(textTable({"Name"}, {}), std::string("Name\n────\n"));
    }

    void wrapsAtSpaces() {
        QCOMPARE(wrapped("one two three", 2, 9), std::string("  one two\n  three\n"));
        QCOMPARE(wrapped("unbreakable", 0, 4), std::string("unbreakable\n"));
        QCOMPARE(wrapped("", 2, 10), std::string());
    }

    void headlinePrefersValidation() {
        QCOMPARE(headline({{"train_top1", 50.0}, {"validation_top1", 40.0}})->name,
                 std::string("validation_top1"));
        QCOMPARE(headline({{"train_top1", 50.0}, {"train_loss", 1.0}})->value, 50.0);
        QVERIFY(!headline({{"train_loss", 1.0}}));
    }

    void progressLineShowsWhatMatters() {
        const auto line = progressLine(halfDone(), 200, true);
        QVERIFY2(line.starts_with("[2/4] INQ, 5 bits  ██████████░░░░░░░░░░  50 %  30 s left"), line.c_str());
        for (const char* const part : {"epoch 3/4", "validation_top1 78.2 %", "loss 0.412"})
            QVERIFY2(line.find(part) != std::string::npos, line.c_str());
    }

    void progressLineFitsEveryWidth() {
        for (std::size_t width = 1; width <= 160; ++width)
            for (const bool unicode : {true, false})
                QVERIFY2(displayWidth(progressLine(halfDone(), width, unicode)) <= width,
                         std::to_string(width).c_str());
        const auto narrow = progressLine(halfDone(), 55, false);
        QVERIFY2(narrow.find("30 s left") != std::string::npos && narrow.find('#') != std::string::npos,
                 narrow.c_str());
        QVERIFY2(narrow.find("loss") == std::string::npos, narrow.c_str());
    }

    void progressLineBeforeTheFirstStep() {
        RunProgress run;
        run.name = "new";
        run.progress.phase = "loading";
        run.progress.secondsLeft = -1;
        const auto line = progressLine(run, 80, false);
        QVERIFY2(line.find("0 %") != std::string::npos && line.find("loading") != std::string::npos,
                 line.c_str());
        QVERIFY2(line.find("left") == std::string::npos, line.c_str());
    }

    void everyErrorKindHasItsCode() {
        QCOMPARE(exitCodeFor(ErrorKind::Config), ExitCode::Usage);
        QCOMPARE(exitCodeFor(ErrorKind::Data), ExitCode::Data);
        QCOMPARE(exitCodeFor(ErrorKind::Storage), ExitCode::Storage);
        QCOMPARE(exitCodeFor(ErrorKind::Run), ExitCode::RunFailed);
        QCOMPARE(exitCodeFor(ErrorKind::Resource), ExitCode::Resource);
        for (const char* const code :
             {"  0  ", "  1  ", "  2  ", "  3  ", "  4  ", "  5  ", "  6  ", "  130  "})
            QVERIFY(exitCodeHelp().find(code) != std::string::npos);
    }

    void settingsChangeEveryRunOfAnExample() {
        const auto plain = readRuns("first-look", {});
        const auto changed =
            readRuns("first-look", {.recipe = {}, .settings = {"training.epochs=2", "seed=7"}});
        QCOMPARE(changed.size(), plain.size());
        for (std::size_t i = 0; i < changed.size(); ++i) {
            QCOMPARE(changed[i].training.epochs, std::int64_t{2});
            QCOMPARE(changed[i].seed, std::uint64_t{7});
            QCOMPARE(changed[i].weights.method, plain[i].weights.method);
        }
        // A recipe comes first, settings last.
        for (const auto& run : readRuns("first-look", {.recipe = "ttq", .settings = {"training.epochs=2"}})) {
            QCOMPARE(run.weights.method, std::string("ttq"));
            QCOMPARE(run.training.epochs, std::int64_t{2});
            QCOMPARE(run.dataset.id, plain.front().dataset.id);
        }
    }

private:
    static RunProgress halfDone() {
        RunProgress run;
        run.place = "2/4";
        run.name = "INQ, 5 bits";
        run.totalEpochs = 4;
        run.progress.epoch = 2;
        run.progress.step = 100;
        run.progress.totalSteps = 200;
        run.progress.phase = "training";
        run.progress.loss = 0.4123;
        run.progress.secondsLeft = 30;
        run.best = Headline{"validation_top1", 78.24};
        return run;
    }
};

QTEST_GUILESS_MAIN(TestCliText)
#include "tst_cli_text.moc"
