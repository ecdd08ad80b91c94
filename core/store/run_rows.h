// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/store/database.h"

namespace quantarium::store {

/// The columns that RunReader expects, in its order.
extern const char* const kRunColumns;

/// Documents by their text. Runs share most of them (repeats have one report, one environment), and reading
/// one again costs more than copying it.
template <class Value> class DocumentCache {
public:
    /// The value of a text; `read(text)` makes it when it isn't known.
    template <class Read> const Value& at(const std::string& text, Read&& read) {
        const auto known = m_values.find(text);
        if (known != m_values.end()) return known->second;
        Value value = read(text);
        if (m_values.size() >= kMost) m_values.clear();
        return m_values.emplace(text, std::move(value)).first->second;
    }

private:
    static constexpr std::size_t kMost = 20000;

    std::unordered_map<std::string, Value> m_values;
};

/// Makes records from rows of `kRunColumns`.
class RunReader {
public:
    /// A record that can't be read (a damaged file, another version's configuration) is given as a failed run
    /// whose reason says so, so that one bad row doesn't hide the others.
    RunRecord read(const Query& row);

private:
    void readDocuments(RunRecord& run, const Query& row);

    DocumentCache<RunConfig> m_configs;
    DocumentCache<Json> m_identities;
    DocumentCache<Json> m_environments;
    DocumentCache<std::optional<RunReport>> m_reports;
};

/// Adds a row; the run must not exist yet.
void insertRun(Database& database, const RunRecord& run);

/// The row's key, or Error(Config) naming the id.
std::int64_t runKey(Database& database, const std::string& id);

/// Measured values as JSON text and back; NaN and infinities survive.
std::string valuesToText(const std::map<std::string, double>& values);

/// "2026-11-20T14:22:33Z"
std::string utcNow();

} // namespace quantarium::store
