// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <sstream>

#include <QTest>

#include "app/cli/run_printers.h"
#include "core/base/json.h"

using namespace quantarium;
using namespace quantarium::cli;

namespace {

RunStarted startedEvent() {
    RunStarted started;
    started.config = {{"name", "tiny"}};
    started.totalEpochs = 2;
    started.stepsPerEpoch = 10;
    started.report.notes = {"only 761 images"};
    return started;
}

EpochDone epochEvent(int epoch, double top1, bool best) {
    EpochDone done;
    done.epoch = epoch;
    done.values = {{"train_loss", 1.25}, {"validation_top1", top1}, {"seconds", 3.0}};
    done.best = best;
    return done;
}

void play(RunLog& log) {
    log.announce(2);
    log.onEvent("r1", startedEvent());
    log.onEvent("r1", Progress{0, 5, 20, "training", 1.5, 0.1, 100, 1, 3, 0, {}});
    log.onEvent("r1", epochEvent(1, 60, true));
    log.onEvent("r1", Noted{{"a.JPEG is left out"}});
    log.onEvent("r1", epochEvent(2, 55, false));
    log.onEvent("r1", RunEnded{RunState::Finished, "", nullptr});
}

} // namespace

/// What the three ways of watching runs write for given events.
class TestCliPrinters : public QObject {
    Q_OBJECT

private slots:
    void linesSayEachEvent() {
        std::ostringstream out;
        const auto log = makeLinePrinter(out);
        play(*log);
        QCOMPARE(out.str(),
                 std::string("[1/2] tiny: starts, 2 epochs of 10 steps (r1)\n"
                             "[1/2] tiny: only 761 images\n"
                             "[1/2] tiny: epoch 1/2  train_loss 1.2500  validation_top1 60.00 %  in 3.0 s  "
                             "(best so far)\n"
                             "[1/2] tiny: a.JPEG is left out\n"
                             "[1/2] tiny: epoch 2/2  train_loss 1.2500  validation_top1 55.00 %  in 3.0 s\n"
                             "[1/2] tiny: finished, best epoch validation_top1 60.00 %, 1.0 s\n"));
    }

    /// Nothing is trained or validated: what counts is what the run ended with.
    void aRunOfNoEpochsSaysWhatItMeasured() {
        std::ostringstream out;
        const auto log = makeLinePrinter(out);
        auto started = startedEvent();
        started.totalEpochs = 0;
        started.report.notes.clear();
        log->onEvent("r1", started);
        log->onEvent("r1", Progress{0, 0, 0, "testing", 0, 0, 0, 0.001, -1, 0, {}});
        const Json measured{{"test_loss", 0.5}, {"test_top1", 84.25}};
        log->onEvent(
            "r1",
            RunEnded{RunState::Finished, "", {{"last", measured}, {"best", measured}, {"seconds", 4.5}}});
        QVERIFY2(out.str().ends_with("\ntiny: finished, test_top1 84.25 %, 4.5 s\n"), out.str().c_str());
    }

    void resumedAndStoppedRunsSaySo() {
        std::ostringstream out;
        const auto log = makeLinePrinter(out);
        auto started = startedEvent();
        started.firstEpoch = 1;
        started.report.notes.clear();
        log->onEvent("r1", started);
        log->onEvent("r1", RunEnded{RunState::Stopped, "Checkpointed.", nullptr});
        QCOMPARE(out.str(), std::string("tiny: continues after epoch 1 of 2 epochs of 10 steps (r1)\n"
                                        "tiny: stopped after epoch 1 of 2\n"));
    }

    void jsonIsOneObjectALine() {
        std::ostringstream out;
        std::ostringstream notes;
        const auto log = makeJsonPrinter(out, notes);
        play(*log);
        log->note("a note");
        std::istringstream lines(out.str());
        std::vector<std::string> kinds;
        for (std::string line; std::getline(lines, line);) {
            const auto document = parseJson(line, "line");
            QCOMPARE(document.at("run").get<std::string>(), std::string("r1"));
            kinds.push_back(document.at("event").get<std::string>());
        }
        QCOMPARE(kinds, (std::vector<std::string>{"started", "progress", "epoch", "note", "epoch", "ended"}));
        QCOMPARE(notes.str(), std::string("a note\n"));
    }

    void barsAreRedrawnInPlace() {
        std::ostringstream out;
        const auto log = makeBarPrinter(out, {true, true});
        log->onEvent("r1", startedEvent());
        log->onEvent("r2", startedEvent());
        out.str({});
        log->onEvent("r2", Progress{0, 5, 20, "training", 1.5, 0.1, 100, 1, 3, 0, {}});
        const auto redrawn = out.str();
        QVERIFY2(redrawn.starts_with("\r\x1b[1A"), "two bars: the cursor goes up one line");
        QCOMPARE(std::count(redrawn.begin(), redrawn.end(), '\n'), 1);
        QVERIFY(redrawn.find("\x1b[2J") == std::string::npos && redrawn.find("\x1b[2K") == std::string::npos);
    }

    void anEndedRunLeavesOneLine() {
        std::ostringstream out;
        const auto log = makeBarPrinter(out, {true, true});
        play(*log);
        out.str({});
        log->note("a note");
        QVERIFY2(out.str().find("a note\x1b[K\n") != std::string::npos, out.str().c_str());
        QVERIFY2(out.str().find("tiny") == std::string::npos, "no bar for a run that has ended");
    }

    void outcomesAreKept() {
        std::ostringstream out;
        const auto log = makeLinePrinter(out);
        play(*log);
        const auto runs = log->runs();
        QCOMPARE(runs.size(), std::size_t{1});
        QVERIFY(runs.front().ended->state == RunState::Finished);
        QCOMPARE(runs.front().epochsDone, std::int64_t{2});
        QCOMPARE(runs.front().line.best->value, 60.0);
    }
};

QTEST_GUILESS_MAIN(TestCliPrinters)
#include "tst_cli_printers.moc"
