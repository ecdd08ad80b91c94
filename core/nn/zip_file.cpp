// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/zip_file.h"

#include <algorithm>
#include <vector>

#include <zlib.h>

#include "core/base/error.h"

namespace quantarium::nn {

namespace {

// Sizes and signatures of PKWARE's APPNOTE 6.3.10, sections 4.3.7 to 4.3.16.
constexpr std::uint32_t kLocalSignature = 0x04034b50;
constexpr std::uint32_t kCentralSignature = 0x02014b50;
constexpr std::uint32_t kEndSignature = 0x06054b50;
constexpr std::uint32_t kEnd64Signature = 0x06064b50;
constexpr std::uint32_t kLocator64Signature = 0x07064b50;
constexpr std::uint64_t kLocalBytes = 30;
constexpr std::uint64_t kCentralBytes = 46;
constexpr std::uint64_t kEndBytes = 22;
constexpr std::uint64_t kEnd64Bytes = 56;
constexpr std::uint64_t kLocator64Bytes = 20;
constexpr std::uint64_t kLongestComment = 0xffff;
constexpr std::uint32_t kIn64 = 0xffffffff; ///< the value is in the zip64 field
constexpr std::uint16_t kField64 = 1;
constexpr std::uint16_t kEncrypted = 1;

constexpr std::uint64_t kLargestDirectory = std::uint64_t{32} << 20;

/// One record of the central directory, and what its zip64 field corrects.
struct CentralRecord {
    std::string_view name;
    std::uint16_t flags = 0;
    std::uint16_t method = 0;
    std::uint32_t checksum = 0;
    std::uint64_t stored = 0;
    std::uint64_t size = 0;
    std::uint64_t headerAt = 0;
};

/// Takes the values that didn't fit into 32 bits from the record's extra fields. False when one is missing.
bool takeZip64(CentralRecord& record, std::string_view extra) {
    std::vector<std::uint64_t*> wanted;
    for (auto* value : {&record.size, &record.stored, &record.headerAt})
        if (*value == kIn64) wanted.push_back(value);
    if (wanted.empty()) return true;
    while (extra.size() >= 4) {
        const auto id = littleEndian<std::uint16_t>(extra, 0);
        const auto length = littleEndian<std::uint16_t>(extra, 2);
        extra.remove_prefix(4);
        if (length > extra.size()) return false;
        if (id == kField64) {
            if (length < 8 * wanted.size()) return false;
            for (std::size_t i = 0; i < wanted.size(); ++i)
                *wanted[i] = littleEndian<std::uint64_t>(extra, 8 * i);
            return true;
        }
        extra.remove_prefix(length);
    }
    return false;
}

} // namespace

ZipFile::ZipFile(BinaryFile& file) : m_file(file) {
    const Directory directory = findDirectory();
    if (directory.offset > m_file.size() || directory.size > m_file.size() - directory.offset ||
        directory.size > kLargestDirectory)
        m_file.fail("the archive's directory should have " + std::to_string(directory.size) +
                    " bytes from byte " + std::to_string(directory.offset) + "; the file has " +
                    std::to_string(m_file.size()) + ", and 32 MiB are allowed");
    readEntries(directory);
    checkOverlaps();
}

/// The end record is the last one in the file, before a comment of up to 64 KiB.
ZipFile::Directory ZipFile::findDirectory() const {
    const std::uint64_t length = std::min(m_file.size(), kEndBytes + kLongestComment);
    const std::uint64_t begin = m_file.size() - length;
    const std::string tail = m_file.read(begin, length);
    for (std::uint64_t i = length; i-- > 0;) {
        if (length - i < kEndBytes || littleEndian<std::uint32_t>(tail, i) != kEndSignature) continue;
        if (i + kEndBytes + littleEndian<std::uint16_t>(tail, i + 20) != length) continue;
        if (i + begin >= kLocator64Bytes) {
            const std::uint64_t locatorAt = i + begin - kLocator64Bytes;
            const std::string locator = m_file.read(locatorAt, kLocator64Bytes);
            if (littleEndian<std::uint32_t>(locator, 0) == kLocator64Signature)
                return readZip64Directory(locatorAt);
        }
        return {littleEndian<std::uint32_t>(tail, i + 16), littleEndian<std::uint32_t>(tail, i + 12),
                littleEndian<std::uint16_t>(tail, i + 10)};
    }
    m_file.fail("the zip archive has no directory at its end; the file is probably cut");
}

ZipFile::Directory ZipFile::readZip64Directory(std::uint64_t locatorAt) const {
    const std::string locator = m_file.read(locatorAt, kLocator64Bytes);
    const std::string end = m_file.read(littleEndian<std::uint64_t>(locator, 8), kEnd64Bytes);
    if (littleEndian<std::uint32_t>(end, 0) != kEnd64Signature)
        m_file.fail("the archive's zip64 directory is not where it should be");
    return {littleEndian<std::uint64_t>(end, 48), littleEndian<std::uint64_t>(end, 40),
            littleEndian<std::uint64_t>(end, 32)};
}

void ZipFile::readEntries(const Directory& directory) {
    const std::string bytes = m_file.read(directory.offset, directory.size);
    std::string_view rest = bytes;
    for (std::uint64_t i = 0; i < directory.entries; ++i) {
        const std::string place = "directory of the archive, entry " + std::to_string(i + 1);
        if (rest.size() < kCentralBytes || littleEndian<std::uint32_t>(rest, 0) != kCentralSignature)
            m_file.fail("there is no entry", place);
        const std::uint64_t nameLength = littleEndian<std::uint16_t>(rest, 28);
        const std::uint64_t extraLength = littleEndian<std::uint16_t>(rest, 30);
        const std::uint64_t length =
            kCentralBytes + nameLength + extraLength + littleEndian<std::uint16_t>(rest, 32);
        if (rest.size() < length) m_file.fail("the entry is cut", place);
        CentralRecord record{rest.substr(kCentralBytes, nameLength), littleEndian<std::uint16_t>(rest, 8),
                             littleEndian<std::uint16_t>(rest, 10),  littleEndian<std::uint32_t>(rest, 16),
                             littleEndian<std::uint32_t>(rest, 20),  littleEndian<std::uint32_t>(rest, 24),
                             littleEndian<std::uint32_t>(rest, 42)};
        const std::string name(record.name);
        if (!takeZip64(record, rest.substr(kCentralBytes + nameLength, extraLength)))
            m_file.fail("the entry's zip64 field is missing or cut", place);
        if ((record.flags & kEncrypted) != 0) m_file.fail("the entry is encrypted", shown(name));
        if (record.method != 0 || record.stored != record.size)
            throw Error(
                ErrorKind::Data,
                "the entry is compressed (method " + std::to_string(record.method) +
                    "); PyTorch stores entries as they are",
                m_file.where() + ": " + shown(name),
                "Pack the archive again without compression (zip -0), or save it again with PyTorch.");
        Entry entry{0, record.size, record.checksum};
        locateData(name, entry, record.headerAt, directory.offset);
        if (!m_entries.emplace(name, entry).second) m_file.fail("the entry is there twice", shown(name));
        rest.remove_prefix(length);
    }
}

/// Behind the local header, whose name and extra field have lengths of their own.
void ZipFile::locateData(const std::string& name, Entry& entry, std::uint64_t headerAt,
                         std::uint64_t directoryAt) const {
    const std::string header = m_file.read(headerAt, kLocalBytes);
    if (littleEndian<std::uint32_t>(header, 0) != kLocalSignature ||
        littleEndian<std::uint16_t>(header, 26) != name.size() ||
        m_file.read(headerAt + kLocalBytes, name.size()) != name)
        m_file.fail("the entry is not where the archive's directory says", shown(name));
    entry.offset = headerAt + kLocalBytes + name.size() + littleEndian<std::uint16_t>(header, 28);
    if (entry.offset > directoryAt || entry.size > directoryAt - entry.offset)
        m_file.fail("the entry has " + std::to_string(entry.size) + " bytes from byte " +
                        std::to_string(entry.offset) + "; the archive's directory begins at byte " +
                        std::to_string(directoryAt),
                    shown(name));
}

void ZipFile::checkOverlaps() const {
    std::vector<std::pair<const Entry*, const std::string*>> order;
    for (const auto& [name, entry] : m_entries)
        order.emplace_back(&entry, &name);
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
        return std::pair(a.first->offset, a.first->size) < std::pair(b.first->offset, b.first->size);
    });
    std::uint64_t covered = 0;
    for (const auto& [entry, name] : order) {
        if (entry->offset < covered) m_file.fail("the entry shares bytes with another", shown(*name));
        covered = entry->offset + entry->size;
    }
}

void ZipFile::read(const std::string& name, const Entry& entry, void* target) const {
    m_file.read(entry.offset, target, entry.size);
    if (entry.checksum == 0) return;
    const auto checksum = ::crc32_z(0, static_cast<const unsigned char*>(target), entry.size);
    if (checksum != entry.checksum)
        m_file.fail("the data's CRC-32 is not that of the archive's directory; bytes are damaged",
                    shown(name));
}

} // namespace quantarium::nn
