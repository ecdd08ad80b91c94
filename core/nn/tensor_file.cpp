// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/tensor_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <zlib.h>

#include "core/base/error.h"
#include "core/base/files.h"

namespace quantarium::nn {

static_assert(std::endian::native == std::endian::little,
              "tensor files are little-endian, and so must be the machine");

namespace {

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kLongestHeader = 100'000'000;                ///< the format's own limit
constexpr std::size_t kLongestWrittenHeader = std::size_t{64} << 20; ///< what parseJson reads
constexpr std::size_t kMostDimensions = 64;
constexpr int kDeepestHeader = 3; ///< header, tensor, list
constexpr std::size_t kAlignment = 8;
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kChecksum = "quantarium.crc32";
constexpr const char* kRemedy = "The file is damaged or not in safetensors format; get or make it again.";

const std::array<std::pair<const char*, torch::ScalarType>, 10> kTypes = {{{"F64", torch::kFloat64},
                                                                           {"F32", torch::kFloat32},
                                                                           {"F16", torch::kFloat16},
                                                                           {"BF16", torch::kBFloat16},
                                                                           {"I64", torch::kInt64},
                                                                           {"I32", torch::kInt32},
                                                                           {"I16", torch::kInt16},
                                                                           {"I8", torch::kInt8},
                                                                           {"U8", torch::kUInt8},
                                                                           {"BOOL", torch::kBool}}};

std::string checksumText(unsigned long checksum) {
    char text[9];
    std::snprintf(text, sizeof text, "%08lx", checksum);
    return text;
}

unsigned long addToChecksum(unsigned long checksum, const torch::Tensor& tensor) {
    return tensor.nbytes() == 0
               ? checksum
               : ::crc32_z(checksum, static_cast<const unsigned char*>(tensor.data_ptr()), tensor.nbytes());
}

// Writing

const char* typeName(const torch::Tensor& tensor, const std::string& where) {
    const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                    [&](const auto& type) { return type.second == tensor.scalar_type(); });
    if (found == kTypes.end())
        throw Error(ErrorKind::Storage,
                    std::string("tensors of type ") + c10::toString(tensor.scalar_type()) +
                        " can't be stored",
                    where);
    return found->first;
}

/// The tensor as the file holds it. A view of the original unless that lies elsewhere or in another order.
torch::Tensor stored(const torch::Tensor& tensor) {
    return tensor.detach().to(torch::kCPU).contiguous();
}

using NamedTensor = std::pair<std::string, torch::Tensor>;

/// Wide types first, as the format's own writer does: each tensor is then aligned to its type, which readers
/// that map the file need.
std::vector<NamedTensor> inFileOrder(const TensorFile& content) {
    std::vector<NamedTensor> tensors(content.tensors.begin(), content.tensors.end());
    std::stable_sort(tensors.begin(), tensors.end(), [](const NamedTensor& a, const NamedTensor& b) {
        return a.second.element_size() > b.second.element_size();
    });
    return tensors;
}

std::string headerText(const std::vector<NamedTensor>& tensors, const TensorFile& content,
                       unsigned long checksum, const std::string& where) {
    Json header = Json::object();
    header[kMetadata] = content.texts;
    header[kMetadata][kChecksum] = checksumText(checksum);
    std::uint64_t offset = 0;
    for (const auto& [name, tensor] : tensors) {
        if (name == kMetadata) throw Error(ErrorKind::Storage, "no tensor can be named " + name, where);
        const std::uint64_t end = offset + static_cast<std::uint64_t>(tensor.numel()) * tensor.element_size();
        header[name] = {{"dtype", typeName(tensor, where + ": " + name)},
                        {"shape", tensor.sizes().vec()},
                        {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string text;
    try {
        text = header.dump();
    } catch (const Json::exception&) {
        throw Error(ErrorKind::Storage, "a name or text is not valid UTF-8", where);
    }
    text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
    if (text.size() > kLongestWrittenHeader)
        throw Error(ErrorKind::Storage,
                    "names and texts take " + std::to_string(text.size()) +
                        " bytes; at most 64 MiB are allowed",
                    where);
    return text;
}

// Reading

struct Entry {
    std::string name;
    torch::ScalarType type = torch::kFloat32;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// Reads one file; every message names it.
class Reader {
public:
    explicit Reader(const std::filesystem::path& file) : m_where(file.string()) {
        std::error_code code;
        if (!std::filesystem::is_regular_file(file, code)) fail("there is no such file", {});
        m_size = std::filesystem::file_size(file, code);
        m_stream.open(file, std::ios::binary);
        if (code || !m_stream) fail("the file can't be opened", {});
    }

    TensorFile read() {
        TensorFile content;
        const Json header = readHeader();
        for (const auto& [name, value] : header.items()) {
            if (name == kMetadata) {
                content.texts = readTexts(value);
            } else {
                m_entries.push_back(readEntry(name, value));
            }
        }
        checkCoverage();
        const unsigned long checksum = readData(content);
        const auto expected = content.texts.find(kChecksum);
        if (expected != content.texts.end() && expected->second != checksumText(checksum))
            fail("the data's CRC-32 is " + checksumText(checksum) + ", expected " + expected->second);
        return content;
    }

private:
    [[noreturn]] void fail(const std::string& problem, const std::string& remedy = kRemedy) const {
        throw Error(ErrorKind::Data, problem, m_where, remedy);
    }

    [[noreturn]] void failAt(const std::string& tensor, const std::string& problem) const {
        throw Error(ErrorKind::Data, problem, m_where + ": " + tensor, kRemedy);
    }

    void readBytes(void* target, std::uint64_t count) {
        m_stream.read(static_cast<char*>(target), static_cast<std::streamsize>(count));
        if (static_cast<std::uint64_t>(m_stream.gcount()) != count) fail("the file ended while it was read");
    }

    Json readHeader() {
        if (m_size < kLengthBytes)
            fail("the file has " + std::to_string(m_size) + " bytes; a tensor file has at least 10");
        std::uint64_t length = 0;
        readBytes(&length, kLengthBytes);
        if (length > kLongestHeader || length > m_size - kLengthBytes)
            fail("the header should have " + std::to_string(length) + " bytes; the file has " +
                 std::to_string(m_size - kLengthBytes) + " after the length, and 100 MB are allowed");
        m_dataBytes = m_size - kLengthBytes - length;
        std::string text(length, '\0');
        readBytes(text.data(), length);
        checkDepth(text);
        try {
            Json header = parseJson(text, "header");
            if (!header.is_object()) fail("the header is not a JSON object");
            return header;
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::Data) throw;
            fail("the header is " + error.problem());
        }
    }

    /// Before the parser, which would take memory for each level.
    void checkDepth(std::string_view text) const {
        int depth = 0;
        bool quoted = false;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (quoted) {
                if (text[i] == '\\')
                    ++i;
                else if (text[i] == '"')
                    quoted = false;
            } else if (text[i] == '"') {
                quoted = true;
            } else if (text[i] == '{' || text[i] == '[') {
                if (++depth > kDeepestHeader) fail("the header is nested deeper than the format allows");
            } else if (text[i] == '}' || text[i] == ']') {
                --depth;
            }
        }
    }

    std::map<std::string, std::string> readTexts(const Json& value) const {
        if (!value.is_object()) failAt(kMetadata, "is not an object of texts");
        std::map<std::string, std::string> texts;
        for (const auto& [key, text] : value.items()) {
            if (!text.is_string()) failAt(std::string(kMetadata) + ": " + key, "is not a text");
            texts[key] = text.get<std::string>();
        }
        return texts;
    }

    /// Whole numbers that fit in 63 bits.
    std::vector<std::int64_t> readNumbers(const std::string& name, const Json& value, const char* key) const {
        const auto list = value.find(key);
        if (list == value.end() || !list->is_array())
            failAt(name, std::string(key) + " is missing or not a list");
        std::vector<std::int64_t> numbers;
        for (const auto& item : *list) {
            if (!item.is_number_unsigned() ||
                item.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())
                failAt(name, std::string(key) + " has " + dumpJson(item) + ", which is not a size");
            numbers.push_back(item.get<std::int64_t>());
        }
        return numbers;
    }

    torch::ScalarType readType(const std::string& name, const Json& value) const {
        const auto given = value.find("dtype");
        if (given == value.end() || !given->is_string()) failAt(name, "dtype is missing or not a text");
        for (const auto& [text, type] : kTypes)
            if (*given == text) return type;
        failAt(name, "dtype is " + dumpJson(*given) +
                         "; known are F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL");
    }

    Entry readEntry(const std::string& name, const Json& value) const {
        if (!value.is_object() || value.size() != 3)
            failAt(name, "is not an object of dtype, shape and data_offsets");
        Entry entry;
        entry.name = name;
        entry.type = readType(name, value);
        entry.shape = readNumbers(name, value, "shape");
        if (entry.shape.size() > kMostDimensions)
            failAt(name, "has " + std::to_string(entry.shape.size()) + " dimensions; at most 64 are allowed");
        const auto offsets = readNumbers(name, value, "data_offsets");
        if (offsets.size() != 2 || offsets[0] > offsets[1])
            failAt(name, "data_offsets is not a begin and an end");
        entry.begin = static_cast<std::uint64_t>(offsets[0]);
        entry.end = static_cast<std::uint64_t>(offsets[1]);
        if (entry.end > m_dataBytes)
            failAt(name, "ends at byte " + std::to_string(entry.end) + " of the data, which has " +
                             std::to_string(m_dataBytes));
        if (entry.end - entry.begin != byteCount(entry))
            failAt(name, "its shape takes " + std::to_string(byteCount(entry)) + " bytes, its data has " +
                             std::to_string(entry.end - entry.begin));
        return entry;
    }

    /// The shape without its zeros must not overflow either: strides are made from it.
    std::uint64_t byteCount(const Entry& entry) const {
        std::int64_t bytes = static_cast<std::int64_t>(c10::elementSize(entry.type));
        bool empty = false;
        for (const std::int64_t size : entry.shape) {
            empty = empty || size == 0;
            if (__builtin_mul_overflow(bytes, std::max<std::int64_t>(size, 1), &bytes))
                failAt(entry.name, "its shape has more elements than a tensor can have");
        }
        return empty ? 0 : static_cast<std::uint64_t>(bytes);
    }

    /// Each byte of the data belongs to one tensor.
    void checkCoverage() {
        std::sort(m_entries.begin(), m_entries.end(), [](const Entry& a, const Entry& b) {
            return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
        });
        std::uint64_t covered = 0;
        for (const Entry& entry : m_entries) {
            if (entry.begin != covered)
                failAt(entry.name, "begins at byte " + std::to_string(entry.begin) +
                                       " of the data; expected is " + std::to_string(covered));
            covered = entry.end;
        }
        if (covered != m_dataBytes)
            fail("the data has " + std::to_string(m_dataBytes) + " bytes, the tensors have " +
                 std::to_string(covered));
    }

    /// Returns the CRC-32 of all data.
    unsigned long readData(TensorFile& content) {
        unsigned long checksum = ::crc32_z(0, nullptr, 0);
        for (const Entry& entry : m_entries) {
            torch::Tensor tensor = allocate(entry);
            readBytes(tensor.data_ptr(), tensor.nbytes());
            checksum = addToChecksum(checksum, tensor);
            checkBooleans(entry, tensor);
            content.tensors.emplace(entry.name, std::move(tensor));
        }
        return checksum;
    }

    torch::Tensor allocate(const Entry& entry) const {
        try {
            return torch::empty(entry.shape, torch::TensorOptions(entry.type));
        } catch (const c10::Error&) {
            throw Error(ErrorKind::Resource,
                        "there is no memory for its " + std::to_string(entry.end - entry.begin) + " bytes",
                        m_where + ": " + entry.name);
        }
    }

    void checkBooleans(const Entry& entry, const torch::Tensor& tensor) const {
        if (entry.type != torch::kBool) return;
        const auto* bytes = static_cast<const unsigned char*>(tensor.data_ptr());
        if (std::any_of(bytes, bytes + tensor.nbytes(), [](unsigned char byte) { return byte > 1; }))
            failAt(entry.name, "has a truth value that is neither 0 nor 1");
    }

    std::string m_where;
    std::ifstream m_stream;
    std::uint64_t m_size = 0;
    std::uint64_t m_dataBytes = 0;
    std::vector<Entry> m_entries;
};

} // namespace

void writeTensorFile(const std::filesystem::path& file, const TensorFile& content) {
    const auto tensors = inFileOrder(content);
    unsigned long checksum = ::crc32_z(0, nullptr, 0);
    for (const auto& item : tensors)
        checksum = addToChecksum(checksum, stored(item.second));
    const std::string header = headerText(tensors, content, checksum, file.string());
    const std::uint64_t length = header.size();

    AtomicFile output(file);
    output.write(&length, kLengthBytes);
    output.write(header.data(), header.size());
    for (const auto& item : tensors) {
        const torch::Tensor data = stored(item.second);
        output.write(data.data_ptr(), data.nbytes());
    }
    output.commit();
}

TensorFile readTensorFile(const std::filesystem::path& file) {
    return Reader(file).read();
}

} // namespace quantarium::nn
