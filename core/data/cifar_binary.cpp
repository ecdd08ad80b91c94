// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/cifar_binary.h"

#include <algorithm>
#include <cstring>

#include "core/data/byte_reader.h"
#include "core/data/records.h"

namespace quantarium::data {

namespace {

/// One file, whole. Its size is checked before a byte of it is believed.
std::vector<std::uint8_t> readFile(ByteReader& reader, const ManifestFile& file, std::int64_t recordBytes) {
    std::vector<std::uint8_t> content(static_cast<std::size_t>(file.bytes) + 1);
    content.resize(reader.read(content));
    const auto size = static_cast<std::int64_t>(content.size());
    const std::string expected = "the standard file has " + groupedDigits(file.bytes) + " bytes, " +
                                 groupedDigits(file.records) + " records of " + groupedDigits(recordBytes) +
                                 " bytes";
    if (size == 0) reader.fail("is empty; " + expected);
    if (size > file.bytes) reader.fail("has more than " + groupedDigits(file.bytes) + " bytes; " + expected);
    if (size % recordBytes != 0) {
        const auto start =
            std::span<const std::uint8_t>(content).first(std::min<std::size_t>(content.size(), 16));
        reader.fail("has " + groupedDigits(size) + " bytes, no whole number of records (it begins like " +
                    describeContent(start) + "); " + expected);
    }
    return content;
}

} // namespace

Batch readCifarSplit(const Manifest& manifest, const std::vector<ManifestFile>& files,
                     const std::filesystem::path& folder, std::vector<std::string>& notes) {
    const auto [channels, height, width] = manifest.imageShape;
    const std::int64_t imageBytes = channels * height * width;
    const std::int64_t recordBytes = manifest.labelBytes + imageBytes;
    std::vector<torch::Tensor> images;
    std::vector<std::int64_t> labels;
    for (const auto& file : files) {
        const auto path = findFile(manifest, file, folder);
        ByteReader reader(path, manifest.remedy());
        const auto content = readFile(reader, file, recordBytes);
        const std::int64_t records = static_cast<std::int64_t>(content.size()) / recordBytes;
        auto pixels = torch::empty({records, channels, height, width}, torch::kUInt8);
        for (std::int64_t i = 0; i < records; ++i) {
            const std::uint8_t* record = content.data() + i * recordBytes;
            const std::int64_t label = record[manifest.labelAt];
            checkLabel(reader, manifest, label, i);
            labels.push_back(label);
            std::memcpy(pixels.data_ptr<std::uint8_t>() + i * imageBytes, record + manifest.labelBytes,
                        static_cast<std::size_t>(imageBytes));
        }
        images.push_back(pixels);
        noteFewerRecords(path, records, file, notes);
    }
    return {images.size() == 1 ? images.front() : torch::cat(images), torch::tensor(labels, torch::kInt64)};
}

} // namespace quantarium::data
