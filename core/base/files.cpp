// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/files.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/error.h"

namespace quantarium {

namespace {

[[noreturn]] void failStorage(const std::string& action, const std::filesystem::path& path, int code) {
    std::string remedy = "Check that the folder exists and may be written.";
    if (code == ENOSPC || code == EDQUOT || code == EFBIG)
        remedy = "Free some space or choose another workspace; nothing that was there is lost.";
    if (code == EROFS || code == EACCES || code == EPERM) remedy = "Choose a folder that you may write.";
    throw Error(ErrorKind::Storage, "can't " + action + ": " + std::strerror(code), path.string(), remedy);
}

void writeAll(int descriptor, const char* bytes, std::size_t count, const std::filesystem::path& path) {
    while (count > 0) {
        const ssize_t written = ::write(descriptor, bytes, count);
        if (written < 0) {
            if (errno == EINTR) continue;
            failStorage("write", path, errno);
        }
        bytes += written;
        count -= static_cast<std::size_t>(written);
    }
}

void syncFolder(const std::filesystem::path& folder) {
    const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return; // some network file systems refuse; the rename itself has succeeded
    ::fsync(descriptor);
    ::close(descriptor);
}

} // namespace

std::string readTextFile(const std::filesystem::path& file, std::size_t maxBytes) {
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored))
        throw Error(ErrorKind::Data, "is a folder; a file was expected", file.string());
    std::ifstream stream(file, std::ios::binary);
    if (!stream)
        throw Error(ErrorKind::Data, std::string("can't be opened: ") + std::strerror(errno), file.string());
    std::string content;
    char buffer[65536];
    while (stream.read(buffer, sizeof buffer) || stream.gcount() > 0) {
        content.append(buffer, static_cast<std::size_t>(stream.gcount()));
        if (content.size() > maxBytes)
            throw Error(ErrorKind::Data, "has more than " + std::to_string(maxBytes) + " bytes",
                        file.string());
    }
    return content;
}

void writeFileAtomically(const std::filesystem::path& file, std::string_view content) {
    AtomicFile output(file);
    output.write(content.data(), content.size());
    output.commit();
}

void appendToFile(const std::filesystem::path& file, std::string_view content) {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) failStorage("open for appending", file, errno);
    try {
        writeAll(descriptor, content.data(), content.size(), file);
        if (::fsync(descriptor) != 0) failStorage("flush to disk", file, errno);
    } catch (...) {
        ::close(descriptor);
        throw;
    }
    ::close(descriptor);
}

void reportFileSizeLimits() {
    ::signal(SIGXFSZ, SIG_IGN);
}

void createFolder(const std::filesystem::path& folder) {
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code) failStorage("create the folder", folder, code.value());
}

AtomicFile::AtomicFile(std::filesystem::path target) : m_target(std::move(target)) {
    m_temporary = m_target;
    m_temporary += ".tmp" + std::to_string(::getpid());
    m_descriptor = ::open(m_temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (m_descriptor < 0) failStorage("create", m_target, errno);
}

AtomicFile::~AtomicFile() {
    if (m_descriptor < 0) return;
    ::close(m_descriptor);
    ::unlink(m_temporary.c_str());
}

void AtomicFile::write(const void* bytes, std::size_t count) {
    writeAll(m_descriptor, static_cast<const char*>(bytes), count, m_target);
}

void AtomicFile::commit() {
    if (::fsync(m_descriptor) != 0) failStorage("flush to disk", m_target, errno);
    if (::close(m_descriptor) != 0) {
        m_descriptor = -1;
        const int code = errno;
        ::unlink(m_temporary.c_str());
        failStorage("close", m_target, code);
    }
    m_descriptor = -1;
    if (::rename(m_temporary.c_str(), m_target.c_str()) != 0) {
        const int code = errno;
        ::unlink(m_temporary.c_str());
        failStorage("replace", m_target, code);
    }
    syncFolder(m_target.parent_path());
}

FileLock::FileLock(const std::filesystem::path& file) {
    m_descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (m_descriptor < 0) failStorage("create the lock", file, errno);
    if (::flock(m_descriptor, LOCK_EX | LOCK_NB) != 0) {
        char holder[32] = {};
        const ssize_t count = ::pread(m_descriptor, holder, sizeof holder - 1, 0);
        ::close(m_descriptor);
        m_descriptor = -1;
        throw Error(ErrorKind::Storage,
                    "another Quantarium process" +
                        (count > 0 ? " (process " + std::string(holder) + ")" : std::string()) +
                        " has it open for writing",
                    file.parent_path().string(), "Close that one, or choose another workspace.");
    }
    const std::string own = std::to_string(::getpid());
    if (::ftruncate(m_descriptor, 0) == 0) [[maybe_unused]]
        const ssize_t written = ::pwrite(m_descriptor, own.data(), own.size(), 0);
}

bool FileLock::isHeld(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(descriptor);
    return held;
}

FileLock::~FileLock() {
    if (m_descriptor >= 0) ::close(m_descriptor);
}

} // namespace quantarium
