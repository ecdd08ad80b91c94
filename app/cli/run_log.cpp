// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/run_log.h"

#include <algorithm>

namespace quantarium::cli {

namespace {

void update(RunLog::Run& run, const RunEvent& event) {
    if (const auto* started = std::get_if<RunStarted>(&event)) {
        run.line.name = started->config.value("name", run.id);
        run.line.totalEpochs = started->totalEpochs;
        run.epochsDone = started->firstEpoch;
        run.ended.reset();
    } else if (const auto* progress = std::get_if<Progress>(&event)) {
        run.line.progress = *progress;
    } else if (const auto* epoch = std::get_if<EpochDone>(&event)) {
        run.epochsDone = epoch->epoch;
        if (epoch->best || !run.line.best) run.line.best = headline(epoch->values);
    } else if (const auto* ended = std::get_if<RunEnded>(&event)) {
        run.ended = *ended;
    }
}

} // namespace

void RunLog::announce(std::size_t runs) {
    const std::lock_guard lock(m_mutex);
    m_announced = runs;
    for (std::size_t i = 0; i < m_runs.size(); ++i)
        number(m_runs[i], i);
}

void RunLog::note(const std::string& sentence) {
    const std::lock_guard lock(m_mutex);
    showNote(sentence);
}

void RunLog::onEvent(const std::string& runId, const RunEvent& event) {
    const std::lock_guard lock(m_mutex);
    Run& run = find(runId);
    update(run, event);
    show(run, event);
}

std::vector<RunLog::Run> RunLog::runs() const {
    const std::lock_guard lock(m_mutex);
    return m_runs;
}

std::vector<RunLog::Run> RunLog::activeRuns() const {
    std::vector<Run> active;
    std::copy_if(m_runs.begin(), m_runs.end(), std::back_inserter(active),
                 [](const Run& run) { return !run.ended; });
    return active;
}

RunLog::Run& RunLog::find(const std::string& runId) {
    const auto found =
        std::find_if(m_runs.begin(), m_runs.end(), [&](const Run& run) { return run.id == runId; });
    if (found != m_runs.end()) return *found;
    Run run;
    run.id = runId;
    run.line.name = runId;
    number(run, m_runs.size());
    m_runs.push_back(std::move(run));
    return m_runs.back();
}

void RunLog::number(Run& run, std::size_t position) const {
    run.line.place = m_announced > 1 ? std::to_string(position + 1) + "/" + std::to_string(m_announced) : "";
}

} // namespace quantarium::cli
