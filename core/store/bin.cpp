// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/bin.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/store/run_rows.h"
#include "core/store/workspace_state.h"

namespace quantarium::store {

namespace {

constexpr std::string_view kDeletedSuffix = ".deleted";

void moveIfOnlyThere(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (std::filesystem::exists(from) && !std::filesystem::exists(to)) std::filesystem::rename(from, to);
}

enum class Row { None, Kept, Binned };

Row rowOf(Database& database, const std::string& id) {
    auto query = database.query("SELECT binned FROM runs WHERE id = ?");
    query.bind(id);
    if (!query.next()) return Row::None;
    return query.integer(0) != 0 ? Row::Binned : Row::Kept;
}

void settle(Database& database, const std::filesystem::path& entry, const std::filesystem::path& runs) {
    const std::string name = entry.filename().string();
    if (name.ends_with(kDeletedSuffix)) {
        const std::string id = name.substr(0, name.size() - kDeletedSuffix.size());
        const Row row = rowOf(database, id);
        if (row == Row::None) std::filesystem::remove_all(entry);
        if (row == Row::Binned) moveIfOnlyThere(entry, entry.parent_path() / id);
        return;
    }
    if (rowOf(database, name) == Row::Kept) moveIfOnlyThere(entry, runs / name);
}

std::vector<std::string> binnedIds(Database& database) {
    std::vector<std::string> ids;
    auto query = database.query("SELECT id FROM runs WHERE binned = 1");
    while (query.next())
        ids.push_back(query.text(0));
    return ids;
}

void setBinned(Database& database, const std::string& id, bool binned) {
    auto query = database.query("UPDATE runs SET binned = ? WHERE id = ?");
    query.bind(std::int64_t{binned}).bind(id);
    query.run();
}

/// Throws Error(Config) naming the runs that are at work.
void refuseRunning(Database& database, const std::vector<std::string>& ids) {
    std::vector<std::string> running;
    for (const auto& id : ids) {
        runKey(database, id);
        auto query = database.query("SELECT 1 FROM runs WHERE id = ? AND state = ?");
        query.bind(id).bind(toString(RunState::Running));
        if (query.next()) running.push_back(id);
    }
    if (!running.empty())
        throw Error(ErrorKind::Config,
                    (running.size() == 1 ? "it is running: " : "they are running: ") + join(running),
                    "move to the bin", "Stop it first; nothing was moved.");
}

} // namespace

FolderMoves::~FolderMoves() {
    std::error_code ignored; // what can't go back now goes back when the workspace is opened again
    for (auto done = m_done.rbegin(); done != m_done.rend(); ++done)
        std::filesystem::rename(done->second, done->first, ignored);
}

void FolderMoves::move(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (!std::filesystem::exists(from)) return;
    std::filesystem::rename(from, to);
    m_done.emplace_back(from, to);
}

std::filesystem::path markedForDeletion(const std::filesystem::path& binned) {
    auto marked = binned;
    marked += kDeletedSuffix;
    return marked;
}

void repairBin(Database& database, const std::filesystem::path& runs, const std::filesystem::path& bin) {
    std::vector<std::filesystem::path> entries;
    for (const auto& entry : std::filesystem::directory_iterator(bin))
        entries.push_back(entry.path());
    for (const auto& entry : entries)
        settle(database, entry, runs);
    for (const auto& id : binnedIds(database))
        moveIfOnlyThere(runs / id, bin / id);
}

void Workspace::moveToBin(const std::vector<std::string>& ids) {
    FolderMoves moves;
    m_state->write([&](Database& database) {
        refuseRunning(database, ids);
        for (const auto& id : ids)
            setBinned(database, id, true);
        for (const auto& id : ids)
            moves.move(m_state->runsFolder() / id, m_state->binFolder() / id);
    });
    moves.keep();
}

void Workspace::restore(const std::vector<std::string>& ids) {
    FolderMoves moves;
    m_state->write([&](Database& database) {
        for (const auto& id : ids) {
            runKey(database, id);
            setBinned(database, id, false);
        }
        for (const auto& id : ids)
            moves.move(m_state->binFolder() / id, m_state->runsFolder() / id);
    });
    moves.keep();
}

void Workspace::emptyBin() {
    FolderMoves moves;
    std::vector<std::filesystem::path> marked;
    m_state->write([&](Database& database) {
        for (const auto& id : binnedIds(database)) {
            const auto folder = m_state->binFolder() / id;
            marked.push_back(markedForDeletion(folder));
            moves.move(folder, marked.back());
        }
        database.query("DELETE FROM runs WHERE binned = 1").run();
    });
    moves.keep();
    m_state->guarded([&] {
        for (const auto& folder : marked)
            std::filesystem::remove_all(folder);
    });
}

} // namespace quantarium::store
