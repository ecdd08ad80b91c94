// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/workspace.h"

#include <functional>
#include <random>

#include "core/base/text.h"
#include "core/store/bin.h"
#include "core/store/run_rows.h"
#include "core/store/schema.h"
#include "core/store/workspace_state.h"

namespace quantarium::store {

namespace {

void checkIsFolder(const std::filesystem::path& folder) {
    std::error_code ignored;
    if (std::filesystem::exists(folder, ignored) && !std::filesystem::is_directory(folder, ignored))
        throw Error(ErrorKind::Storage, "is not a workspace: it is a file", folder.string(),
                    "Choose a folder.");
}

/// "20261120-142233-a1b2" from the UTC time and chance.
std::string randomId() {
    std::string id;
    for (const char c : utcNow()) { // 2026-11-20T14:22:33Z
        if (c == 'T') id += '-';
        if (c >= '0' && c <= '9') id += c;
    }
    id += '-';
    std::random_device chance;
    for (int digit = 0; digit < 4; ++digit)
        id += "0123456789abcdef"[chance() & 15u];
    return id;
}

/// A pattern for LIKE that finds `text` anywhere, taken literally.
std::string likePattern(const std::string& text) {
    std::string pattern = "%";
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern + "%";
}

/// Runs whose id is `prefix` or starts with it, outside the bin; at most `limit`, an exact one alone.
std::vector<RunRecord> byPrefix(Database& database, const std::function<RunRecord(Query&)>& read,
                                const std::string& prefix, std::int64_t limit) {
    std::vector<RunRecord> runs;
    if (prefix.empty()) return runs;
    const std::string columns =
        std::string("SELECT ") + kRunColumns + " FROM runs WHERE +binned = 0 AND "; // +: not by that index
    auto exact = database.query(columns + "id = ?");
    exact.bind(prefix);
    if (exact.next()) return {read(exact)};
    auto query = database.query(columns + "id >= ? AND id < ? ORDER BY id LIMIT ?");
    query.bind(prefix).bind(prefix + "\x7f").bind(limit);
    while (query.next())
        runs.push_back(read(query));
    return runs;
}

/// Changes the columns of one run; throws Error(Config) when it doesn't exist.
template <class... Values>
void updateRun(Database& database, const std::string& id, const std::string& assignments,
               const Values&... values) {
    auto query = database.query("UPDATE runs SET " + assignments + " WHERE key = ?");
    (query.bind(values), ...);
    query.bind(runKey(database, id));
    query.run();
}

} // namespace

Workspace::Workspace(std::filesystem::path folder, Access access)
    : m_state(std::make_unique<State>(std::move(folder), access)) {
    auto& state = *m_state;
    checkIsFolder(state.folder);
    if (access == Access::Read) {
        if (!std::filesystem::exists(state.file()))
            throw Error(ErrorKind::Storage, "is not a workspace: it has no workspace.sqlite",
                        state.folder.string(), "Choose another folder, or start a run there first.");
        state.guarded([&] {
            state.database = std::make_unique<Database>(state.file(), access);
            checkForReading(*state.database);
        });
        return;
    }
    createFolder(state.folder);
    state.lock.emplace(state.lockFile());
    state.guarded([&] {
        state.database = std::make_unique<Database>(state.file(), access);
        prepareForWriting(*state.database);
        createFolder(state.runsFolder());
        createFolder(state.binFolder());
        repairBin(*state.database, state.runsFolder(), state.binFolder());
    });
}

Workspace::~Workspace() = default;

const std::filesystem::path& Workspace::folder() const {
    return m_state->folder;
}

std::filesystem::path Workspace::runFolder(const std::string& id) const {
    return m_state->runsFolder() / id;
}

std::string Workspace::newRunId() const {
    return m_state->read([&](Database& database) {
        for (;;) {
            const std::string id = randomId();
            auto query = database.query("SELECT 1 FROM runs WHERE id = ?");
            query.bind(id);
            if (query.next() || std::filesystem::exists(runFolder(id)) ||
                !m_state->issuedIds.insert(id).second)
                continue;
            return id;
        }
    });
}

void Workspace::addRun(const RunRecord& run) {
    if (run.id.empty() || run.id.find('/') != std::string::npos || run.id.front() == '.')
        throw Error(ErrorKind::Config, "\"" + run.id + "\" can't be a run's id", "add run",
                    "Use newRunId().");
    (void)RunConfig::fromJson(run.config.toJson(), "run " + run.id); // what couldn't be read back isn't taken
    m_state->write([&](Database& database) {
        auto existing = database.query("SELECT 1 FROM runs WHERE id = ?");
        existing.bind(run.id);
        if (existing.next())
            throw Error(ErrorKind::Config, "there is a run \"" + run.id + "\" already", folder().string());
        insertRun(database, run);
    });
}

void Workspace::recordStarted(const std::string& id, const RunStarted& started) {
    m_state->write([&](Database& database) {
        updateRun(database, id,
                  "state = ?, reason = '', ended_at = '', result = 'null', environment = ?, report = ?, "
                  "started_at = CASE started_at WHEN '' THEN ? ELSE started_at END",
                  toString(RunState::Running), dumpJson(started.environment),
                  dumpJson(toJson(started.report)), utcNow());
    });
}

void Workspace::recordNotes(const std::string& id, const Noted& noted) {
    m_state->write([&](Database& database) {
        auto query = database.query("SELECT report FROM runs WHERE key = ?");
        query.bind(runKey(database, id));
        if (!query.next()) return;
        Json report = parseJson(query.text(0), "run " + id + ", report");
        if (!report.is_object()) return; // it has not started here
        for (const auto& note : noted.notes)
            report["notes"].push_back(note);
        updateRun(database, id, "report = ?", dumpJson(report));
    });
}

void Workspace::recordState(const std::string& id, RunState state, const std::string& reason) {
    const bool atWork = state == RunState::Queued || state == RunState::Running;
    m_state->write([&](Database& database) {
        updateRun(database, id, "state = ?, reason = ?, ended_at = ?", toString(state), reason,
                  atWork ? std::string() : utcNow());
    });
}

void Workspace::recordEnded(const std::string& id, const RunEnded& ended) {
    m_state->write([&](Database& database) {
        updateRun(database, id, "state = ?, reason = ?, result = ?, ended_at = ?", toString(ended.state),
                  ended.reason, dumpJson(ended.result), utcNow());
    });
}

void Workspace::setName(const std::string& id, const std::string& name) {
    m_state->write([&](Database& database) { updateRun(database, id, "name = ?", name); });
}

void Workspace::setNote(const std::string& id, const std::string& note) {
    m_state->write([&](Database& database) { updateRun(database, id, "note = ?", note); });
}

std::vector<RunRecord> Workspace::list(const RunFilter& filter) const {
    std::string sql = std::string("SELECT ") + kRunColumns + " FROM runs WHERE binned = ?";
    std::vector<std::string> texts;
    if (!filter.text.empty()) {
        sql += " AND (name LIKE ?2 ESCAPE '\\' OR method LIKE ?2 ESCAPE '\\' OR network LIKE ?2 ESCAPE '\\' "
               "OR dataset LIKE ?2 ESCAPE '\\' OR id LIKE ?2 ESCAPE '\\')";
        texts.push_back(likePattern(filter.text));
    }
    if (!filter.group.empty()) {
        sql += " AND repeat_group = ?";
        texts.push_back(filter.group);
    }
    return m_state->read([&](Database& database) {
        std::vector<RunRecord> runs;
        auto query = database.query(sql + " ORDER BY created_at DESC, key DESC");
        query.bind(std::int64_t{filter.binned});
        for (const auto& text : texts)
            query.bind(text);
        while (query.next()) {
            auto run = m_state->readRun(query);
            if (!filter.state || run.state == *filter.state) runs.push_back(std::move(run));
        }
        return runs;
    });
}

std::optional<RunRecord> Workspace::find(const std::string& id) const {
    const auto readRun = [this](Query& query) { return m_state->readRun(query); };
    return m_state->read([&](Database& database) -> std::optional<RunRecord> {
        auto runs = byPrefix(database, readRun, id, 2);
        if (runs.size() != 1) return std::nullopt;
        return std::move(runs.front());
    });
}

RunRecord Workspace::at(const std::string& id) const {
    constexpr std::int64_t kNamed = 5;
    const auto readRun = [this](Query& query) { return m_state->readRun(query); };
    return m_state->read([&](Database& database) {
        auto runs = byPrefix(database, readRun, id, kNamed);
        if (runs.size() == 1) return std::move(runs.front());
        if (runs.empty())
            throw Error(ErrorKind::Config, "there is no run \"" + id + "\"", folder().string(),
                        "\"quantarium-cli list\" shows those that exist.");
        std::vector<std::string> ids;
        for (const auto& run : runs)
            ids.push_back(run.id);
        throw Error(ErrorKind::Config,
                    "\"" + id + "\" fits several runs: " + join(ids) + (ids.size() == kNamed ? ", …" : ""),
                    folder().string(), "Give more of the id.");
    });
}

std::optional<RunRecord> Workspace::findFinished(const Json& identity) const {
    return m_state->read([&](Database& database) -> std::optional<RunRecord> {
        auto query = database.query(std::string("SELECT ") + kRunColumns +
                                    " FROM runs WHERE identity_hash = ? AND state = ? "
                                    "AND binned = 0 ORDER BY created_at DESC, key DESC");
        query.bind(hashJson(identity)).bind(toString(RunState::Finished));
        while (query.next()) {
            auto run = m_state->readRun(query);
            if (run.identity == identity && run.state == RunState::Finished) return run;
        }
        return std::nullopt;
    });
}

} // namespace quantarium::store
