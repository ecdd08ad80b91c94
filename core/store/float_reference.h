// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/store/workspace.h"

namespace quantarium::store {

/// Equal for runs that are repeats of each other: the configuration without name and seed.
std::string repeatKey(const RunRecord& run);

/// Finds the float run that a run is compared with.
class FloatReference {
public:
    /// Reads the workspace's runs once; `runs` are known too, even when they are in the bin.
    FloatReference(const Workspace& workspace, const std::vector<RunRecord>& runs);

    struct Match {
        const RunRecord* run = nullptr; ///< lives as long as this object; null: none was found
        std::string how;                ///< "started from it" or "same data, network, training and seed"
    };
    /// The float run that its weights come from, however many runs lie between; else a finished float run
    /// with the same data, network, training and seed, preferring one with the same start, then one from
    /// scratch, then the newest. A float run is compared with none but the one that it goes on from: what
    /// longer training alone brings.
    Match of(const RunRecord& run) const;

    /// Finished runs that are repeats of `run`, itself included.
    std::vector<const RunRecord*> repeatsOf(const RunRecord& run) const;

private:
    const RunRecord* startedFrom(const RunRecord& run) const;
    const RunRecord* counterpart(const RunRecord& run) const;

    std::map<std::string, RunRecord> m_runs;                ///< by id
    std::multimap<std::string, const RunRecord*> m_floats;  ///< finished float runs by what they share
    std::multimap<std::string, const RunRecord*> m_repeats; ///< finished float runs by repeatKey
};

} // namespace quantarium::store
