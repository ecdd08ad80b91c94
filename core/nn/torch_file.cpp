// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/torch_file.h"

#include <algorithm>
#include <bit>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/nn/pickle.h"
#include "core/nn/state_dict.h"
#include "core/nn/zip_file.h"

namespace quantarium::nn {

static_assert(std::endian::native == std::endian::little,
              "files of PyTorch are read as little-endian, and so must be the machine");

namespace {

using Kind = PickleValue::Kind;

constexpr std::uint64_t kLargestPickle = std::uint64_t{32} << 20;
constexpr std::uint64_t kLongestByteOrder = 16;
/// What the tensors may take in memory, in file sizes: shared and expanded ones count as if they were not.
constexpr std::uint64_t kMostCopies = 4;
constexpr std::uint64_t kCountBytes = 8;
constexpr std::int64_t kLegacyVersion = 1001;
constexpr std::string_view kLegacyMagic{"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10};
constexpr const char* kBigEndian = "the numbers were written big-endian; only little-endian files are read";

/// Loads each storage once.
class CachedStorages : public StorageSource {
public:
    explicit CachedStorages(BinaryFile& file) : m_file(file) {}

    torch::Tensor load(const Storage& storage) final {
        const auto found = m_loaded.find(storage.key);
        if (found != m_loaded.end()) {
            if (found->second.scalar_type() != storage.type || found->second.numel() != storage.elements)
                m_file.fail("is described in two ways", placeOf(storage.key));
            return found->second;
        }
        auto elements = loadNew(storage, bytesOf(storage));
        if (storage.type == torch::kBool) checkBooleans(elements, storage.key);
        m_loaded.emplace(storage.key, elements);
        return elements;
    }

protected:
    virtual torch::Tensor loadNew(const Storage& storage, std::uint64_t bytes) = 0;

    std::uint64_t bytesOf(const Storage& storage) const {
        std::uint64_t bytes = 0;
        if (__builtin_mul_overflow(static_cast<std::uint64_t>(storage.elements),
                                   static_cast<std::uint64_t>(c10::elementSize(storage.type)), &bytes) ||
            bytes > m_file.size())
            m_file.fail("should have " + std::to_string(storage.elements) + " elements; the whole file has " +
                            std::to_string(m_file.size()) + " bytes",
                        placeOf(storage.key));
        return bytes;
    }

    torch::Tensor allocate(const Storage& storage) const {
        try {
            return torch::empty({storage.elements}, torch::TensorOptions(storage.type));
        } catch (const c10::Error&) {
            throw Error(ErrorKind::Resource,
                        "there is no memory for its " + std::to_string(bytesOf(storage)) + " bytes",
                        m_file.where() + ": " + placeOf(storage.key));
        }
    }

    static std::string placeOf(const std::string& key) { return "storage " + shown(key); }

    BinaryFile& m_file;

private:
    void checkBooleans(const torch::Tensor& elements, const std::string& key) const {
        const auto* bytes = static_cast<const unsigned char*>(elements.data_ptr());
        if (std::any_of(bytes, bytes + elements.numel(), [](unsigned char byte) { return byte > 1; }))
            m_file.fail("has a truth value that is neither 0 nor 1", placeOf(key));
    }

    std::map<std::string, torch::Tensor> m_loaded;
};

class ZipStorages : public CachedStorages {
public:
    ZipStorages(BinaryFile& file, const ZipFile& archive, std::string folder)
        : CachedStorages(file), m_archive(archive), m_folder(std::move(folder)) {}

protected:
    torch::Tensor loadNew(const Storage& storage, std::uint64_t bytes) override {
        const auto name = m_folder + "data/" + storage.key;
        const auto found = m_archive.entries().find(name);
        if (found == m_archive.entries().end())
            m_file.fail("the archive has no entry " + shown(name), placeOf(storage.key));
        if (found->second.size != bytes)
            m_file.fail("has " + std::to_string(found->second.size) + " bytes; expected are " +
                            std::to_string(bytes),
                        placeOf(storage.key));
        auto elements = allocate(storage);
        m_archive.read(name, found->second, elements.data_ptr());
        return elements;
    }

private:
    const ZipFile& m_archive;
    std::string m_folder;
};

class LegacyStorages : public CachedStorages {
public:
    using CachedStorages::CachedStorages;

    /// Finds all data behind the pickles: the keys say in which order it lies, the pickle how large it is.
    void locate(const Pickle& pickle, const Pickle& keys, std::uint64_t position) {
        const auto described = describedIn(pickle);
        if (keys.root().kind != Kind::List) m_file.fail("the keys of the storages are no list");
        for (std::size_t i = 0; i < keys.root().parts.size(); ++i) {
            const auto& key = keys.part(keys.root(), i);
            const auto found = described.find(key.text);
            if (key.kind != Kind::Text || found == described.end())
                m_file.fail("is not described by the pickle", placeOf(key.text));
            const auto bytes = bytesOf(found->second);
            const auto count = littleEndian<std::uint64_t>(m_file.read(position, kCountBytes), 0);
            if (count != static_cast<std::uint64_t>(found->second.elements))
                m_file.fail("has " + std::to_string(count) + " elements; the pickle says " +
                                std::to_string(found->second.elements),
                            placeOf(key.text));
            position += kCountBytes;
            if (bytes > m_file.size() - position)
                m_file.fail("has " + std::to_string(bytes) + " bytes from byte " + std::to_string(position) +
                                "; the file ends at byte " + std::to_string(m_file.size()),
                            placeOf(key.text));
            if (!m_offsets.emplace(key.text, position).second)
                m_file.fail("is there twice", placeOf(key.text));
            position += bytes;
        }
    }

protected:
    torch::Tensor loadNew(const Storage& storage, std::uint64_t bytes) override {
        const auto found = m_offsets.find(storage.key);
        if (found == m_offsets.end()) m_file.fail("has no data in the file", placeOf(storage.key));
        auto elements = allocate(storage);
        m_file.read(found->second, elements.data_ptr(), bytes);
        return elements;
    }

private:
    std::map<std::string, Storage> describedIn(const Pickle& pickle) const {
        std::map<std::string, Storage> described;
        for (const auto& value : pickle.values()) {
            if (value.kind != Kind::Persistent) continue;
            auto storage = storageOf(pickle, value, m_file.where());
            const auto [found, added] = described.emplace(storage.key, storage);
            if (!added && (found->second.type != storage.type || found->second.elements != storage.elements))
                m_file.fail("is described in two ways", placeOf(storage.key));
        }
        return described;
    }

    std::map<std::string, std::uint64_t> m_offsets;
};

/// "<name>/" of the one entry <name>/data.pkl.
std::string folderOf(const ZipFile& archive, const BinaryFile& file) {
    constexpr std::string_view kPickle = "/data.pkl";
    for (const auto& [name, entry] : archive.entries())
        if (name.ends_with(kPickle) && name.find('/') == name.size() - kPickle.size())
            return name.substr(0, name.size() - kPickle.size() + 1);
    throw Error(ErrorKind::Data, "the zip archive has no data.pkl, so PyTorch didn't write it", file.where(),
                "Give a safetensors file or a PyTorch state dict.");
}

void checkByteOrder(const ZipFile& archive, const std::string& folder, const BinaryFile& file) {
    const auto found = archive.entries().find(folder + "byteorder");
    if (found == archive.entries().end()) return;
    std::string order(std::min(found->second.size, kLongestByteOrder), '\0');
    if (found->second.size == order.size()) archive.read(found->first, found->second, order.data());
    if (order == "big") file.fail(kBigEndian, shown(found->first));
    if (order != "little") file.fail("names neither little nor big", shown(found->first));
}

Pickle readObject(std::string_view bytes, std::size_t& position, const std::string& where) {
    return Pickle::read(bytes, position, {where, allowedInStateDict});
}

/// What comes before the object: magic number, version, system information.
void checkLegacyHeader(std::string_view bytes, std::size_t& position, const BinaryFile& file) {
    const auto magic = readObject(bytes, position, file.where());
    if (magic.root().kind != Kind::Big || magic.root().text != kLegacyMagic)
        throw Error(ErrorKind::Data, "the pickle doesn't begin with PyTorch's magic number", file.where(),
                    "Give a safetensors file or a PyTorch state dict.");
    const auto version = readObject(bytes, position, file.where());
    if (version.root().kind != Kind::Integer || version.root().integer != kLegacyVersion)
        file.fail("its version is " +
                  (version.root().kind == Kind::Integer ? std::to_string(version.root().integer)
                                                        : describe(version.root())) +
                  "; 1001 is known");
    const auto system = readObject(bytes, position, file.where());
    const auto* little = system.find(system.root(), "little_endian");
    if (little != nullptr && little->kind == Kind::Boolean && little->integer == 0) file.fail(kBigEndian);
}

} // namespace

TensorFile readTorchZip(BinaryFile& file) {
    const ZipFile archive(file);
    const auto folder = folderOf(archive, file);
    checkByteOrder(archive, folder, file);
    const auto name = folder + "data.pkl";
    const auto& entry = archive.entries().at(name);
    if (entry.size > kLargestPickle)
        file.fail("has " + std::to_string(entry.size) + " bytes; at most 32 MiB are allowed", shown(name));
    std::string bytes(entry.size, '\0');
    archive.read(name, entry, bytes.data());
    std::size_t position = 0;
    const auto pickle = readObject(bytes, position, file.where() + ": " + shown(name));
    ZipStorages storages(file, archive, folder);
    return {readStateDict(pickle, storages, file.where(), kMostCopies * file.size()), {}};
}

TensorFile readTorchLegacy(BinaryFile& file) {
    const auto bytes = file.read(0, std::min(file.size(), kLargestPickle));
    std::size_t position = 0;
    checkLegacyHeader(bytes, position, file);
    const auto pickle = readObject(bytes, position, file.where());
    const auto keys = readObject(bytes, position, file.where());
    LegacyStorages storages(file);
    storages.locate(pickle, keys, position);
    return {readStateDict(pickle, storages, file.where(), kMostCopies * file.size()), {}};
}

} // namespace quantarium::nn
