// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/mat_file.h"

#include <cstring>
#include <optional>
#include <string_view>

#include <zlib.h>

#include "core/base/error.h"
#include "core/base/files.h"

namespace quantarium::data {

namespace {

constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kLargestFile = std::size_t{64} << 20;
constexpr std::size_t kLargestUnfolded = std::size_t{256} << 20;

// Data types and array classes of the "MATLAB 7.2 MAT-File Format", tables 1-1 and 1-3.
enum DataType : std::uint32_t {
    kInt8 = 1,
    kUint8 = 2,
    kInt16 = 3,
    kUint16 = 4,
    kInt32 = 5,
    kUint32 = 6,
    kSingle = 7,
    kDouble = 9,
    kMatrix = 14,
    kCompressed = 15,
    kUtf8 = 16
};
enum ArrayClass : std::uint32_t { kStruct = 2, kChar = 4, kFirstNumeric = 6, kLastNumeric = 15 };

struct Damaged {
    std::string what;
};

template <class T> T numberAt(std::string_view bytes, std::size_t at = 0) {
    if (bytes.size() < at + sizeof(T)) throw Damaged{"it ends early"};
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
}

struct Element {
    std::uint32_t type = 0;
    std::string_view bytes;
};

/// Takes elements from the front of a text of bytes, with their padding.
class Elements {
public:
    explicit Elements(std::string_view bytes) : m_rest(bytes) {}

    bool empty() const { return m_rest.empty(); }

    Element next() {
        const auto word = numberAt<std::uint32_t>(m_rest);
        const bool small = (word >> 16) != 0; // size and type share a word, and the data the next one
        const std::size_t size = small ? word >> 16 : numberAt<std::uint32_t>(m_rest, 4);
        const std::size_t begin = small ? 4 : 8;
        if ((small && size > 4) || m_rest.size() < begin || m_rest.size() - begin < size)
            throw Damaged{"an element is longer than what holds it"};
        const Element element{small ? word & 0xffff : word, m_rest.substr(begin, size)};
        const bool padded = !small && element.type != kCompressed;
        const std::size_t whole = small ? 8 : begin + (padded ? (size + 7) / 8 * 8 : size);
        m_rest.remove_prefix(std::min(whole, m_rest.size()));
        return element;
    }

    std::string_view next(std::initializer_list<DataType> allowed) {
        const Element element = next();
        for (const DataType type : allowed)
            if (element.type == type) return element.bytes;
        throw Damaged{"an element of type " + std::to_string(element.type) + " where another was expected"};
    }

private:
    std::string_view m_rest;
};

struct Array {
    std::uint32_t arrayClass = 0;
    std::uint64_t size = 1; ///< elements
    std::string_view name;
    Elements rest; ///< what follows the name
};

Array openArray(std::string_view bytes) {
    Elements parts(bytes);
    const auto flags = numberAt<std::uint32_t>(parts.next({kUint32}));
    const auto dimensions = parts.next({kInt32});
    std::uint64_t size = 1;
    for (std::size_t i = 0; i + 4 <= dimensions.size(); i += 4) {
        const auto length = numberAt<std::uint32_t>(dimensions, i);
        if (length != 0 && size > kLargestUnfolded / length) throw Damaged{"an array of absurd size"};
        size *= length;
    }
    const auto name = parts.next({kInt8});
    return {flags & 0xff, size, name, parts};
}

/// MATLAB stores numbers in the smallest type that holds them.
std::optional<double> firstNumber(const Element& element) {
    switch (element.type) {
    case kInt8:
        return numberAt<std::int8_t>(element.bytes);
    case kUint8:
        return numberAt<std::uint8_t>(element.bytes);
    case kInt16:
        return numberAt<std::int16_t>(element.bytes);
    case kUint16:
        return numberAt<std::uint16_t>(element.bytes);
    case kInt32:
        return numberAt<std::int32_t>(element.bytes);
    case kUint32:
        return numberAt<std::uint32_t>(element.bytes);
    case kSingle:
        return numberAt<float>(element.bytes);
    case kDouble:
        return numberAt<double>(element.bytes);
    default:
        return std::nullopt;
    }
}

/// Characters outside ASCII become "?" where they are stored as UTF-16; names of classes have none.
std::string textOf(const Element& element) {
    if (element.type != kUint16) return std::string(element.bytes);
    std::string text;
    for (std::size_t i = 0; i + 2 <= element.bytes.size(); i += 2) {
        const auto unit = numberAt<std::uint16_t>(element.bytes, i);
        text += unit < 128 ? static_cast<char>(unit) : '?';
    }
    return text;
}

MatValue valueOf(std::string_view bytes) {
    MatValue value;
    if (bytes.empty()) return value; // an empty field
    Array array = openArray(bytes);
    if (array.arrayClass == kChar) {
        value.kind = MatValue::Kind::Text;
        if (array.size > 0) value.text = textOf(array.rest.next());
    } else if (array.arrayClass >= kFirstNumeric && array.arrayClass <= kLastNumeric && array.size == 1) {
        const auto number = firstNumber(array.rest.next());
        if (!number) throw Damaged{"a number of unknown type"};
        value.kind = MatValue::Kind::Number;
        value.number = *number;
    }
    return value;
}

MatRecords recordsOf(Array array) {
    const auto width = numberAt<std::uint32_t>(array.rest.next({kInt32}));
    const auto names = array.rest.next({kInt8});
    if (width == 0 || names.empty() || names.size() % width != 0) throw Damaged{"it has no field names"};
    std::vector<std::string> fields;
    for (std::size_t at = 0; at < names.size(); at += width) {
        const auto name = names.substr(at, width);
        fields.emplace_back(name.substr(0, name.find('\0')));
    }
    MatRecords records;
    for (std::uint64_t i = 0; i < array.size; ++i) {
        auto& record = records.emplace_back();
        for (const auto& field : fields)
            record[field] = valueOf(array.rest.next({kMatrix}));
    }
    return records;
}

std::string unfolded(std::string_view compressed) {
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) throw Damaged{"zlib can't start"};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
    stream.avail_in = static_cast<uInt>(compressed.size());
    std::string bytes;
    char buffer[65536];
    int code = Z_OK;
    while (code == Z_OK && bytes.size() <= kLargestUnfolded) {
        stream.next_out = reinterpret_cast<Bytef*>(buffer);
        stream.avail_out = sizeof buffer;
        code = inflate(&stream, Z_NO_FLUSH);
        bytes.append(buffer, sizeof buffer - stream.avail_out);
    }
    inflateEnd(&stream);
    if (code != Z_STREAM_END) throw Damaged{"its compressed data is damaged"};
    return bytes;
}

std::optional<MatRecords> recordsNamed(std::string_view content, const std::string& name) {
    const auto header = content.substr(0, kHeaderBytes);
    if (header.size() < kHeaderBytes || header.substr(126) != "IM")
        throw Damaged{"it is no MATLAB file of level 5"};
    for (Elements elements(content.substr(kHeaderBytes)); !elements.empty();) {
        const Element element = elements.next();
        std::string own;
        std::string_view matrix = element.bytes;
        if (element.type == kCompressed) {
            own = unfolded(element.bytes);
            matrix = Elements(own).next({kMatrix});
        } else if (element.type != kMatrix) {
            continue;
        }
        const Array array = openArray(matrix);
        if (array.arrayClass == kStruct && array.name == name) return recordsOf(array);
    }
    return std::nullopt;
}

} // namespace

MatRecords readMatRecords(const std::filesystem::path& file, const std::string& name) {
    const std::string content = readTextFile(file, kLargestFile);
    try {
        if (auto records = recordsNamed(content, name)) return std::move(*records);
    } catch (const Damaged& damaged) {
        throw Error(ErrorKind::Data, "can't be read as a MATLAB file: " + damaged.what, file.string());
    }
    throw Error(ErrorKind::Data, "has no struct array \"" + name + "\"", file.string());
}

} // namespace quantarium::data
