// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <fstream>
#include <limits>

#include <torch/types.h>

#include <QTest>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/nn/tensor_file.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::nn;

namespace {

std::string withLength(const std::string& header, const std::string& data) {
    std::string bytes(8, '\0');
    const std::uint64_t length = header.size();
    std::memcpy(bytes.data(), &length, 8);
    return bytes + header + data;
}

void writeBytes(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream stream(file, std::ios::binary);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// Empty when reading fails as it should: Error(Data) that names the file and says what to do.
QString missingRefusal(const std::filesystem::path& file) {
    try {
        readTensorFile(file);
        return "no error";
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Data) return "another kind of error";
        if (error.where().find(file.string()) != 0) return "the file isn't named";
        return error.problem().empty() || error.remedy().empty() ? "no problem or no remedy" : QString();
    }
}

TensorFile smallContent() {
    TensorFile content;
    content.tensors["weight"] = torch::arange(6, torch::kFloat32).view({2, 3});
    content.tensors["steps"] = torch::tensor({std::int64_t{-3}, std::int64_t{1} << 40});
    content.tensors["mask"] = torch::tensor({true, false, true});
    content.texts["about"] = "small";
    return content;
}

} // namespace

class TestTensorFile : public QObject {
    Q_OBJECT

private slots:
    void eachTypeRoundTrips_data();
    void eachTypeRoundTrips();
    void specialValuesKeepTheirBits();
    void emptyAndScalarTensors();
    void otherLayoutsAreStoredInOrder();
    void textsRoundTrip();
    void headerIsAsTheFormatSays();
    void unstorableContentIsRefused();
    void failedWriteKeepsTheOldFile();
    void cutAnywhereIsRefused();
    void anyChangedDataByteIsRefused();
    void swappedBytesAreRefused();
    void foreignFilesAreRead();
    void hostileHeaders_data();
    void hostileHeaders();
    void missingFilesAndFoldersAreRefused();
    void randomBytesNeverCrash();
    void realFile();

private:
    std::filesystem::path file() const { return m_folder.path() / "tensors.safetensors"; }

    testing::TemporaryFolder m_folder;
};

void TestTensorFile::eachTypeRoundTrips_data() {
    QTest::addColumn<int>("type");
    QTest::addColumn<QString>("name");
    QTest::newRow("F64") << static_cast<int>(torch::kFloat64) << "F64";
    QTest::newRow("F32") << static_cast<int>(torch::kFloat32) << "F32";
    QTest::newRow("F16") << static_cast<int>(torch::kFloat16) << "F16";
    QTest::newRow("BF16") << static_cast<int>(torch::kBFloat16) << "BF16";
    QTest::newRow("I64") << static_cast<int>(torch::kInt64) << "I64";
    QTest::newRow("I32") << static_cast<int>(torch::kInt32) << "I32";
    QTest::newRow("I16") << static_cast<int>(torch::kInt16) << "I16";
    QTest::newRow("I8") << static_cast<int>(torch::kInt8) << "I8";
    QTest::newRow("U8") << static_cast<int>(torch::kUInt8) << "U8";
    QTest::newRow("BOOL") << static_cast<int>(torch::kBool) << "BOOL";
}

void TestTensorFile::eachTypeRoundTrips() {
    QFETCH(int, type);
    QFETCH(QString, name);
    const auto dtype = static_cast<torch::ScalarType>(type);
    TensorFile content;
    content.tensors["a"] = torch::linspace(-100, 100, 35, torch::kFloat64).view({5, 1, 7}).abs().to(dtype);
    content.tensors["b"] = (torch::arange(9) % 2).to(dtype);
    writeTensorFile(file(), content);
    const TensorFile read = readTensorFile(file());
    QCOMPARE(read.tensors.size(), std::size_t{2});
    for (const auto& [key, tensor] : content.tensors) {
        QVERIFY_SAME(testing::bitDifference(read.tensors.at(key), tensor));
        QVERIFY(read.tensors.at(key).is_contiguous());
    }
    QVERIFY(readTextFile(file(), 10000).find("\"" + name.toStdString() + "\"") != std::string::npos);
}

void TestTensorFile::specialValuesKeepTheirBits() {
    const float payload = std::bit_cast<float>(std::uint32_t{0x7fc12345});
    const float infinity = std::numeric_limits<float>::infinity();
    TensorFile content;
    content.tensors["special"] = torch::tensor({payload, -payload, infinity, -infinity, -0.0f, 1e-45f, 0.1f});
    writeTensorFile(file(), content);
    QVERIFY_SAME(
        testing::bitDifference(readTensorFile(file()).tensors.at("special"), content.tensors["special"]));
}

void TestTensorFile::emptyAndScalarTensors() {
    TensorFile content;
    content.tensors["scalar"] = torch::tensor(2.5);
    content.tensors["empty"] = torch::empty({0});
    content.tensors["flat"] = torch::empty({3, 0, 2}, torch::kInt64);
    content.tensors["zz"] = torch::ones({1}, torch::kUInt8);
    writeTensorFile(file(), content);
    const TensorFile read = readTensorFile(file());
    for (const auto& [key, tensor] : content.tensors)
        QVERIFY_SAME(testing::bitDifference(read.tensors.at(key), tensor));
    QCOMPARE(read.tensors.at("scalar").dim(), 0);

    writeTensorFile(file(), {});
    QVERIFY(readTensorFile(file()).tensors.empty());
}

void TestTensorFile::otherLayoutsAreStoredInOrder() {
    const auto base = torch::arange(2 * 3 * 4 * 5, torch::kFloat32).view({2, 3, 4, 5});
    TensorFile content;
    content.tensors["channels last"] = base.contiguous(torch::MemoryFormat::ChannelsLast);
    content.tensors["transposed"] = base.transpose(1, 3);
    content.tensors["part"] = base.slice(3, 1, 4);
    content.tensors["repeated"] = torch::ones({1, 2}).expand({3, 2});
    content.tensors["learnable"] = base.clone().set_requires_grad(true);
    writeTensorFile(file(), content);
    const TensorFile read = readTensorFile(file());
    for (const auto& [key, tensor] : content.tensors) {
        QVERIFY_SAME(testing::bitDifference(read.tensors.at(key), tensor));
        QVERIFY(read.tensors.at(key).is_contiguous());
        QVERIFY(!read.tensors.at(key).requires_grad());
    }
}

void TestTensorFile::textsRoundTrip() {
    TensorFile content;
    content.texts = {
        {"", "empty key"}, {"quote\"", "line\nbreak \\ and {[ ü €"}, {"config", R"({"a": [1, {"b": 2}]})"}};
    writeTensorFile(file(), content);
    TensorFile read = readTensorFile(file());
    QCOMPARE(read.texts.count("quantarium.crc32"), std::size_t{1});
    read.texts.erase("quantarium.crc32");
    QVERIFY(read.texts == content.texts);
}

void TestTensorFile::headerIsAsTheFormatSays() {
    writeTensorFile(file(), smallContent());
    const std::string bytes = readTextFile(file(), 10000);
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    QCOMPARE(length % 8, std::uint64_t{0});
    QCOMPARE(bytes.size(), 8 + length + 24 + 16 + 3);
    const Json header = Json::parse(bytes.substr(8, length));
    QCOMPARE(bytes[8], '{');
    // wide types first, so that each tensor is aligned
    QCOMPARE(header["steps"].dump(), std::string(R"({"data_offsets":[0,16],"dtype":"I64","shape":[2]})"));
    QCOMPARE(header["weight"].dump(), std::string(R"({"data_offsets":[16,40],"dtype":"F32","shape":[2,3]})"));
    QCOMPARE(header["mask"].dump(), std::string(R"({"data_offsets":[40,43],"dtype":"BOOL","shape":[3]})"));
    QCOMPARE(header["__metadata__"]["about"].get<std::string>(), std::string("small"));
    // the check value of CRC-32 is that of "123456789"
    TensorFile digits;
    digits.tensors["digits"] = torch::arange('1', '9' + 1, torch::kUInt8);
    writeTensorFile(file(), digits);
    QCOMPARE(readTensorFile(file()).texts.at("quantarium.crc32"), std::string("cbf43926"));
}

void TestTensorFile::unstorableContentIsRefused() {
    const auto refused = [this](const TensorFile& content) {
        try {
            writeTensorFile(file(), content);
        } catch (const Error& error) {
            return error.kind() == ErrorKind::Storage;
        }
        return false;
    };
    TensorFile complex;
    complex.tensors["z"] = torch::zeros({2}, torch::kComplexFloat);
    QVERIFY(refused(complex));
    TensorFile reserved;
    reserved.tensors["__metadata__"] = torch::zeros({2});
    QVERIFY(refused(reserved));
    TensorFile longText;
    longText.texts["long"] = std::string(std::size_t{64} << 20, 'x');
    QVERIFY(refused(longText));
    TensorFile notText;
    notText.tensors["\xff\xfe"] = torch::zeros({2});
    QVERIFY(refused(notText));
}

void TestTensorFile::failedWriteKeepsTheOldFile() {
    writeTensorFile(file(), smallContent());
    const std::string before = readTextFile(file(), 10000);
    TensorFile bad = smallContent();
    bad.tensors["z"] = torch::zeros({2}, torch::kComplexFloat);
    QVERIFY_EXCEPTION_THROWN(writeTensorFile(file(), bad), Error);
    QCOMPARE(readTextFile(file(), 10000), before);
    QCOMPARE(std::distance(std::filesystem::directory_iterator(m_folder.path()), {}), 1);
    QVERIFY_EXCEPTION_THROWN(writeTensorFile(m_folder.path() / "missing" / "file", smallContent()), Error);
}

void TestTensorFile::cutAnywhereIsRefused() {
    writeTensorFile(file(), smallContent());
    const std::string bytes = readTextFile(file(), 10000);
    const auto cut = m_folder.path() / "cut.safetensors";
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        writeBytes(cut, bytes.substr(0, size));
        const QString problem = missingRefusal(cut);
        QVERIFY2(problem.isEmpty(), qPrintable(QString("%1 bytes: %2").arg(size).arg(problem)));
    }
    writeBytes(cut, bytes + '\0');
    QCOMPARE(missingRefusal(cut), QString());
}

void TestTensorFile::anyChangedDataByteIsRefused() {
    writeTensorFile(file(), smallContent());
    std::string bytes = readTextFile(file(), 10000);
    const auto changed = m_folder.path() / "changed.safetensors";
    for (std::size_t i = bytes.size() - 43; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>(bytes[i] ^ 1);
        writeBytes(changed, bytes);
        QCOMPARE(missingRefusal(changed), QString());
        bytes[i] = static_cast<char>(bytes[i] ^ 1);
    }
}

/// In the data each swap is caught; in the header names and texts may still read, but never crash.
void TestTensorFile::swappedBytesAreRefused() {
    writeTensorFile(file(), smallContent());
    const std::string bytes = readTextFile(file(), 10000);
    const std::size_t dataBegin = bytes.size() - 43;
    const auto swapped = m_folder.path() / "swapped.safetensors";
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
        std::string other = bytes;
        std::swap(other[i], other[i + 1]);
        if (other == bytes) continue;
        writeBytes(swapped, other);
        if (i < 8 || i >= dataBegin) {
            QCOMPARE(missingRefusal(swapped), QString());
            continue;
        }
        try {
            QCOMPARE(readTensorFile(swapped).tensors.size(), std::size_t{3});
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Data);
        }
    }
}

/// What other writers make: no checksum, no metadata, any order, spaces at the end.
void TestTensorFile::foreignFilesAreRead() {
    const float values[] = {1.5f, -2.0f};
    const std::string data(reinterpret_cast<const char*>(values), sizeof values);
    const std::string header = R"( {"z":{"shape":[2],"data_offsets":[0,8],"dtype":"F32"},)"
                               R"("a":{"dtype":"U8","shape":[3,1],"data_offsets":[8,11]}}    )";
    writeBytes(file(), withLength(header, data + std::string("\x01\x00\xff", 3)));
    const TensorFile read = readTensorFile(file());
    QVERIFY(read.texts.empty());
    QVERIFY(torch::equal(read.tensors.at("z"), torch::tensor({1.5f, -2.0f})));
    QVERIFY(torch::equal(read.tensors.at("a"), torch::tensor({1, 0, 255}, torch::kUInt8).view({3, 1})));
}

void TestTensorFile::hostileHeaders_data() {
    QTest::addColumn<QByteArray>("bytes");
    const auto add = [](const char* name, const std::string& header, std::size_t dataBytes = 8) {
        QTest::newRow(name) << QByteArray::fromStdString(withLength(header, std::string(dataBytes, '\0')));
    };
    const auto one = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
        return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
    };
    for (const std::uint64_t length : {std::uint64_t{9}, std::uint64_t{100'000'001}, std::uint64_t{1} << 63,
                                       ~std::uint64_t{0}, ~std::uint64_t{0} - 7}) {
        std::string bytes(8, '\0');
        std::memcpy(bytes.data(), &length, 8);
        QTest::addRow("length %llu", static_cast<unsigned long long>(length))
            << QByteArray::fromStdString(bytes + "{}      ");
    }
    add("no header", "");
    add("not JSON", "PK\x03\x04");
    add("not an object", "[1, 2]", 0);
    add("a text", "\"a\"", 0);
    add("two documents", "{}{}", 0);
    add("not UTF-8", "{\"\xff\":1}", 0);
    add("nested lists", std::string(1'000'000, '['), 0);
    add(
        "nested objects",
        [] {
            std::string text;
            for (int i = 0; i < 100'000; ++i)
                text += "{\"a\":";
            return text;
        }(),
        0);
    add("nested shape", one("\"F32\"", "[[[[2]]]]", "[0,8]"));
    add("duplicate names", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                           R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})");
    add("overlap", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                   R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})");
    add("the same bytes", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                          R"("b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})");
    add("gap", R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
               R"("b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})");
    add("gap at the begin", one("\"F32\"", "[1]", "[4,8]"));
    add("gap at the end", one("\"F32\"", "[1]", "[0,4]"));
    add("no tensors", "{}");
    add("beyond the data", one("\"F32\"", "[3]", "[0,12]"));
    add("far beyond the data", one("\"U8\"", "[9223372036854775807]", "[0,9223372036854775807]"));
    add("backwards", one("\"F32\"", "[2]", "[8,0]"));
    add("negative offset", one("\"F32\"", "[2]", "[-8,0]"));
    add("offset of 64 bits", one("\"F32\"", "[2]", "[18446744073709551608,18446744073709551615]"));
    add("offset of 65 bits", one("\"F32\"", "[2]", "[0,36893488147419103232]"));
    add("fractional offset", one("\"F32\"", "[2]", "[0,8.0]"));
    add("one offset", one("\"F32\"", "[2]", "[8]"));
    add("three offsets", one("\"F32\"", "[2]", "[0,4,8]"));
    add("offsets as text", one("\"F32\"", "[2]", "\"0,8\""));
    add("shape too small", one("\"F32\"", "[1]", "[0,8]"));
    add("shape too large", one("\"F32\"", "[3]", "[0,8]"));
    add("negative size", one("\"F32\"", "[-2]", "[0,8]"));
    add("negative sizes", one("\"F32\"", "[-1,-2]", "[0,8]"));
    add("product overflows to the right size", one("\"F32\"", "[4294967297,4294967296,2]", "[0,8]"));
    add("product overflows to 0", one("\"U8\"", "[4294967296,4294967296]", "[0,0]"), 0);
    add("overflow hidden by an empty dimension", one("\"U8\"", "[0,4294967296,4294967296]", "[0,0]"), 0);
    add("many dimensions",
        one(
            "\"U8\"",
            "[1" +
                [] {
                    std::string text;
                    for (int i = 0; i < 64; ++i)
                        text += ",1";
                    return text;
                }() +
                "]",
            "[0,1]"),
        1);
    add("shape is a number", one("\"F32\"", "2", "[0,8]"));
    add("unknown type", one("\"F4\"", "[2]", "[0,8]"));
    add("type is a number", one("32", "[2]", "[0,8]"));
    QTest::newRow("truth value of 2") << QByteArray::fromStdString(
        withLength(one("\"BOOL\"", "[8]", "[0,8]"), std::string(7, '\0') + '\2'));
    add("missing key", R"({"a":{"dtype":"F32","shape":[2]}})");
    add("foreign key", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})");
    add("tensor is a list", R"({"a":[0,8]})");
    add("tensor is null", R"({"a":null})");
    add("metadata is a list", R"({"__metadata__":[]})", 0);
    add("metadata has a number", R"({"__metadata__":{"a":1}})", 0);
    add("wrong checksum", R"({"__metadata__":{"quantarium.crc32":"00000000"},)"
                          R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})");
}

void TestTensorFile::hostileHeaders() {
    QFETCH(QByteArray, bytes);
    writeBytes(file(), bytes.toStdString());
    QCOMPARE(missingRefusal(file()), QString());
}

void TestTensorFile::missingFilesAndFoldersAreRefused() {
    for (const auto& path : {m_folder.path() / "none", m_folder.path(), std::filesystem::path("/dev/zero")}) {
        try {
            readTensorFile(path);
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Data);
            QCOMPARE(error.where(), path.string());
        }
    }
}

/// A small header with single bytes replaced by anything: either it reads, or it is refused.
void TestTensorFile::randomBytesNeverCrash() {
    writeTensorFile(file(), smallContent());
    const std::string bytes = readTextFile(file(), 10000);
    const auto random = m_folder.path() / "random.safetensors";
    std::uint32_t state = 1;
    const auto next = [&state] { return state = state * 1664525u + 1013904223u; };
    int refused = 0;
    for (int i = 0; i < 2000; ++i) {
        std::string other = bytes;
        for (int change = 0; change < 1 + i % 3; ++change)
            other[(next() >> 8) % other.size()] = static_cast<char>(next() >> 16);
        writeBytes(random, other);
        try {
            readTensorFile(random);
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Data);
            ++refused;
        }
    }
    QVERIFY(refused > 1000);
}

void TestTensorFile::realFile() {
    if (testing::realData().empty()) QSKIP("QUANTARIUM_DATA is not set: no real safetensors file to read");
    const auto path = testing::realData() / "weights" / "dfdx_mnist.safetensors";
    if (!std::filesystem::exists(path)) QSKIP("QUANTARIUM_DATA has no weights/dfdx_mnist.safetensors");
    const TensorFile content = readTensorFile(path);
    QCOMPARE(content.tensors.size(), std::size_t{8});
    QCOMPARE(content.tensors.at("0.0.weight").sizes().vec(), (std::vector<std::int64_t>{512, 784}));
    QCOMPARE(content.tensors.at("3.bias").sizes().vec(), (std::vector<std::int64_t>{10}));
    for (const auto& [name, tensor] : content.tensors) {
        QCOMPARE(tensor.scalar_type(), torch::kFloat32);
        QVERIFY2(tensor.abs().max().item<double>() < 100, name.c_str());
    }
    writeTensorFile(file(), content);
    const TensorFile again = readTensorFile(file());
    for (const auto& [name, tensor] : content.tensors)
        QVERIFY_SAME(testing::bitDifference(again.tensors.at(name), tensor));
}

QTEST_GUILESS_MAIN(TestTensorFile)
#include "tst_tensor_file.moc"
