// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/run_printers.h"

#include <ostream>

#include "app/cli/text_table.h"
#include "core/base/text.h"

namespace quantarium::cli {

namespace {

std::string titled(const RunLog::Run& run) {
    return (run.line.place.empty() ? "" : "[" + run.line.place + "] ") + run.line.name;
}

std::string accuracyText(const Headline& shown) {
    return shown.name + " " + fixedNumber(shown.value, 2) + " %";
}

/// What the whole run took where that is known, else what this process spent on it.
double secondsOf(const RunLog::Run& run, const RunEnded& ended) {
    if (!ended.result.is_object()) return run.line.progress.secondsSpent;
    return ended.result.value("seconds", run.line.progress.secondsSpent);
}

std::string startLine(const RunLog::Run& run, const RunStarted& started) {
    std::string line = titled(run) + ": ";
    line += started.firstEpoch > 0 ? "continues after epoch " + std::to_string(started.firstEpoch) + " of "
                                   : "starts, ";
    return line + std::to_string(started.totalEpochs) +
           (started.totalEpochs == 1 ? " epoch of " : " epochs of ") + std::to_string(started.stepsPerEpoch) +
           " steps (" + run.id + ")";
}

std::string epochLine(const RunLog::Run& run, const EpochDone& epoch) {
    std::string line =
        titled(run) + ": epoch " + std::to_string(epoch.epoch) + "/" + std::to_string(run.line.totalEpochs);
    for (const char* const name : {"train_loss", "validation_loss"})
        if (const auto found = epoch.values.find(name); found != epoch.values.end())
            line += "  " + found->first + " " + fixedNumber(found->second, 4);
    if (const auto shown = headline(epoch.values)) line += "  " + accuracyText(*shown);
    if (const auto seconds = epoch.values.find("seconds"); seconds != epoch.values.end())
        line += "  in " + formatDuration(seconds->second);
    return line + (epoch.best ? "  (best so far)" : "");
}

std::string endLine(const RunLog::Run& run, const RunEnded& ended) {
    std::string line = titled(run) + ": " + toString(ended.state);
    if (run.line.totalEpochs > 0 && ended.state != RunState::Finished)
        line +=
            " after epoch " + std::to_string(run.epochsDone) + " of " + std::to_string(run.line.totalEpochs);
    if (ended.state == RunState::Finished) {
        if (run.line.best)
            line += ", best epoch " + accuracyText(*run.line.best);
        else if (const auto measured = headline(ended.result, "best")) // a run of no epochs
            line += ", " + accuracyText(*measured);
    }
    const double seconds = secondsOf(run, ended);
    return seconds > 0 ? line + ", " + formatDuration(seconds) : line;
}

class BarPrinter : public RunLog {
public:
    BarPrinter(std::ostream& stream, const Terminal& terminal) : m_stream(stream), m_terminal(terminal) {}

protected:
    void show(const Run& run, const RunEvent& event) override {
        if (const auto* started = std::get_if<RunStarted>(&event))
            for (const auto& remark : started->report.notes)
                m_lasting += titled(run) + ": " + remark + "\x1b[K\n";
        if (const auto* noted = std::get_if<Noted>(&event))
            for (const auto& remark : noted->notes)
                m_lasting += titled(run) + ": " + remark + "\x1b[K\n";
        if (const auto* ended = std::get_if<RunEnded>(&event)) m_lasting += endLine(run, *ended) + "\x1b[K\n";
        // A Progress follows each epoch and each change of phase.
        if (!std::holds_alternative<EpochDone>(event) && !std::holds_alternative<WeightsSeen>(event))
            redraw();
    }
    void showNote(const std::string& sentence) override {
        m_lasting += sentence + "\x1b[K\n";
        redraw();
    }

private:
    /// Everything in one write, each line cleared only behind its new text: nothing flickers.
    void redraw() {
        std::string text = "\r";
        if (m_drawn > 1) text.append("\x1b[").append(std::to_string(m_drawn - 1)).append("A");
        text += m_lasting;
        m_lasting.clear();
        m_drawn = 0;
        const std::size_t width = terminalWidth() - 1;
        for (const auto& run : activeRuns()) {
            if (m_drawn++ > 0) text += '\n';
            text += progressLine(run.line, width, m_terminal.unicode) + "\x1b[K";
        }
        m_stream << text << "\x1b[J" << std::flush;
    }

    std::ostream& m_stream;
    Terminal m_terminal;
    std::string m_lasting; ///< lines to be written above the bars
    std::size_t m_drawn = 0;
};

class LinePrinter : public RunLog {
public:
    explicit LinePrinter(std::ostream& out) : m_out(out) {}

protected:
    void show(const Run& run, const RunEvent& event) override {
        if (const auto* started = std::get_if<RunStarted>(&event)) {
            m_out << startLine(run, *started) << "\n";
            for (const auto& remark : started->report.notes)
                m_out << titled(run) << ": " << remark << "\n";
        } else if (const auto* epoch = std::get_if<EpochDone>(&event)) {
            m_out << epochLine(run, *epoch) << "\n";
        } else if (const auto* noted = std::get_if<Noted>(&event)) {
            for (const auto& remark : noted->notes)
                m_out << titled(run) << ": " << remark << "\n";
        } else if (const auto* ended = std::get_if<RunEnded>(&event)) {
            m_out << endLine(run, *ended) << "\n";
        }
        m_out.flush();
    }
    void showNote(const std::string& sentence) override { m_out << sentence << std::endl; }

private:
    std::ostream& m_out;
};

class JsonPrinter : public RunLog {
public:
    JsonPrinter(std::ostream& out, std::ostream& notes) : m_out(out), m_notes(notes) {}

protected:
    void show(const Run& run, const RunEvent& event) override {
        Json document = toJson(event);
        document["run"] = run.id;
        m_out << dumpJson(document) << std::endl;
    }
    void showNote(const std::string& sentence) override { m_notes << sentence << std::endl; }

private:
    std::ostream& m_out;
    std::ostream& m_notes;
};

} // namespace

std::unique_ptr<RunLog> makeBarPrinter(std::ostream& terminalStream, const Terminal& terminal) {
    return std::make_unique<BarPrinter>(terminalStream, terminal);
}

std::unique_ptr<RunLog> makeLinePrinter(std::ostream& out) {
    return std::make_unique<LinePrinter>(out);
}

std::unique_ptr<RunLog> makeJsonPrinter(std::ostream& out, std::ostream& notes) {
    return std::make_unique<JsonPrinter>(out, notes);
}

} // namespace quantarium::cli
