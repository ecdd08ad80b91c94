// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/bridge/snapshot_cache.h"

#include <algorithm>

namespace quantarium::widgets {

std::shared_ptr<const WeightSnapshot> SnapshotCache::live(const std::string& runId) const {
    const auto found = m_live.find(runId);
    return found == m_live.end() ? nullptr : found->second;
}

void SnapshotCache::add(const std::string& runId, std::int64_t epoch,
                        std::shared_ptr<const WeightSnapshot> snapshot) {
    std::erase_if(m_items, [&](const Item& item) { return item.runId == runId && item.epoch == epoch; });
    m_items.push_front({runId, epoch, std::move(snapshot)});
    if (m_items.size() > kKept) m_items.pop_back();
}

std::shared_ptr<const WeightSnapshot> SnapshotCache::find(const std::string& runId,
                                                          std::int64_t epoch) const {
    const auto found = std::find_if(m_items.begin(), m_items.end(), [&](const Item& item) {
        return item.runId == runId && item.epoch == epoch;
    });
    return found == m_items.end() ? nullptr : found->snapshot;
}

void SnapshotCache::dropAfter(const std::string& runId, std::int64_t epoch) {
    std::erase_if(m_items, [&](const Item& item) { return item.runId == runId && item.epoch > epoch; });
    m_live.erase(runId);
}

void SnapshotCache::clear() {
    m_items.clear();
    m_live.clear();
}

} // namespace quantarium::widgets
