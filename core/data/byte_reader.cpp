// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/byte_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <zlib.h>

#include "core/base/error.h"

namespace quantarium::data {

namespace {

constexpr std::size_t kLargestRead = std::size_t{1} << 28;
constexpr unsigned kBufferBytes = 1U << 17;

bool startsWith(std::span<const std::uint8_t> bytes, std::string_view magic) {
    return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

bool isText(std::span<const std::uint8_t> bytes) {
    return !bytes.empty() && std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) {
        return (byte >= 0x20 && byte < 0x7f) || byte == '\n' || byte == '\r' || byte == '\t';
    });
}

} // namespace

void ByteReader::Closer::operator()(void* handle) const {
    gzclose_r(static_cast<gzFile>(handle));
}

ByteReader::ByteReader(std::filesystem::path file, std::string remedy)
    : m_file(std::move(file)), m_remedy(std::move(remedy)) {
    std::error_code ignored;
    if (!std::filesystem::exists(m_file, ignored)) fail("the file is missing");
    if (!std::filesystem::is_regular_file(m_file, ignored)) fail("is not a regular file");
    m_handle.reset(gzopen(m_file.c_str(), "rb"));
    if (!m_handle) fail(std::string("can't be opened: ") + std::strerror(errno));
    gzbuffer(static_cast<gzFile>(m_handle.get()), kBufferBytes);
}

ByteReader::~ByteReader() = default;

std::size_t ByteReader::read(std::span<std::uint8_t> bytes) {
    auto* const handle = static_cast<gzFile>(m_handle.get());
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto wanted = static_cast<unsigned>(std::min(bytes.size() - done, kLargestRead));
        const int count = gzread(handle, bytes.data() + done, wanted);
        int code = Z_OK;
        const char* message = gzerror(handle, &code);
        if (code == Z_BUF_ERROR)
            fail("the compressed data is cut off at the end of the file, after " +
                 std::to_string(m_read + done + static_cast<std::size_t>(std::max(count, 0))) +
                 " uncompressed bytes");
        if (count < 0 || code < 0)
            fail(std::string("can't be read: ") +
                 (code == Z_ERRNO ? std::strerror(errno) : "the compressed data is damaged") +
                 (code == Z_ERRNO || message == nullptr ? "" : std::string(" (") + message + ")"));
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    m_read += done;
    return done;
}

void ByteReader::fail(const std::string& problem) const {
    throw Error(ErrorKind::Data, problem, m_file.string(), m_remedy);
}

std::string describeContent(std::span<const std::uint8_t> start) {
    if (start.empty()) return "an empty file";
    if (startsWith(start, "\x89PNG")) return "a PNG image";
    if (startsWith(start, "\xff\xd8\xff")) return "a JPEG image";
    if (startsWith(start, "\x1f\x8b")) return "gzip-compressed data";
    if (startsWith(start, "PK\x03\x04")) return "a zip archive";
    if (isText(start)) return "text";
    std::string description = "bytes";
    for (const std::uint8_t byte : start.first(std::min<std::size_t>(start.size(), 4))) {
        char text[4];
        std::snprintf(text, sizeof text, " %02x", byte);
        description += text;
    }
    return description;
}

} // namespace quantarium::data
