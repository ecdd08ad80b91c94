// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/options.h"

namespace quantarium {

/// Throws Error(Config): the id is unknown; names those that exist and the nearest one.
[[noreturn]] void failUnknownId(const std::string& kind, const std::string& id,
                                const std::vector<std::string>& ids, const std::string& where);

/// A plain list of entries by id, filled by a folder's builtin.cpp and passed to whoever needs it. `Entry`
/// has a member `schema` of type EntrySchema. Immutable after construction, so any thread may read it.
template <class Entry> class Registry {
public:
    /// @param kind what the entries are, for messages: "network", "weight method"
    Registry(std::string kind, std::vector<Entry> entries)
        : m_kind(std::move(kind)), m_entries(std::move(entries)) {}

    const std::vector<Entry>& entries() const { return m_entries; }

    const Entry* find(const std::string& id) const {
        const auto found = std::find_if(m_entries.begin(), m_entries.end(),
                                        [&](const Entry& e) { return e.schema.id == id; });
        return found == m_entries.end() ? nullptr : &*found;
    }

    /// Throws Error(Config) with `where` when there is no such id.
    const Entry& at(const std::string& id, const std::string& where) const {
        if (const Entry* entry = find(id)) return *entry;
        failUnknownId(m_kind, id, ids(), where);
    }

    std::vector<std::string> ids() const {
        std::vector<std::string> result;
        for (const auto& entry : m_entries)
            result.push_back(entry.schema.id);
        return result;
    }

private:
    std::string m_kind;
    std::vector<Entry> m_entries;
};

} // namespace quantarium
