// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <mutex>
#include <optional>
#include <unordered_set>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/store/database.h"
#include "core/store/run_rows.h"

namespace quantarium::store {

/// What a Workspace is made of, and the two ways into its database. Shared by workspace.cpp, epochs.cpp and
/// bin.cpp.
struct Workspace::State {
    State(std::filesystem::path where, Access how) : folder(std::move(where)), access(how) {}

    const std::filesystem::path folder;
    const Access access;
    std::mutex mutex;
    std::unordered_set<std::string> issuedIds; ///< by newRunId, perhaps not added yet
    std::optional<FileLock> lock;
    std::unique_ptr<Database> database;
    RunReader reader;

    /// The row as a run. Read by others while no process writes, what was at work has died.
    RunRecord readRun(Query& query) {
        auto run = reader.read(query);
        const bool atWork = run.state == RunState::Running || run.state == RunState::Queued;
        if (access == Access::Read && atWork && !FileLock::isHeld(lockFile())) {
            run.state = RunState::Stopped;
            run.reason = "The program that trained it ended before it could say so.";
        }
        return run;
    }

    std::filesystem::path lockFile() const { return folder / "workspace.lock"; }
    std::filesystem::path file() const { return folder / "workspace.sqlite"; }
    std::filesystem::path runsFolder() const { return folder / "runs"; }
    std::filesystem::path binFolder() const { return folder / "bin"; }

    /// Runs `action` and turns failures of SQLite and of the file system into Error(Storage).
    template <class Action> auto guarded(Action&& action) {
        try {
            return action();
        } catch (const SQLite::Exception& error) {
            failSqlite(error, file());
        } catch (const std::filesystem::filesystem_error& error) {
            throw Error(ErrorKind::Storage, error.code().message(), error.path1().string(),
                        "Check that the folder may be read and written.");
        }
    }

    /// One reading call: `action(database)`.
    template <class Action> auto read(Action&& action) {
        const std::lock_guard guard(mutex);
        return guarded([&] {
            database->refresh();
            return action(*database);
        });
    }

    /// One writing call in one transaction: all of `action(database)` or, when it throws, nothing.
    template <class Action> void write(Action&& action) {
        const std::lock_guard guard(mutex);
        if (access == Access::Read)
            throw Error(ErrorKind::Storage, "was opened for reading only", folder.string(),
                        "Open the workspace for writing.");
        guarded([&] {
            SQLite::Transaction transaction(database->connection(), SQLite::TransactionBehavior::IMMEDIATE);
            action(*database);
            transaction.commit();
        });
    }
};

} // namespace quantarium::store
