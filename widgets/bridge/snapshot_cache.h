// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "core/run/snapshot.h"

namespace quantarium::widgets {

/// Weight snapshots in memory: the newest live one of each run, and the recorded ones looked at last. Thread:
/// GUI.
class SnapshotCache {
public:
    static constexpr std::size_t kKept = 48;

    void setLive(const std::string& runId, std::shared_ptr<const WeightSnapshot> snapshot) {
        m_live[runId] = std::move(snapshot);
    }
    std::shared_ptr<const WeightSnapshot> live(const std::string& runId) const;
    void add(const std::string& runId, std::int64_t epoch, std::shared_ptr<const WeightSnapshot> snapshot);
    std::shared_ptr<const WeightSnapshot> find(const std::string& runId, std::int64_t epoch) const;
    /// Forgets what a run that goes on from this epoch will write again.
    void dropAfter(const std::string& runId, std::int64_t epoch);
    void clear();

private:
    struct Item {
        std::string runId;
        std::int64_t epoch = 0;
        std::shared_ptr<const WeightSnapshot> snapshot;
    };

    std::map<std::string, std::shared_ptr<const WeightSnapshot>> m_live;
    std::deque<Item> m_items; ///< newest in front
};

} // namespace quantarium::widgets
