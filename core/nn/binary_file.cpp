// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/binary_file.h"

#include "core/base/error.h"

namespace quantarium::nn {

BinaryFile::BinaryFile(const std::filesystem::path& file) : m_file(file) {
    std::error_code code;
    if (!std::filesystem::is_regular_file(file, code))
        throw Error(ErrorKind::Data, "there is no such file", where(), "Name a file of weights.");
    m_size = std::filesystem::file_size(file, code);
    m_stream.open(file, std::ios::binary);
    if (code || !m_stream)
        throw Error(ErrorKind::Data, "the file can't be opened", where(), "Check who may read it.");
}

void BinaryFile::read(std::uint64_t offset, void* target, std::uint64_t count) {
    if (offset > m_size || count > m_size - offset)
        fail("the file has " + std::to_string(m_size) + " bytes; bytes " + std::to_string(offset) + " to " +
             std::to_string(offset + count) + " are needed");
    m_stream.clear();
    m_stream.seekg(static_cast<std::streamoff>(offset));
    m_stream.read(static_cast<char*>(target), static_cast<std::streamsize>(count));
    if (static_cast<std::uint64_t>(m_stream.gcount()) != count) fail("the file ended while it was read");
}

std::string BinaryFile::read(std::uint64_t offset, std::uint64_t count) {
    if (count > m_size)
        fail("the file has " + std::to_string(m_size) + " bytes, not " + std::to_string(count));
    std::string bytes(count, '\0');
    read(offset, bytes.data(), count);
    return bytes;
}

void BinaryFile::fail(const std::string& problem, const std::string& place) const {
    throw Error(ErrorKind::Data, problem, place.empty() ? where() : where() + ": " + place,
                "The file is damaged or not a file of weights; get or make it again.");
}

std::string shown(std::string_view text, std::size_t most) {
    std::string result;
    for (const char character : text.substr(0, most))
        result += character >= ' ' && character <= '~' ? character : '?';
    return text.size() > most ? result + "…" : result;
}

} // namespace quantarium::nn
