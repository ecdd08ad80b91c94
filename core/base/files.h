// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace quantarium {

/// Reads a whole file of at most `maxBytes`. Throws Error(Data) naming the file.
std::string readTextFile(const std::filesystem::path& file, std::size_t maxBytes);

/// Replaces a file so that a reader or a crash sees the old or the new content, never a mixture: temporary
/// file in the same folder, fsync, rename, fsync of the folder. Throws Error(Storage) naming the file; the
/// old file is then intact.
void writeFileAtomically(const std::filesystem::path& file, std::string_view content);

/// Appends one record durably (fsync). A crash leaves at most a cut last record. Throws Error(Storage).
void appendToFile(const std::filesystem::path& file, std::string_view content);

/// Makes a file-size limit an error of the write that meets it instead of the end of the process. Call once,
/// in main.
void reportFileSizeLimits();

/// Creates a folder and its parents. Throws Error(Storage) naming the folder.
void createFolder(const std::filesystem::path& folder);

/// Writes a file through a callback that receives a descriptor-backed sink, with the same guarantee as
/// writeFileAtomically; for content too large to hold twice in memory.
class AtomicFile {
public:
    explicit AtomicFile(std::filesystem::path target);
    ~AtomicFile(); ///< without commit() the temporary file is removed
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    void write(const void* bytes, std::size_t count);
    void commit();

private:
    std::filesystem::path m_target;
    std::filesystem::path m_temporary;
    int m_descriptor = -1;
};

/// An advisory lock held for the life of the object, released by the system when the process dies.
class FileLock {
public:
    /// Throws Error(Storage) with the holder's process number when another process holds it.
    explicit FileLock(const std::filesystem::path& file);
    ~FileLock();
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;

    /// Whether some process holds it; changes nothing.
    static bool isHeld(const std::filesystem::path& file);

private:
    int m_descriptor = -1;
};

} // namespace quantarium
