// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/data/sample_files.h"

#include <cstdlib>
#include <fstream>
#include <numeric>
#include <stdexcept>

#include <zlib.h>

namespace quantarium::testing {

namespace {

void appendBigEndian(std::string& bytes, std::int64_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes += static_cast<char>(value >> shift & 0xff);
}

void setVariable(const std::optional<std::string>& value) {
    if (value)
        ::setenv("QUANTARIUM_DATA", value->c_str(), 1);
    else
        ::unsetenv("QUANTARIUM_DATA");
}

} // namespace

std::uint8_t samplePixel(std::int64_t image, std::int64_t pixel) {
    return static_cast<std::uint8_t>((7 * image + pixel) % 251);
}

std::string idxImages(std::int64_t count, std::int64_t height, std::int64_t width) {
    std::string bytes;
    for (const std::int64_t value : {std::int64_t{0x803}, count, height, width})
        appendBigEndian(bytes, value);
    for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t p = 0; p < height * width; ++p)
            bytes += static_cast<char>(samplePixel(i, p));
    return bytes;
}

std::string idxLabels(std::int64_t count, std::int64_t classes) {
    std::string bytes;
    for (const std::int64_t value : {std::int64_t{0x801}, count})
        appendBigEndian(bytes, value);
    for (std::int64_t i = 0; i < count; ++i)
        bytes += static_cast<char>(i % classes);
    return bytes;
}

std::string cifarRecords(std::int64_t count, std::int64_t labelBytes, std::int64_t classes) {
    std::string bytes;
    for (std::int64_t i = 0; i < count; ++i) {
        if (labelBytes == 2) bytes += static_cast<char>(3);
        bytes += static_cast<char>(i % classes);
        for (std::int64_t p = 0; p < 3072; ++p)
            bytes += static_cast<char>(samplePixel(i, p));
    }
    return bytes;
}

std::string gzipped(const std::string& content) {
    z_stream stream{};
    if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("deflateInit2");
    std::string result(deflateBound(&stream, content.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(result.data());
    stream.avail_out = static_cast<uInt>(result.size());
    const int code = deflate(&stream, Z_FINISH);
    result.resize(stream.total_out);
    deflateEnd(&stream);
    if (code != Z_STREAM_END) throw std::runtime_error("deflate");
    return result;
}

std::string pngLike(std::size_t bytes) {
    std::string content("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
    content.resize(bytes, '\x5a');
    return content;
}

void writeFile(const std::filesystem::path& file, const std::string& content) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream stream(file, std::ios::binary);
    stream.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!stream.flush()) throw std::runtime_error("can't write " + file.string());
}

data::Splits openDataset(const std::string& id, const std::filesystem::path& root, double validationShare) {
    const auto& entry = data::builtinDatasets().at(id, "test");
    data::DatasetRequest request;
    request.root = root;
    request.validationShare = validationShare;
    request.options = Options::validated(entry.schema.options, Json::object(), "dataset.options");
    return entry.open(request);
}

std::optional<Error> openError(const std::string& id, const std::filesystem::path& root) {
    try {
        openDataset(id, root);
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

data::Batch allSamples(const data::Dataset& dataset) {
    std::vector<std::int64_t> indices(static_cast<std::size_t>(dataset.size()));
    std::iota(indices.begin(), indices.end(), std::int64_t{0});
    return dataset.fetch(indices);
}

DataVariable::DataVariable(const std::optional<std::string>& value) {
    if (const char* before = std::getenv("QUANTARIUM_DATA")) m_before = before;
    setVariable(value);
}

DataVariable::~DataVariable() {
    setVariable(m_before);
}

} // namespace quantarium::testing
