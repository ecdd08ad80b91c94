// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/state_dict.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/nn/binary_file.h"

namespace quantarium::nn {

namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kMostDimensions = 64;
constexpr std::size_t kLongestName = 1000;
constexpr int kDeepestDictionary = 4;
constexpr int kMostWrappers = 4; ///< a parameter around a tensor, and room
constexpr std::size_t kKeysShown = 8;
constexpr const char* kRebuild = "torch._utils._rebuild_tensor";
constexpr const char* kRebuild2 = "torch._utils._rebuild_tensor_v2";
constexpr const char* kRebuildParameter = "torch._utils._rebuild_parameter";
constexpr const char* kSize = "torch.Size";
constexpr const char* kDamaged = "The file is damaged; get or make it again.";

const std::array<std::pair<std::string_view, torch::ScalarType>, 10> kStorageTypes = {
    {{"FloatStorage", torch::kFloat32},
     {"DoubleStorage", torch::kFloat64},
     {"HalfStorage", torch::kFloat16},
     {"BFloat16Storage", torch::kBFloat16},
     {"LongStorage", torch::kInt64},
     {"IntStorage", torch::kInt32},
     {"ShortStorage", torch::kInt16},
     {"CharStorage", torch::kInt8},
     {"ByteStorage", torch::kUInt8},
     {"BoolStorage", torch::kBool}}};

constexpr std::array<std::string_view, 15> kElementTypes = {
    "float32", "float", "float64", "double", "float16", "half",  "bfloat16", "int64",
    "long",    "int32", "int",     "int16",  "int8",    "uint8", "bool"};

/// Where a state dict lies in a checkpoint with more in it.
constexpr std::array<const char*, 5> kNestedKeys = {"state_dict", "model_state_dict", "model", "net",
                                                    "network"};

/// "torch.FloatStorage" and "torch.cuda.FloatStorage" hold the same.
const torch::ScalarType* storageType(std::string_view name) {
    for (const std::string_view module : {"torch.cuda.", "torch."})
        if (name.starts_with(module)) {
            name.remove_prefix(module.size());
            const auto found = std::find_if(kStorageTypes.begin(), kStorageTypes.end(),
                                            [&](const auto& type) { return type.first == name; });
            return found == kStorageTypes.end() ? nullptr : &found->second;
        }
    return nullptr;
}

bool isElementType(std::string_view name) {
    constexpr std::string_view kModule = "torch.";
    if (!name.starts_with(kModule)) return false;
    name.remove_prefix(kModule.size());
    return std::find(kElementTypes.begin(), kElementTypes.end(), name) != kElementTypes.end();
}

[[noreturn]] void fail(const std::string& problem, const std::string& where) {
    throw Error(ErrorKind::Data, problem, where, kDamaged);
}

/// A tensor as a view of a storage.
struct View {
    Storage storage;
    std::int64_t offset = 0;
    std::vector<std::int64_t> sizes;
    std::vector<std::int64_t> strides;
};

/// Turns one pickled dictionary into tensors.
class StateDictReader {
public:
    StateDictReader(const Pickle& pickle, StorageSource& storages, std::string where, std::uint64_t mostBytes)
        : m_pickle(pickle), m_storages(storages), m_where(std::move(where)), m_mostBytes(mostBytes) {}

    std::map<std::string, torch::Tensor> read() {
        const auto& dictionary = findDictionary();
        std::map<std::string, torch::Tensor> tensors;
        for (std::size_t i = 0; i < dictionary.parts.size(); i += 2) {
            const auto& key = m_pickle.part(dictionary, i);
            const auto* call = tensorCall(m_pickle.part(dictionary, i + 1));
            if (call == nullptr) continue;
            checkName(key);
            tensors.insert_or_assign(key.text, tensorOf(*call, m_where + ": " + key.text));
        }
        if (tensors.empty())
            throw Error(ErrorKind::Data, "no tensors are found; the file has " + keysOf(dictionary), m_where,
                        "Save the weights alone, in Python: torch.save(model.state_dict(), \"weights.pt\").");
        return tensors;
    }

private:
    const PickleValue& findDictionary() const {
        const PickleValue* dictionary = &m_pickle.root();
        if (dictionary->kind != Kind::Dictionary)
            throw Error(ErrorKind::Data, "the file holds " + describe(*dictionary) + ", not a state dict",
                        m_where,
                        "Save the weights alone, in Python: torch.save(model.state_dict(), \"weights.pt\").");
        for (int level = 0; level < kDeepestDictionary; ++level) {
            const PickleValue* nested = nullptr;
            for (const char* key : kNestedKeys) {
                const auto* candidate = m_pickle.find(*dictionary, key);
                if (nested == nullptr && candidate != nullptr && candidate->kind == Kind::Dictionary)
                    nested = candidate;
            }
            if (nested == nullptr) break;
            dictionary = nested;
        }
        return *dictionary;
    }

    std::string keysOf(const PickleValue& dictionary) const {
        std::vector<std::string> keys;
        const std::size_t count = dictionary.parts.size() / 2;
        for (std::size_t i = 0; i < std::min(count, kKeysShown); ++i) {
            const auto& key = m_pickle.part(dictionary, 2 * i);
            keys.push_back(key.kind == Kind::Text ? shown(key.text, 40) : describe(key));
        }
        if (keys.empty()) return "an empty dictionary";
        return "the keys " + join(keys) + (count > kKeysShown ? ", …" : "");
    }

    /// The call that makes a tensor, inside of what makes a parameter of it; null for all other values.
    const PickleValue* tensorCall(const PickleValue& value) const {
        const PickleValue* call = &value;
        for (int i = 0; i < kMostWrappers; ++i) {
            if (call->kind != Kind::Call) return nullptr;
            if (call->text == kRebuild || call->text == kRebuild2) return call;
            const auto& arguments = m_pickle.part(*call, 0);
            if (call->text != kRebuildParameter || arguments.parts.empty()) return nullptr;
            call = &m_pickle.part(arguments, 0);
        }
        return nullptr;
    }

    void checkName(const PickleValue& key) const {
        if (key.kind != Kind::Text) fail("a tensor's name is " + describe(key) + ", not a text", m_where);
        if (key.text.empty() || key.text.size() > kLongestName || shown(key.text, kLongestName) != key.text)
            fail("\"" + shown(key.text) +
                     "\" can't be a tensor's name; 1 to 1000 printable ASCII characters "
                     "are allowed",
                 m_where);
    }

    torch::Tensor tensorOf(const PickleValue& call, const std::string& where) {
        const View view = viewOf(call, where);
        const auto bytes = byteCount(view, where);
        checkBounds(view, where);
        if (bytes > m_mostBytes - m_bytes)
            fail("with it the tensors take more than " + formatBytes(static_cast<double>(m_mostBytes)) +
                     ", several times the file's size",
                 where);
        m_bytes += bytes;
        const auto elements = m_storages.load(view.storage);
        return elements.as_strided(view.sizes, view.strides, view.storage.begin + view.offset).contiguous();
    }

    View viewOf(const PickleValue& call, const std::string& where) const {
        const auto& arguments = m_pickle.part(call, 0);
        if (arguments.parts.size() < 4 || arguments.parts.size() > 7)
            fail("a tensor is made of " + std::to_string(arguments.parts.size()) + " arguments", where);
        const auto& offset = m_pickle.part(arguments, 1);
        if (offset.kind != Kind::Integer || offset.integer < 0)
            fail("its place in the storage is " + numberText(offset) + "; expected is 0 or more", where);
        return {storageOf(m_pickle, m_pickle.part(arguments, 0), where), offset.integer,
                numbers(m_pickle.part(arguments, 2), "size", where),
                numbers(m_pickle.part(arguments, 3), "stride", where)};
    }

    static std::string numberText(const PickleValue& value) {
        return value.kind == Kind::Integer ? std::to_string(value.integer) : describe(value);
    }

    std::vector<std::int64_t> numbers(const PickleValue& value, const char* what,
                                      const std::string& where) const {
        const PickleValue* tuple = &value;
        if (value.kind == Kind::Call && value.text == kSize && m_pickle.part(value, 0).parts.size() == 1)
            tuple = &m_pickle.part(m_pickle.part(value, 0), 0);
        if (tuple->kind != Kind::Tuple && tuple->kind != Kind::List)
            fail(std::string("its ") + what + " is " + describe(*tuple), where);
        if (tuple->parts.size() > kMostDimensions)
            fail("it has " + std::to_string(tuple->parts.size()) + " dimensions; at most 64 are allowed",
                 where);
        std::vector<std::int64_t> result;
        for (std::size_t i = 0; i < tuple->parts.size(); ++i) {
            const auto& item = m_pickle.part(*tuple, i);
            if (item.kind != Kind::Integer || item.integer < 0)
                fail(std::string("its ") + what + " has " + numberText(item) + "; expected is 0 or more",
                     where);
            result.push_back(item.integer);
        }
        return result;
    }

    /// The sizes without zeros must not overflow either.
    static std::uint64_t byteCount(const View& view, const std::string& where) {
        auto bytes = static_cast<std::int64_t>(c10::elementSize(view.storage.type));
        bool empty = false;
        for (const std::int64_t size : view.sizes) {
            empty = empty || size == 0;
            if (__builtin_mul_overflow(bytes, std::max<std::int64_t>(size, 1), &bytes))
                fail("its shape has more elements than a tensor can have", where);
        }
        return empty ? 0 : static_cast<std::uint64_t>(bytes);
    }

    /// The element furthest back must lie in the storage.
    static void checkBounds(const View& view, const std::string& where) {
        if (view.sizes.size() != view.strides.size())
            fail("it has " + std::to_string(view.sizes.size()) + " sizes and " +
                     std::to_string(view.strides.size()) + " strides",
                 where);
        const bool empty = std::find(view.sizes.begin(), view.sizes.end(), 0) != view.sizes.end();
        std::int64_t end = view.offset;
        bool overflow = !empty && __builtin_add_overflow(end, 1, &end);
        for (std::size_t i = 0; i < view.sizes.size() && !empty; ++i) {
            std::int64_t reach = 0;
            overflow = overflow || __builtin_mul_overflow(view.sizes[i] - 1, view.strides[i], &reach) ||
                       __builtin_add_overflow(end, reach, &end);
        }
        if (overflow || end > view.storage.length)
            fail("it reads up to element " + (overflow ? "2^63" : std::to_string(end)) +
                     " of a storage that has " + std::to_string(view.storage.length),
                 where);
    }

    const Pickle& m_pickle;
    StorageSource& m_storages;
    std::string m_where;
    std::uint64_t m_mostBytes;
    std::uint64_t m_bytes = 0; ///< of the tensors so far
};

} // namespace

bool allowedInStateDict(const std::string& name) {
    return name == kRebuild || name == kRebuild2 || name == kRebuildParameter || name == kSize ||
           isElementType(name) || storageType(name) != nullptr;
}

Storage storageOf(const Pickle& pickle, const PickleValue& persistent, const std::string& where) {
    if (persistent.kind != Kind::Persistent) fail("its data is " + describe(persistent), where);
    const auto& id = pickle.part(persistent, 0);
    const auto count = id.parts.size();
    if (id.kind != Kind::Tuple || (count != 5 && count != 6))
        fail("a storage is not described by a tuple", where);
    const auto& type = pickle.part(id, 1);
    const auto& key = pickle.part(id, 2);
    const auto& elements = pickle.part(id, 4);
    const auto* scalar = type.kind == Kind::Global ? storageType(type.text) : nullptr;
    if (pickle.part(id, 0).text != "storage" || scalar == nullptr || key.kind != Kind::Text ||
        elements.kind != Kind::Integer || elements.integer < 0)
        fail("a storage is not described by its type, key and size", where);
    Storage storage{key.text, *scalar, elements.integer, 0, elements.integer};
    if (count == 5 || pickle.part(id, 5).kind == Kind::None) return storage;
    const auto& view = pickle.part(id, 5);
    if (view.kind != Kind::Tuple || view.parts.size() != 3) fail("a part of a storage is not a tuple", where);
    const auto& begin = pickle.part(view, 1);
    const auto& length = pickle.part(view, 2);
    if (begin.kind != Kind::Integer || length.kind != Kind::Integer || begin.integer < 0 ||
        length.integer < 0 || begin.integer > storage.elements ||
        length.integer > storage.elements - begin.integer)
        fail("a part of a storage lies outside of it", where);
    storage.begin = begin.integer;
    storage.length = length.integer;
    return storage;
}

std::map<std::string, torch::Tensor> readStateDict(const Pickle& pickle, StorageSource& storages,
                                                   const std::string& where, std::uint64_t mostBytes) {
    return StateDictReader(pickle, storages, where, mostBytes).read();
}

} // namespace quantarium::nn
