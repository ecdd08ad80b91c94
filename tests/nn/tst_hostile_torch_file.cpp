// SPDX-License-Identifier: GPL-3.0-or-later
#include <limits>

#include <torch/types.h>

#include <QTest>

#include "core/base/error.h"
#include "tests/nn/torch_samples.h"
#include "tests/nn/weights_folder.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::nn;
using namespace quantarium::testing;
using namespace quantarium::testing::pickled;

namespace {

const std::string kFloats = floats({0, 1, 2, 3, 4, 5});

std::string legacyTensor(std::int64_t offset, const std::vector<std::int64_t>& sizes,
                         const std::vector<std::int64_t>& strides) {
    return legacyFile(dictionary({{"w", tensor(storage("FloatStorage", "0", 6), offset, sizes, strides)}}),
                      {{"0", 6, kFloats}});
}

std::string smallDictionary() {
    return dictionary({{"w", tensor(storage("FloatStorage", "0", 6), 0, {2, 3}, {3, 1})}});
}

std::vector<ZipEntry> smallArchive() {
    return {{"a/data.pkl", whole(smallDictionary())}, {"a/byteorder", "little"}, {"a/data/0", kFloats}};
}

} // namespace

/// Files of PyTorch that are cut, damaged or made to do harm: refused, with the reason and its place.
class TestHostileTorchFile : public QObject {
    Q_OBJECT

private slots:
    void hostileTensors_data();
    void hostileTensors();
    void hostileFiles_data();
    void hostileFiles();
    void hostileArchives_data();
    void hostileArchives();
    void copiesAreLimited();
    void everyTruncationIsRefused_data();
    void everyTruncationIsRefused();
    void randomBytesNeverCrash_data();
    void randomBytesNeverCrash();

private:
    void checkRefusal();

    WeightsFolder m_folder;
};

/// The row's bytes are refused as expected, or read where nothing is expected.
void TestHostileTorchFile::checkRefusal() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, expected);
    const auto problem = QString::fromStdString(m_folder.refusal(bytes.toStdString()));
    QVERIFY2(expected.isEmpty() ? problem.isEmpty() : problem.contains(expected), qPrintable(problem));
}

void TestHostileTorchFile::hostileTensors_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("expected");
    const auto add = [](const char* name, const std::string& bytes, const char* expected) {
        QTest::newRow(name) << QByteArray::fromStdString(bytes) << QString(expected);
    };
    constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
    add("whole storage", legacyTensor(0, {2, 3}, {3, 1}), "");
    add("last element", legacyTensor(5, {}, {}), "");
    add("empty at the end", legacyTensor(6, {0}, {1}), "");
    add("size beyond", legacyTensor(0, {7}, {1}), "up to element 7 of a storage that has 6");
    add("stride beyond", legacyTensor(0, {2, 3}, {4, 1}), "up to element 7 of");
    add("offset beyond", legacyTensor(1, {2, 3}, {3, 1}), "up to element 7 of");
    add("scalar beyond", legacyTensor(6, {}, {}), "up to element 7 of");
    add("empty beyond", legacyTensor(7, {0}, {1}), "up to element 7 of");
    add("negative offset", legacyTensor(-1, {2}, {1}), "its place in the storage is -1");
    add("negative stride", legacyTensor(5, {2}, {-1}), "its stride has -1");
    add("negative size", legacyTensor(0, {-2}, {1}), "its size has -2");
    add("largest offset", legacyTensor(kLargest, {1}, {1}), "up to element 2^63");
    add("largest stride", legacyTensor(0, {3}, {kLargest}), "up to element 2^63");
    add("largest size", legacyTensor(0, {kLargest}, {1}), "more elements than a tensor can have");
    add("product of sizes", legacyTensor(0, {1LL << 32, 1LL << 32}, {0, 0}),
        "more elements than a tensor can have");
    add("hidden by a zero", legacyTensor(0, {0, 1LL << 32, 1LL << 32}, {0, 0, 0}), "more elements than");
    add("expanded to terabytes", legacyTensor(0, {1LL << 40}, {0}), "several times the file's size");
    add("fewer strides", legacyTensor(0, {2, 3}, {1}), "it has 2 sizes and 1 strides");
    add("65 dimensions", legacyTensor(0, std::vector<std::int64_t>(65, 1), std::vector<std::int64_t>(65, 1)),
        "it has 65 dimensions");
    const auto one = [](const std::string& value, const std::string& key = "w") {
        return legacyFile(dictionary({{key, value}}), {{"0", 6, kFloats}});
    };
    const auto good = storage("FloatStorage", "0", 6);
    add("no storage", legacyFile(dictionary({{"w", tensor(integer(1), 0, {1}, {1})}}), {}),
        "its data is a number");
    add("storage without type",
        one(tensor(tuple(text("storage") + text("x") + text("0") + text("cpu") + integer(6)) + "Q", 0, {1},
                   {1})),
        "not described by its type, key and size");
    add("part outside the storage",
        one(tensor(storage("FloatStorage", "0", 6, tuple(text("v") + integer(4) + integer(3))), 0, {1}, {1})),
        "a part of a storage lies outside of it");
    add("two types of one storage",
        legacyFile(dictionary({{"v", tensor(storage("FloatStorage", "0", 6), 0, {1}, {1})},
                               {"w", tensor(storage("IntStorage", "0", 6), 0, {1}, {1})}}),
                   {{"0", 6, kFloats}}),
        "is described in two ways");
    add("one argument", one(call("torch._utils", "_rebuild_tensor_v2", good)),
        "a tensor is made of 1 arguments");
    add("size is a text",
        one(call("torch._utils", "_rebuild_tensor", good + integer(0) + text("a") + tuple(""))),
        "its size is a text");
    add("size of texts",
        one(call("torch._utils", "_rebuild_tensor", good + integer(0) + tuple(text("a")) + tuple(""))),
        "its size has a text");
    add("name with control characters", one(tensor(good, 0, {1}, {1}), "a\x1b[2J"),
        "\"a?[2J\" can't be a tensor's name");
    add("no name", one(tensor(good, 0, {1}, {1}), ""), "\"\" can't be a tensor's name");
    add("truth value of 2",
        legacyFile(dictionary({{"w", tensor(storage("BoolStorage", "0", 2), 0, {2}, {1})}}),
                   {{"0", 2, "\x01\x02"}}),
        "neither 0 nor 1");
}

void TestHostileTorchFile::hostileTensors() {
    checkRefusal();
}

void TestHostileTorchFile::hostileFiles_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("expected");
    const auto add = [](const char* name, const std::string& bytes, const char* expected) {
        QTest::newRow(name) << QByteArray::fromStdString(bytes) << QString(expected);
    };
    const std::string object = smallDictionary();
    add("runs a command", legacyFile(call("os", "system", text("true")), {}),
        "the file wants to run \"os.system\"");
    add("runs a command from a zip", zipFile({{"a/data.pkl", whole(call("os", "system", text("true")))}}),
        "a/data.pkl, byte 2: the file wants to run \"os.system\"");
    add("runs through a tensor's hooks",
        legacyFile(dictionary({{"w", name("torch._utils", "_rebuild_tensor_v2") + call("os", "system", "")}}),
                   {}),
        "os.system");
    add("whole module", legacyFile(tuple(text("module") + name("__main__", "LeNet5")) + "Q)\x81", {}),
        "the file wants to run \"__main__.LeNet5\"");
    add("TorchScript", zipFile({{"a/data.pkl", whole(name("__torch__.net", "Net") + ")\x81")}}),
        "\"__torch__.net.Net\"");
    add("list", legacyFile("]", {}), "the file holds a list, not a state dict");
    add("empty dictionary", legacyFile("}", {}), "the file has an empty dictionary");
    add("no tensors", legacyFile(dictionary({{"epoch", integer(1)}, {"x\x1b", "N"}}), {}),
        "the file has the keys epoch, x?");
    add("dictionary in itself", legacyFile("}q\x01" + text("model") + "h\x01s", {}),
        "the file has the keys model");
    add("no data", legacyFile(object, {}), "storage 0: has no data in the file");
    add("unknown storage", legacyFile(object, {{"1", 6, kFloats}}),
        "storage 1: is not described by the pickle");
    add("storage twice", legacyFile(object, {{"0", 6, kFloats}, {"0", 6, kFloats}}),
        "storage 0: is there twice");
    add("fewer elements", legacyFile(object, {{"0", 5, kFloats}}), "has 5 elements; the pickle says 6");
    add("negative elements", legacyFile(object, {{"0", ~std::uint64_t{0}, kFloats}}), "the pickle says 6");
    add("cut data", legacyFile(object, {{"0", 6, kFloats.substr(1)}}), "the file ends at byte");
    add("huge storage",
        legacyFile(dictionary({{"w", tensor(storage("FloatStorage", "0", 1LL << 62), 0, {1}, {1})}}),
                   {{"0", 1ULL << 62, kFloats}}),
        "storage 0: should have 4611686018427387904 elements");
    const std::string magic = legacyFile("", {}).substr(0, 15);
    add("other version", magic + whole(integer(1002)) + whole("}"), "its version is 1002");
    add("big-endian", magic + whole(integer(1001)) + whole(dictionary({{"little_endian", "\x89"}})),
        "big-endian");
}

void TestHostileTorchFile::hostileFiles() {
    checkRefusal();
}

void TestHostileTorchFile::hostileArchives_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("expected");
    using Change = void (*)(std::vector<ZipEntry>&);
    const auto add = [](const char* name, Change change, const char* expected) {
        auto entries = smallArchive();
        change(entries);
        QTest::newRow(name) << QByteArray::fromStdString(zipFile(entries)) << QString(expected);
    };
    add(
        "good", [](auto&) {}, "");
    add(
        "no byte order", [](auto& entries) { entries.erase(entries.begin() + 1); }, "");
    add(
        "big-endian", [](auto& entries) { entries[1].data = "big"; },
        "a/byteorder: the numbers were written big-endian");
    add(
        "no byte order known", [](auto& entries) { entries[1].data = "middle"; }, "neither little nor big");
    add(
        "long byte order", [](auto& entries) { entries[1].data = std::string(1000, 'l'); },
        "neither little nor big");
    add(
        "deflated", [](auto& entries) { entries[2].method = 8; },
        "a/data/0: the entry is compressed (method 8)");
    add(
        "encrypted", [](auto& entries) { entries[0].flags = 1; }, "a/data.pkl: the entry is encrypted");
    add(
        "wrong checksum", [](auto& entries) { entries[2].checksum = 1; }, "a/data/0: the data's CRC-32");
    add(
        "entry twice", [](auto& entries) { entries.push_back(entries[2]); },
        "a/data/0: the entry is there twice");
    add(
        "no data", [](auto& entries) { entries.pop_back(); }, "storage 0: the archive has no entry a/data/0");
    add(
        "data in another folder", [](auto& entries) { entries[2].name = "b/data/0"; }, "no entry a/data/0");
    add(
        "short data", [](auto& entries) { entries[2].data.pop_back(); },
        "storage 0: has 23 bytes; expected are 24");
    add(
        "size beyond the file", [](auto& entries) { entries[2].size = 1 << 20; },
        "the archive's directory begins at");
    add(
        "size of zip64 without its field", [](auto& entries) { entries[2].size = 0xffffffff; },
        "zip64 field is missing");
    add(
        "header elsewhere", [](auto& entries) { entries[2].headerAt = 7; },
        "not where the archive's directory says");
    add(
        "header beyond the file", [](auto& entries) { entries[2].headerAt = 0x7fffffff; }, "are needed");
    add(
        "another's data", [](auto& entries) { entries[2].headerAt = 0; },
        "not where the archive's directory says");
    add(
        "entries that share bytes",
        [](auto& entries) {
            const ZipEntry inner{"a/data/1", kFloats};
            entries.push_back(inner);
            const auto wrapped = zipFile({inner});
            entries[2].data = wrapped.substr(0, wrapped.find("PK\x01\x02"));
            entries[3].headerAt =
                zipFile({entries[0], entries[1]}).find("PK\x01\x02") + 30 + entries[2].name.size();
        },
        "shares bytes with another");
}

void TestHostileTorchFile::hostileArchives() {
    checkRefusal();
}

/// Tied weights are fine; a file that unfolds into many times its size is not.
void TestHostileTorchFile::copiesAreLimited() {
    const auto data = std::string(4000, '\0');
    const auto tied = [&](int count) {
        std::vector<std::pair<std::string, std::string>> items;
        for (int i = 0; i < count; ++i)
            items.emplace_back(std::to_string(i), tensor(storage("FloatStorage", "0", 1000), 0, {1000}, {1}));
        return legacyFile(dictionary(items), {{"0", 1000, data}});
    };
    QCOMPARE(m_folder.read(tied(2)).tensors.size(), std::size_t{2});
    QVERIFY(m_folder.refusal(tied(1000)).find("several times the file's size") != std::string::npos);
}

void TestHostileTorchFile::everyTruncationIsRefused_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"state_dict zip", "state_dict legacy", "protocol 4 zip", "protocol 4 legacy"})
        QTest::newRow(name) << QString(name);
}

void TestHostileTorchFile::everyTruncationIsRefused() {
    QFETCH(QString, name);
    const auto bytes = torchSample(name.toStdString());
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const auto problem = m_folder.refusal(bytes.substr(0, length));
        QVERIFY2(!problem.empty() && !problem.starts_with("unexpected"),
                 (std::to_string(length) + " " + problem).c_str());
    }
}

void TestHostileTorchFile::randomBytesNeverCrash_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"checkpoint zip", "checkpoint legacy"})
        QTest::newRow(name) << QString(name);
}

void TestHostileTorchFile::randomBytesNeverCrash() {
    QFETCH(QString, name);
    const auto bytes = torchSample(name.toStdString());
    std::uint32_t state = 1;
    const auto next = [&state] { return state = state * 1664525u + 1013904223u; };
    int refused = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string other = bytes;
        for (int change = 0; change < 1 + i % 4; ++change)
            other[(next() >> 8) % other.size()] = static_cast<char>(next() >> 16);
        const auto problem = m_folder.refusal(other);
        QVERIFY2(!problem.starts_with("unexpected"), problem.c_str());
        refused += problem.empty() ? 0 : 1;
    }
    QVERIFY(refused > 1000);
}

QTEST_GUILESS_MAIN(TestHostileTorchFile)
#include "tst_hostile_torch_file.moc"
