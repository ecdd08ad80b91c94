// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/data/devkit_files.h"

#include <cstdint>
#include <cstring>
#include <stdexcept>

#include <zlib.h>

namespace quantarium::testing {

namespace {

template <class T> std::string raw(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

/// An element with its padding; what fits into four bytes takes the short form, as MATLAB writes it.
std::string element(std::uint32_t type, const std::string& data) {
    if (!data.empty() && data.size() <= 4) {
        std::string bytes = raw(static_cast<std::uint32_t>(data.size() << 16 | type)) + data;
        bytes.resize(8);
        return bytes;
    }
    std::string bytes = raw(type) + raw(static_cast<std::uint32_t>(data.size())) + data;
    bytes.resize((bytes.size() + 7) / 8 * 8);
    return bytes;
}

std::string array(std::uint32_t arrayClass, int rows, int columns, const std::string& name,
                  const std::string& content) {
    return element(14, element(6, raw(arrayClass) + raw(std::uint32_t{0})) +
                           element(5, raw(std::int32_t{rows}) + raw(std::int32_t{columns})) +
                           element(1, name) + content);
}

std::string number(double value) {
    return array(6, 1, 1, "", element(9, raw(value)));
}

/// A number in two bytes, as MATLAB stores whole ones.
std::string wholeNumber(int value) {
    return array(6, 1, 1, "", element(4, raw(static_cast<std::uint16_t>(value))));
}

std::string text(const std::string& value) {
    std::string units;
    for (const char c : value)
        units += raw(static_cast<std::uint16_t>(c));
    return array(4, 1, static_cast<int>(value.size()), "", element(4, units));
}

std::string fieldNames(const std::vector<std::string>& names) {
    std::string bytes;
    for (auto name : names) {
        name.resize(32);
        bytes += name;
    }
    return element(5, raw(std::int32_t{32})) + element(1, bytes);
}

std::string packed(const std::string& variable) {
    uLongf size = compressBound(static_cast<uLong>(variable.size()));
    std::string data(size, '\0');
    if (compress(reinterpret_cast<Bytef*>(data.data()), &size,
                 reinterpret_cast<const Bytef*>(variable.data()),
                 static_cast<uLong>(variable.size())) != Z_OK)
        throw std::runtime_error("compress");
    data.resize(size);
    return raw(std::uint32_t{15}) + raw(static_cast<std::uint32_t>(size)) + data;
}

} // namespace

std::string metaMat(const std::vector<SampleSynset>& synsets, bool compressed) {
    std::string file = "MATLAB 5.0 MAT-file";
    file.resize(124, ' ');
    file += raw(std::uint16_t{0x0100}) + "IM";
    const auto add = [&](const std::string& variable) { file += compressed ? packed(variable) : variable; };
    add(array(6, 2, 2, "other", element(9, std::string(32, '\0'))));
    std::string content = fieldNames({"ILSVRC2012_ID", "WNID", "words", "children", "num_train_images"});
    for (const auto& synset : synsets)
        content += wholeNumber(synset.id) + text(synset.wnid) + text(synset.words) +
                   array(6, 0, 0, "", element(9, "")) + number(1300);
    add(array(2, static_cast<int>(synsets.size()), 1, "synsets", content));
    return file;
}

std::string groundTruth(const std::vector<int>& ids) {
    std::string lines;
    for (const int id : ids)
        lines += std::to_string(id) + "\n";
    return lines;
}

} // namespace quantarium::testing
