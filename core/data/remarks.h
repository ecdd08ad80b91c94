// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace quantarium::data {

/// Sentences for the person about samples that turned out broken while they were read, each said once.
/// Thread: any.
class Remarks {
public:
    /// @param about what it is about, a file's name; a second sentence about it is dropped
    void add(const std::string& about, const std::string& sentence) {
        const std::lock_guard lock(m_mutex);
        if (m_known.insert(about).second) m_new.push_back(sentence);
    }

    /// Those added since the last call.
    std::vector<std::string> take() {
        const std::lock_guard lock(m_mutex);
        return std::exchange(m_new, {});
    }

private:
    std::mutex m_mutex;
    std::set<std::string> m_known;
    std::vector<std::string> m_new;
};

} // namespace quantarium::data
