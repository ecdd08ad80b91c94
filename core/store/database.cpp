// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/database.h"

#include <array>
#include <cstdio>
#include <limits>

#include <sqlite3.h>

#include "core/base/error.h"

namespace quantarium::store {

namespace {

constexpr int kBusyTimeoutMs = 10000;

struct Explanation {
    int code;
    const char* problem;
    const char* remedy;
};

constexpr const char* kKept = "Everything recorded before is kept.";

/// Primary result codes worth more than SQLite's own words.
constexpr std::array<Explanation, 10> kExplanations{{
    {SQLITE_FULL, "the disk is full", "Free some space and try again. Everything recorded before is kept."},
    {SQLITE_IOERR, "can't be read or written",
     "Check the disk: it may be full, limited (quota, file size) or failing. Everything recorded before is "
     "kept."},
    {SQLITE_READONLY, "can't be written", "Choose a folder that you may write."},
    {SQLITE_CANTOPEN, "can't be opened", "Check that the folder exists and that you may read and write it."},
    {SQLITE_PERM, "access is refused", "Check the permissions of the folder."},
    {SQLITE_CORRUPT, "is damaged",
     "Move it away and open the folder again; the runs are still in runs/ and a copy from before the last "
     "upgrade may lie beside it."},
    {SQLITE_NOTADB, "is not a workspace: it is no SQLite database",
     "Choose another folder, or move that file away."},
    {SQLITE_BUSY, "is in use by another process", "Close the other program and try again."},
    {SQLITE_LOCKED, "is in use by another process", "Close the other program and try again."},
    {SQLITE_NOMEM, "there is not enough memory to read it", kKept},
}};

bool isEmptyOrMissing(const std::filesystem::path& file) {
    std::error_code ignored;
    const auto size = std::filesystem::file_size(file, ignored);
    return ignored || size == 0;
}

std::filesystem::path walFile(const std::filesystem::path& file) {
    auto wal = file;
    wal += "-wal";
    return wal;
}

/// A path as the part after "file:" of an SQLite URI.
std::string uriPath(const std::filesystem::path& file) {
    std::string result;
    for (const char c : std::filesystem::absolute(file).string()) {
        if (c == '%' || c == '?' || c == '#') {
            char code[4];
            std::snprintf(code, sizeof code, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
            result += code;
        } else {
            result += c;
        }
    }
    return result;
}

/// Makes SQLite really look into the file.
void touch(SQLite::Database& connection) {
    connection.execAndGet("SELECT count(*) FROM sqlite_master");
}

} // namespace

void failSqlite(const SQLite::Exception& error, const std::filesystem::path& file) {
    const int code = error.getErrorCode() & 0xff;
    for (const auto& explanation : kExplanations) {
        if (explanation.code != code) continue;
        throw Error(ErrorKind::Storage, std::string(explanation.problem) + " (" + error.what() + ")",
                    file.string(), explanation.remedy);
    }
    throw Error(ErrorKind::Storage, std::string("SQLite refused: ") + error.what(), file.string(), kKept);
}

Query::~Query() {
    m_statement.tryReset();
    m_statement.clearBindings();
}

Query& Query::bind(std::int64_t value) {
    m_statement.bind(++m_bound, value);
    return *this;
}

Query& Query::bind(double value) {
    m_statement.bind(++m_bound, value);
    return *this;
}

Query& Query::bind(const std::string& value) {
    m_statement.bind(++m_bound, value);
    return *this;
}

Query& Query::bindBlob(const void* bytes, std::size_t count) {
    if (count > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        throw Error(ErrorKind::Storage,
                    "a record of " + std::to_string(count) + " bytes is too large for the workspace");
    // A null pointer would be stored as NULL, not as an empty blob.
    m_statement.bind(++m_bound, count == 0 ? static_cast<const void*>("") : bytes, static_cast<int>(count));
    return *this;
}

Query& Query::bindNull() {
    m_statement.bind(++m_bound);
    return *this;
}

bool Query::next() {
    return m_statement.executeStep();
}

void Query::run() {
    while (m_statement.executeStep()) {
    }
}

std::int64_t Query::integer(int column) const {
    return m_statement.getColumn(column).getInt64();
}

double Query::real(int column) const {
    const auto value = m_statement.getColumn(column);
    return value.isNull() ? std::numeric_limits<double>::quiet_NaN() : value.getDouble();
}

std::string Query::text(int column) const {
    return m_statement.getColumn(column).getString();
}

std::string_view Query::blob(int column) const {
    const auto value = m_statement.getColumn(column);
    const auto* bytes = static_cast<const char*>(value.getBlob());
    return bytes ? std::string_view(bytes, static_cast<std::size_t>(value.getBytes())) : std::string_view();
}

bool Query::isNull(int column) const {
    return m_statement.getColumn(column).isNull();
}

Database::Database(std::filesystem::path file, Access access) : m_file(std::move(file)) {
    if (access == Access::Read) {
        openForReading();
        return;
    }
    m_connection = std::make_unique<SQLite::Database>(
        m_file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs);
    touch(*m_connection);
}

void Database::openForReading() {
    try {
        m_connection =
            std::make_unique<SQLite::Database>(m_file.string(), SQLite::OPEN_READONLY, kBusyTimeoutMs);
        touch(*m_connection);
        m_frozen = false;
    } catch (const SQLite::Exception& error) {
        const int code = error.getErrorCode() & 0xff;
        const bool noSharedMemory = code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
        // With records still in the log, reading the file alone would show an old state.
        if (!noSharedMemory || !isEmptyOrMissing(walFile(m_file))) throw;
        openFrozen();
    }
}

void Database::openFrozen() {
    m_frozenTime = std::filesystem::last_write_time(m_file);
    m_connection =
        std::make_unique<SQLite::Database>("file:" + uriPath(m_file) + "?mode=ro&immutable=1",
                                           SQLite::OPEN_READONLY | SQLite::OPEN_URI, kBusyTimeoutMs);
    touch(*m_connection);
    m_frozen = true;
}

void Database::refresh() {
    if (!m_frozen) return;
    std::error_code ignored;
    const auto time = std::filesystem::last_write_time(m_file, ignored);
    if (!ignored && time == m_frozenTime && isEmptyOrMissing(walFile(m_file))) return;
    m_statements.clear();
    openForReading();
}

Query Database::query(const std::string& sql) {
    auto& statement = m_statements[sql];
    if (!statement) statement = std::make_unique<SQLite::Statement>(*m_connection, sql);
    return Query(*statement);
}

} // namespace quantarium::store
