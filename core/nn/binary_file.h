// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace quantarium::nn {

/// A file of weights, read at any place; nothing outside it is ever asked for. All errors are Error(Data).
class BinaryFile {
public:
    /// Throws when it is missing, no regular file, or can't be opened.
    explicit BinaryFile(const std::filesystem::path& file);

    std::uint64_t size() const { return m_size; }
    std::string where() const { return m_file.string(); }

    /// Fills `target` with `count` bytes from `offset`. Throws unless the file has all of them.
    void read(std::uint64_t offset, void* target, std::uint64_t count);
    std::string read(std::uint64_t offset, std::uint64_t count);

    /// Says that the file is damaged: at `place` ("data.pkl, byte 12"; empty: the whole file).
    [[noreturn]] void fail(const std::string& problem, const std::string& place = {}) const;

private:
    std::filesystem::path m_file;
    std::ifstream m_stream;
    std::uint64_t m_size = 0;
};

/// A text from a file for a message: its first `most` characters, with "?" for everything but printable
/// ASCII.
std::string shown(std::string_view text, std::size_t most = 80);

/// A number from its little-endian bytes at `offset`, which must be within `bytes`.
template <class Number> Number littleEndian(std::string_view bytes, std::size_t offset) {
    std::uint64_t value = 0;
    for (std::size_t i = sizeof(Number); i-- > 0;)
        value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
    return static_cast<Number>(value);
}

} // namespace quantarium::nn
