// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/nn/binary_file.h"

namespace quantarium::nn {

/// The directory of a zip archive as PyTorch writes it: entries stored without compression, zip64 or not.
class ZipFile {
public:
    /// Where an entry's data lies in the file.
    struct Entry {
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
        std::uint32_t checksum = 0; ///< CRC-32; 0 where the writer saved the time
    };

    /// Reads the directory of `file`, which must outlive this object. Checks every offset and size, that
    /// local headers say the same, and that no two entries share bytes. Throws Error(Data) for anything else,
    /// for compressed and for encrypted entries.
    explicit ZipFile(BinaryFile& file);

    const std::map<std::string, Entry>& entries() const { return m_entries; }

    /// An entry's data into `target`, which has room for `entry.size` bytes. Throws when its CRC-32 is
    /// another.
    void read(const std::string& name, const Entry& entry, void* target) const;

private:
    struct Directory {
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
        std::uint64_t entries = 0;
    };

    Directory findDirectory() const;
    Directory readZip64Directory(std::uint64_t locatorAt) const;
    void readEntries(const Directory& directory);
    void locateData(const std::string& name, Entry& entry, std::uint64_t headerAt,
                    std::uint64_t directoryAt) const;
    void checkOverlaps() const;

    BinaryFile& m_file;
    std::map<std::string, Entry> m_entries;
};

} // namespace quantarium::nn
