// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace quantarium::data {

/// Reads a file from its start, plain or gzip-compressed (told by its content). Never more than is asked for,
/// so the caller decides how far a hostile file may unfold. Errors are Error(Data) with the file as place.
class ByteReader {
public:
    /// @param remedy what every error about this file advises
    ByteReader(std::filesystem::path file, std::string remedy);
    ~ByteReader();
    ByteReader(const ByteReader&) = delete;
    ByteReader& operator=(const ByteReader&) = delete;

    /// Fills `bytes` and returns how many there were: fewer only at the end of the file. Throws when the
    /// compressed data is damaged or cut.
    std::size_t read(std::span<std::uint8_t> bytes);

    [[noreturn]] void fail(const std::string& problem) const;

private:
    struct Closer {
        void operator()(void* handle) const;
    };

    std::filesystem::path m_file;
    std::string m_remedy;
    std::unique_ptr<void, Closer> m_handle;
    std::uint64_t m_read = 0; ///< uncompressed bytes, before the read at work
};

/// What the first bytes of a file look like, for messages: "a PNG image", "text", "bytes 50 4b 03 04".
std::string describeContent(std::span<const std::uint8_t> start);

} // namespace quantarium::data
