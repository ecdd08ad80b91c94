// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/float_reference.h"

#include <set>

namespace quantarium::store {

namespace {

/// What a float run and its quantized counterpart have in common.
std::string counterpartKey(const RunRecord& run) {
    const Json config = run.config.toJson();
    Json training = config.at("training");
    training.erase("repeats");
    return dumpJson(
        {config.at("seed"), config.at("task"), config.at("dataset"), config.at("network"), training});
}

} // namespace

std::string repeatKey(const RunRecord& run) {
    Json config = run.config.toJson();
    config.erase("name");
    config.erase("seed");
    config.at("training").erase("repeats");
    return dumpJson(config);
}

FloatReference::FloatReference(const Workspace& workspace, const std::vector<RunRecord>& runs) {
    for (auto& run : workspace.list())
        m_runs.emplace(run.id, std::move(run));
    for (const auto& run : runs)
        m_runs.emplace(run.id, run);
    for (const auto& [id, run] : m_runs) {
        if (run.state != RunState::Finished || !run.config.isFloat()) continue;
        m_floats.emplace(counterpartKey(run), &run);
        m_repeats.emplace(repeatKey(run), &run);
    }
}

FloatReference::Match FloatReference::of(const RunRecord& run) const {
    if (const auto* start = startedFrom(run)) return {start, "started from it"};
    if (run.config.isFloat()) return {};
    if (const auto* other = counterpart(run)) return {other, "same data, network, training and seed"};
    return {};
}

const RunRecord* FloatReference::startedFrom(const RunRecord& run) const {
    std::set<std::string> seen{run.id}; // a damaged workspace may have a circle
    for (std::string id = run.startRun; !id.empty() && seen.insert(id).second;) {
        const auto found = m_runs.find(id);
        if (found == m_runs.end()) return nullptr;
        if (found->second.config.isFloat()) return &found->second;
        id = found->second.startRun;
    }
    return nullptr;
}

const RunRecord* FloatReference::counterpart(const RunRecord& run) const {
    const RunRecord* chosen = nullptr;
    int chosenRank = -1;
    const auto [first, last] = m_floats.equal_range(counterpartKey(run));
    for (auto candidate = first; candidate != last; ++candidate) {
        const auto& other = *candidate->second;
        if (other.id == run.id) continue;
        const int rank = other.config.start == run.config.start ? 2
                         : other.config.start.from == "scratch" ? 1
                                                                : 0;
        const bool newer = chosen && rank == chosenRank && other.createdAt > chosen->createdAt;
        if (rank > chosenRank || newer) {
            chosen = &other;
            chosenRank = rank;
        }
    }
    return chosen;
}

std::vector<const RunRecord*> FloatReference::repeatsOf(const RunRecord& run) const {
    std::vector<const RunRecord*> repeats;
    const auto [first, last] = m_repeats.equal_range(repeatKey(run));
    for (auto candidate = first; candidate != last; ++candidate)
        repeats.push_back(candidate->second);
    return repeats;
}

} // namespace quantarium::store
