// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/store/workspace.h"

namespace quantarium::store {

/// Turns an SQLite failure into Error(Storage) that names the file and what helps.
[[noreturn]] void failSqlite(const SQLite::Exception& error, const std::filesystem::path& file);

/// One use of a prepared statement; gives it back, reset, when it goes out of scope.
class Query {
public:
    explicit Query(SQLite::Statement& statement) : m_statement(statement) {}
    ~Query();
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    Query& bind(std::int64_t value);
    Query& bind(double value); ///< NaN is stored as NULL; real() gives it back
    Query& bind(const std::string& value);
    Query& bindBlob(const void* bytes, std::size_t count);
    Query& bindNull();

    bool next(); ///< the next row, if there is one
    void run();  ///< for statements without rows

    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string text(int column) const;
    std::string_view blob(int column) const; ///< valid until the next row
    bool isNull(int column) const;

private:
    SQLite::Statement& m_statement;
    int m_bound = 0;
};

/// One connection to a workspace file with its prepared statements. Failures leave as SQLite::Exception. Not
/// thread-safe: Workspace serializes calls.
class Database {
public:
    /// Write creates the file when it is missing, but changes nothing in it yet. Read also works on a medium
    /// that can't be written, where SQLite's shared-memory file can't exist: the file is then read as it is,
    /// and read anew when it changes.
    Database(std::filesystem::path file, Access access);

    const std::filesystem::path& file() const { return m_file; }
    SQLite::Database& connection() { return *m_connection; }

    Query query(const std::string& sql);
    void execute(const std::string& sql) { m_connection->exec(sql); }
    std::int64_t changes() { return m_connection->getChanges(); }

    /// Reopens a file that is read as it is after somebody changed it. Call before a read.
    void refresh();

private:
    void openForReading();
    void openFrozen();

    std::filesystem::path m_file;
    std::unique_ptr<SQLite::Database> m_connection;
    std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>> m_statements;
    bool m_frozen = false; ///< opened with immutable=1
    std::filesystem::file_time_type m_frozenTime;
};

} // namespace quantarium::store
