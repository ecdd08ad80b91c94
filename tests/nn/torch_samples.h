// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quantarium::testing {

/// A file that PyTorch has saved: "state_dict", "protocol 4" or "checkpoint", then "zip" or "legacy".
std::string torchSample(const std::string& name);

/// Pieces of pickles, protocol 2, without header and end unless said.
namespace pickled {

std::string text(const std::string& value);
std::string integer(std::int64_t value);
std::string tuple(const std::string& items);
std::string name(const std::string& module, const std::string& function);
std::string call(const std::string& module, const std::string& function, const std::string& arguments);
/// @param view the sixth part of the legacy format, or nothing
std::string storage(const std::string& type, const std::string& key, std::int64_t elements,
                    const std::string& view = {});
std::string tensor(const std::string& storage, std::int64_t offset, const std::vector<std::int64_t>& sizes,
                   const std::vector<std::int64_t>& strides);
std::string dictionary(const std::vector<std::pair<std::string, std::string>>& items);
/// With header and end.
std::string whole(const std::string& value);

} // namespace pickled

struct LegacyStorage {
    std::string key;
    std::uint64_t elements = 0; ///< as the file says
    std::string data;
};

/// A file in the legacy format around this object.
std::string legacyFile(const std::string& object, const std::vector<LegacyStorage>& storages);

/// What a zip archive's headers say of an entry.
struct ZipEntry {
    std::string name;
    std::string data;
    std::uint16_t method = 0;
    std::uint16_t flags = 0;
    std::uint32_t checksum = 0;
    std::optional<std::uint64_t> size = {};     ///< instead of the data's
    std::optional<std::uint64_t> headerAt = {}; ///< instead of where it is
};

std::string zipFile(const std::vector<ZipEntry>& entries);

/// As they lie in a file.
std::string floats(const std::vector<float>& values);

} // namespace quantarium::testing
