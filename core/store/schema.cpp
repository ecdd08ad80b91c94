// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/schema.h"

#include <fcntl.h>
#include <unistd.h>

#include <SQLiteCpp/Backup.h>

#include "core/base/error.h"

namespace quantarium::store {

namespace {

/// "Qtrm": tells a workspace from any other SQLite file.
constexpr std::int64_t kApplicationId = 0x5174726D;

/// NULL in metrics.value is NaN, which SQLite can't hold. step_losses are little-endian doubles,
/// snapshots.body is CBOR.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE runs (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    repeat_group TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    method TEXT NOT NULL,
    network TEXT NOT NULL,
    dataset TEXT NOT NULL,
    config TEXT NOT NULL,
    identity TEXT NOT NULL,
    identity_hash TEXT NOT NULL,
    start_run TEXT NOT NULL,
    created_at TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    epochs_done INTEGER NOT NULL,
    last_values TEXT NOT NULL,
    best_values TEXT NOT NULL,
    best_epoch INTEGER NOT NULL,
    result TEXT NOT NULL,
    report TEXT NOT NULL,
    environment TEXT NOT NULL,
    note TEXT NOT NULL,
    binned INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX runs_by_creation ON runs (binned, created_at, key);
CREATE INDEX runs_by_identity ON runs (identity_hash);
CREATE INDEX runs_by_group ON runs (repeat_group);
CREATE TABLE epochs (
    run INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    step INTEGER NOT NULL,
    best INTEGER NOT NULL,
    step_losses BLOB NOT NULL,
    PRIMARY KEY (run, epoch)
);
CREATE TABLE metrics (
    run INTEGER NOT NULL,
    name TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    value REAL,
    PRIMARY KEY (run, name, epoch),
    FOREIGN KEY (run, epoch) REFERENCES epochs (run, epoch) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE snapshots (
    run INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (run, epoch),
    FOREIGN KEY (run, epoch) REFERENCES epochs (run, epoch) ON DELETE CASCADE
);
)sql";

std::int64_t number(Database& database, const std::string& sql) {
    auto query = database.query(sql);
    query.next();
    return query.integer(0);
}

struct Found {
    bool empty = false;
    std::int64_t version = 0;
};

/// Throws when the file is no workspace or from a newer version.
Found inspect(Database& database, const std::vector<std::string>& steps) {
    Found found;
    found.version = number(database, "PRAGMA user_version");
    const auto application = number(database, "PRAGMA application_id");
    found.empty =
        application == 0 && found.version == 0 && number(database, "SELECT count(*) FROM sqlite_master") == 0;
    if (!found.empty && application != kApplicationId)
        throw Error(ErrorKind::Storage, "is not a workspace: it is another program's database",
                    database.file().string(), "Choose another folder.");
    if (found.version > static_cast<std::int64_t>(steps.size()))
        throw Error(ErrorKind::Storage,
                    "was made by a newer Quantarium: its version is " + std::to_string(found.version) +
                        ", this program knows up to " + std::to_string(steps.size()),
                    database.file().string(), "Update Quantarium; nothing was changed.");
    return found;
}

void flushToDisk(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    const bool flushed = descriptor >= 0 && ::fsync(descriptor) == 0;
    if (descriptor >= 0) ::close(descriptor);
    if (!flushed) throw Error(ErrorKind::Storage, "the backup can't be flushed to disk", file.string());
}

/// Copies what is committed (also what is still in the log) to workspace.sqlite.v<version>.bak.
void backUp(Database& database, std::int64_t version) {
    auto target = database.file();
    target += ".v" + std::to_string(version) + ".bak";
    auto temporary = target;
    temporary += ".tmp";
    std::filesystem::remove(temporary);
    {
        SQLite::Database copy(temporary.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        SQLite::Backup backup(copy, database.connection());
        backup.executeStep(-1);
    }
    flushToDisk(temporary);
    std::filesystem::rename(temporary, target);
}

void upgrade(Database& database, std::int64_t from, const std::vector<std::string>& steps) {
    SQLite::Transaction transaction(database.connection(), SQLite::TransactionBehavior::IMMEDIATE);
    for (std::size_t i = static_cast<std::size_t>(from); i < steps.size(); ++i)
        database.execute(steps[i]);
    database.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
    database.execute("PRAGMA user_version = " + std::to_string(steps.size()));
    transaction.commit();
}

} // namespace

const std::vector<std::string>& schemaSteps() {
    static const std::vector<std::string> steps{kVersion1};
    return steps;
}

void prepareForWriting(Database& database, const std::vector<std::string>& steps) {
    const Found found = inspect(database, steps); // before anything is changed
    database.execute("PRAGMA journal_mode = WAL");
    // A killed process loses nothing; after a power cut the run folders, flushed first, bring back the last
    // epochs.
    database.execute("PRAGMA synchronous = NORMAL");
    if (found.version < static_cast<std::int64_t>(steps.size())) {
        if (!found.empty) backUp(database, found.version);
        upgrade(database, found.version, steps);
    }
    database.execute("PRAGMA foreign_keys = ON"); // only now: a step may rebuild a table that others refer to
}

void checkForReading(Database& database, const std::vector<std::string>& steps) {
    const Found found = inspect(database, steps);
    if (found.empty)
        throw Error(ErrorKind::Storage, "is not a workspace: it is empty", database.file().string(),
                    "Choose another folder.");
    if (found.version < static_cast<std::int64_t>(steps.size()))
        throw Error(ErrorKind::Storage,
                    "was made by an older Quantarium (version " + std::to_string(found.version) + ")",
                    database.file().string(),
                    "Open it once for writing; it is then upgraded, after a backup.");
}

} // namespace quantarium::store
