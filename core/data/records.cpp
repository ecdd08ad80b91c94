// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/records.h"

namespace quantarium::data {

std::string groupedDigits(std::int64_t number) {
    const std::string digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

void checkLabel(const ByteReader& reader, const Manifest& manifest, std::int64_t label, std::int64_t index) {
    const auto classes = static_cast<std::int64_t>(manifest.classes.size());
    if (label < classes) return;
    reader.fail("record " + groupedDigits(index + 1) + " has the label " + std::to_string(label) +
                "; those of " + manifest.title + " are 0 … " + std::to_string(classes - 1));
}

void noteFewerRecords(const std::filesystem::path& path, std::int64_t records, const ManifestFile& file,
                      std::vector<std::string>& notes) {
    if (records == file.records) return;
    notes.push_back(path.filename().string() + " has " + groupedDigits(records) + " records instead of " +
                    groupedDigits(file.records));
}

} // namespace quantarium::data
