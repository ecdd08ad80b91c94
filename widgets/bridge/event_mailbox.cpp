// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/bridge/event_mailbox.h"

#include <algorithm>

namespace quantarium::widgets {

namespace {

void addProgress(RunLetter& letter, const Progress& progress) {
    auto losses = letter.progress ? std::move(letter.progress->losses) : std::vector<double>();
    losses.insert(losses.end(), progress.losses.begin(), progress.losses.end());
    if (losses.size() > EventMailbox::kMaximumLosses) {
        const auto surplus = losses.size() - EventMailbox::kMaximumLosses;
        losses.erase(losses.begin(), losses.begin() + static_cast<std::ptrdiff_t>(surplus));
        letter.lossesDropped += static_cast<std::int64_t>(surplus);
    }
    letter.progress = progress;
    letter.progress->losses = std::move(losses);
}

void addEpoch(RunLetter& letter, const EpochDone& epoch) {
    letter.epochs.push_back(epoch);
    if (epoch.weights) letter.snapshotEpochs.push_back(epoch.epoch);
    if (letter.epochs.size() > EventMailbox::kSnapshotsKept)
        letter.epochs[letter.epochs.size() - EventMailbox::kSnapshotsKept - 1].weights.reset();
    letter.weights.reset(); // older than the epoch's own
    if (letter.progress) {  // its steps are within the epoch's complete list
        letter.progress->losses.clear();
        letter.lossesDropped = 0;
    }
}

} // namespace

RunLetter& EventMailbox::letterFor(const std::string& runId) {
    const auto found = std::find_if(m_letters.rbegin(), m_letters.rend(),
                                    [&](const RunLetter& letter) { return letter.runId == runId; });
    if (found != m_letters.rend() && !found->ended) return *found;
    m_letters.push_back({});
    m_letters.back().runId = runId;
    return m_letters.back();
}

void EventMailbox::onEvent(const std::string& runId, const RunEvent& event) {
    bool first = false;
    {
        const std::lock_guard lock(m_mutex);
        first = m_letters.empty();
        auto& letter = letterFor(runId);
        if (const auto* started = std::get_if<RunStarted>(&event))
            letter.started = *started;
        else if (const auto* progress = std::get_if<Progress>(&event))
            addProgress(letter, *progress);
        else if (const auto* epoch = std::get_if<EpochDone>(&event))
            addEpoch(letter, *epoch);
        else if (const auto* seen = std::get_if<WeightsSeen>(&event))
            letter.weights = seen->weights;
        else if (const auto* noted = std::get_if<Noted>(&event))
            letter.notes.insert(letter.notes.end(), noted->notes.begin(), noted->notes.end());
        else if (const auto* ended = std::get_if<RunEnded>(&event))
            letter.ended = *ended;
    }
    if (first) m_wake();
}

bool EventMailbox::watchesWeights(const std::string& runId) const {
    const std::lock_guard lock(m_mutex);
    return m_watched.contains(runId);
}

std::vector<RunLetter> EventMailbox::take() {
    std::vector<RunLetter> letters;
    const std::lock_guard lock(m_mutex);
    letters.swap(m_letters);
    return letters;
}

void EventMailbox::setWatched(std::set<std::string> runIds) {
    const std::lock_guard lock(m_mutex);
    m_watched = std::move(runIds);
}

} // namespace quantarium::widgets
