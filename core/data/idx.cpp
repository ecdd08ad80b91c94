// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/idx.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/data/byte_reader.h"
#include "core/data/records.h"

namespace quantarium::data {

namespace {

constexpr std::uint32_t kImagesMagic = 0x00000803;
constexpr std::uint32_t kLabelsMagic = 0x00000801;

std::uint32_t bigEndian(std::span<const std::uint8_t> bytes) {
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
           std::uint32_t{bytes[3]};
}

std::string kindOf(std::uint32_t magic) {
    return magic == kImagesMagic ? "images" : "labels";
}

/// The magic and the dimensions. Throws unless the magic is the expected one.
std::vector<std::int64_t> readHeader(ByteReader& reader, std::uint32_t magic) {
    std::vector<std::uint8_t> header(4 + 4 * (magic & 0xff));
    const std::size_t count = reader.read(header);
    const auto found = std::span<const std::uint8_t>(header).first(count);
    const std::string expected = "an IDX file of " + kindOf(magic) + " was expected";
    if (count < 4) reader.fail("has " + std::to_string(count) + " bytes; " + expected);
    const std::uint32_t foundMagic = bigEndian(found);
    if (foundMagic != magic && (foundMagic == kImagesMagic || foundMagic == kLabelsMagic))
        reader.fail("holds " + kindOf(foundMagic) + " where " + kindOf(magic) +
                    " were expected; the files may be swapped");
    if (foundMagic != magic) reader.fail("begins like " + describeContent(found) + "; " + expected);
    if (count < header.size())
        reader.fail("ends after " + std::to_string(count) + " bytes, within its header of " +
                    std::to_string(header.size()) + " bytes");
    std::vector<std::int64_t> sizes;
    for (std::size_t at = 4; at < header.size(); at += 4)
        sizes.push_back(bigEndian(found.subspan(at)));
    return sizes;
}

/// The bytes after the header: exactly `bytes` of them.
torch::Tensor readContent(ByteReader& reader, std::int64_t bytes, const std::string& meaning) {
    auto content = torch::empty({bytes}, torch::kUInt8);
    const std::size_t count =
        reader.read({content.data_ptr<std::uint8_t>(), static_cast<std::size_t>(bytes)});
    if (static_cast<std::int64_t>(count) < bytes)
        reader.fail("ends after " + std::to_string(count) + " bytes of content; its header declares " +
                    std::to_string(bytes) + " (" + meaning + ")");
    std::uint8_t excess = 0;
    if (reader.read({&excess, 1}) != 0)
        reader.fail("has more than the " + std::to_string(bytes) +
                    " bytes of content that its header declares (" + meaning + ")");
    return content;
}

void checkCount(const ByteReader& reader, const ManifestFile& file, std::int64_t records) {
    if (records == 0) reader.fail("has no records; the standard file has " + groupedDigits(file.records));
    if (records > file.records)
        reader.fail("declares " + groupedDigits(records) + " records; the standard file has " +
                    groupedDigits(file.records));
}

torch::Tensor readImages(const Manifest& manifest, const ManifestFile& file,
                         const std::filesystem::path& path) {
    ByteReader reader(path, manifest.remedy());
    const auto sizes = readHeader(reader, kImagesMagic);
    const auto [channels, height, width] = manifest.imageShape;
    if (sizes[1] != height || sizes[2] != width)
        reader.fail("holds images of " + std::to_string(sizes[1]) + " x " + std::to_string(sizes[2]) +
                    " pixels; those of " + manifest.title + " have " + std::to_string(height) + " x " +
                    std::to_string(width));
    checkCount(reader, file, sizes[0]);
    const auto content = readContent(reader, sizes[0] * height * width, groupedDigits(sizes[0]) + " images");
    return content.view({sizes[0], channels, height, width});
}

torch::Tensor readLabels(const Manifest& manifest, const ManifestFile& file,
                         const std::filesystem::path& path) {
    ByteReader reader(path, manifest.remedy());
    const auto sizes = readHeader(reader, kLabelsMagic);
    checkCount(reader, file, sizes[0]);
    const auto content = readContent(reader, sizes[0], groupedDigits(sizes[0]) + " labels");
    const std::span<const std::uint8_t> labels(content.data_ptr<std::uint8_t>(),
                                               static_cast<std::size_t>(sizes[0]));
    for (std::size_t i = 0; i < labels.size(); ++i)
        checkLabel(reader, manifest, labels[i], static_cast<std::int64_t>(i));
    return content.to(torch::kInt64);
}

const ManifestFile& fileWith(const std::vector<ManifestFile>& files, const std::string& holds) {
    return *std::find_if(files.begin(), files.end(),
                         [&](const ManifestFile& file) { return file.holds == holds; });
}

} // namespace

Batch readIdxSplit(const Manifest& manifest, const std::vector<ManifestFile>& files,
                   const std::filesystem::path& folder, std::vector<std::string>& notes) {
    const ManifestFile& imagesFile = fileWith(files, "images");
    const ManifestFile& labelsFile = fileWith(files, "labels");
    const auto imagesPath = findFile(manifest, imagesFile, folder);
    const auto labelsPath = findFile(manifest, labelsFile, folder);
    Batch split{readImages(manifest, imagesFile, imagesPath), readLabels(manifest, labelsFile, labelsPath)};
    if (split.images.size(0) != split.targets.size(0))
        throw Error(ErrorKind::Data,
                    "has " + groupedDigits(split.targets.size(0)) + " labels for the " +
                        groupedDigits(split.images.size(0)) + " images of " + imagesPath.filename().string(),
                    labelsPath.string(), manifest.remedy());
    noteFewerRecords(imagesPath, split.images.size(0), imagesFile, notes);
    return split;
}

} // namespace quantarium::data
