// SPDX-License-Identifier: GPL-3.0-or-later

#include <torch/types.h>

#include <QTest>

#include "core/base/error.h"
#include "core/nn/weights_file.h"
#include "tests/nn/torch_samples.h"
#include "tests/nn/weights_folder.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::nn;
using namespace quantarium::testing;
using namespace quantarium::testing::pickled;

namespace {

const std::string kFloats = floats({0, 1, 2, 3, 4, 5});

std::string smallDictionary() {
    return dictionary({{"w", tensor(storage("FloatStorage", "0", 6), 0, {2, 3}, {3, 1})}});
}

} // namespace

/// Files of PyTorch, made by it and by hand: what is read from them.
class TestTorchFile : public QObject {
    Q_OBJECT

private slots:
    void stateDictsAreRead_data();
    void stateDictsAreRead();
    void checkpointsAreRead_data();
    void checkpointsAreRead();
    void partsOfStoragesAreRead();
    void prefixesAreTakenOff_data();
    void prefixesAreTakenOff();
    void nestedDictionariesAreFound_data();
    void nestedDictionariesAreFound();
    void formatIsToldByContent_data();
    void formatIsToldByContent();
    void realFiles();

private:
    WeightsFolder m_folder;
};

void TestTorchFile::stateDictsAreRead_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"state_dict zip", "state_dict legacy", "protocol 4 zip", "protocol 4 legacy"})
        QTest::newRow(name) << QString(name);
}

void TestTorchFile::stateDictsAreRead() {
    QFETCH(QString, name);
    const auto tensors = m_folder.read(torchSample(name.toStdString())).tensors;
    QCOMPARE(tensors.size(), std::size_t{3});
    QVERIFY_SAME(bitDifference(tensors.at("a.weight"), torch::arange(6, torch::kFloat32).view({2, 3})));
    QVERIFY_SAME(bitDifference(tensors.at("a.bias"), torch::tensor({0.5f, -1.5f})));
    QVERIFY_SAME(bitDifference(tensors.at("n.num_batches_tracked"), torch::tensor(7, torch::kInt64)));
}

void TestTorchFile::checkpointsAreRead_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"checkpoint zip", "checkpoint legacy"})
        QTest::newRow(name) << QString(name);
}

void TestTorchFile::checkpointsAreRead() {
    QFETCH(QString, name);
    const auto tensors = m_folder.read(torchSample(name.toStdString())).tensors;
    const auto big = torch::arange(12, torch::kFloat32).view({3, 4});
    const std::map<std::string, torch::Tensor> expected{{"t", big.t().contiguous()},
                                                        {"row", big[1]},
                                                        {"half", torch::tensor({1.5f, -2.0f})},
                                                        {"bf", torch::tensor({1.5f, -2.0f})},
                                                        {"e", torch::full({2, 2}, 3.0f)},
                                                        {"p", torch::tensor({9.0f})},
                                                        {"flag", torch::tensor({true, false})},
                                                        {"z", torch::zeros({0, 3})}};
    QCOMPARE(tensors.size(), expected.size());
    for (const auto& [key, tensor] : expected) {
        QVERIFY2(tensors.contains(key), key.c_str());
        QVERIFY(tensors.at(key).is_contiguous());
        QVERIFY_SAME(bitDifference(tensors.at(key), tensor));
    }
}

/// Views as files before PyTorch 0.4 have them, its function name, and a type of the GPU.
void TestTorchFile::partsOfStoragesAreRead() {
    const std::string part =
        tuple(text("storage") + name("torch.cuda", "FloatStorage") + text("9") + text("cuda:0") + integer(6) +
              tuple(text("view") + integer(2) + integer(3))) +
        "Q";
    const auto made = [&](std::int64_t offset) {
        return dictionary({{"w", call("torch._utils", "_rebuild_tensor",
                                      part + integer(offset) + call("torch", "Size", tuple(integer(2))) +
                                          tuple(integer(1)))}});
    };
    const auto tensors = m_folder.read(legacyFile(made(1), {{"9", 6, kFloats}})).tensors;
    QVERIFY_SAME(bitDifference(tensors.at("w"), torch::tensor({3.0f, 4.0f})));
    const auto problem = m_folder.refusal(legacyFile(made(2), {{"9", 6, kFloats}}));
    QCOMPARE(problem, std::string(": w: it reads up to element 4 of a storage that has 3"));
}

void TestTorchFile::prefixesAreTakenOff_data() {
    QTest::addColumn<QString>("first");
    QTest::addColumn<QString>("second");
    QTest::addColumn<QString>("read");
    QTest::newRow("DataParallel") << "module.a"
                                  << "module.b.c"
                                  << "a b.c";
    QTest::newRow("nested") << "_orig_mod.module.a"
                            << "_orig_mod.module.b"
                            << "a b";
    QTest::newRow("of one name only") << "module.a"
                                      << "b"
                                      << "b module.a";
    QTest::newRow("nothing behind it") << "module."
                                       << "module.b"
                                       << "module. module.b";
    QTest::newRow("a layer's name") << "layer1.a"
                                    << "layer1.b"
                                    << "layer1.a layer1.b";
}

void TestTorchFile::prefixesAreTakenOff() {
    QFETCH(QString, first);
    QFETCH(QString, second);
    QFETCH(QString, read);
    const auto one = tensor(storage("FloatStorage", "0", 6), 0, {6}, {1});
    QStringList names;
    for (const auto& item :
         m_folder
             .read(legacyFile(dictionary({{first.toStdString(), one}, {second.toStdString(), one}}),
                              {{"0", 6, kFloats}}))
             .tensors)
        names.append(QString::fromStdString(item.first));
    QCOMPARE(names.join(' '), read);
}

void TestTorchFile::nestedDictionariesAreFound_data() {
    QTest::addColumn<QByteArray>("object");
    const auto add = [](const char* name, const std::string& object) {
        QTest::newRow(name) << QByteArray::fromStdString(object);
    };
    const auto best = tensor(storage("FloatStorage", "0", 6), 0, {}, {});
    add("plain", smallDictionary());
    add("state_dict", dictionary({{"epoch", integer(3)}, {"best", best}, {"state_dict", smallDictionary()}}));
    add("model", dictionary({{"model", smallDictionary()}, {"optimizer", dictionary({{"lr", integer(1)}})}}));
    add("net", dictionary({{"net", smallDictionary()}}));
    add("twice", dictionary({{"model", dictionary({{"state_dict", smallDictionary()}})}}));
    add("beside other values", dictionary({{"w", tensor(storage("FloatStorage", "0", 6), 0, {2, 3}, {3, 1})},
                                           {"epoch", integer(3)},
                                           {"model", text("resnet20")}}));
}

void TestTorchFile::nestedDictionariesAreFound() {
    QFETCH(QByteArray, object);
    const auto tensors = m_folder.read(legacyFile(object.toStdString(), {{"0", 6, kFloats}})).tensors;
    QCOMPARE(tensors.size(), std::size_t{1});
    QVERIFY_SAME(bitDifference(tensors.at("w"), torch::arange(6, torch::kFloat32).view({2, 3})));
}

void TestTorchFile::formatIsToldByContent_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("expected");
    const auto add = [](const char* name, const std::string& bytes, const char* expected) {
        QTest::newRow(name) << QByteArray::fromStdString(bytes) << QString(expected);
    };
    add("empty", "", ": the file is empty");
    add("PNG", "\x89PNG\r\n\x1a\n1234", "it begins with the bytes 89 50 4e 47");
    add("HDF5", "\x89HDF\r\n\x1a\n1234", "it begins with the bytes 89 48 44 46");
    add("one byte", "\x80", "it begins with the bytes 80");
    add("other zip", zipFile({{"a/readme.txt", "hello"}}), "the zip archive has no data.pkl");
    add("other pickle", whole(smallDictionary()), "doesn't begin with PyTorch's magic number");
    // 640 bytes of header: the first two look like a pickle's
    add("safetensors that begins like a pickle",
        std::string("\x80\x02\0\0\0\0\0\0", 8) + "{}" + std::string(638, ' '), "");
    add("safetensors",
        std::string("\x40\0\0\0\0\0\0\0", 8) +
            R"({"w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}          )" + std::string(8, 0),
        "");
}

void TestTorchFile::formatIsToldByContent() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, expected);
    const auto problem = QString::fromStdString(m_folder.refusal(bytes.toStdString()));
    QVERIFY2(expected.isEmpty() ? problem.isEmpty() : problem.contains(expected), qPrintable(problem));
    if (expected.isEmpty())
        for (const auto& item : m_folder.read(bytes.toStdString()).tensors)
            QVERIFY(item.second.scalar_type() == torch::kFloat32);
}

void TestTorchFile::realFiles() {
    const auto folder = realData() / "weights";
    if (realData().empty() || !std::filesystem::exists(folder / "resnet20-12fca82f.th"))
        QSKIP("QUANTARIUM_DATA has no weights: no real PyTorch files to read");
    const auto resnet = readWeightsFile(folder / "resnet20-12fca82f.th").tensors;
    QCOMPARE(resnet.at("conv1.weight").sizes().vec(), (std::vector<std::int64_t>{16, 3, 3, 3}));
    QCOMPARE(resnet.at("linear.weight").sizes().vec(), (std::vector<std::int64_t>{10, 64}));
    QCOMPARE(resnet.at("layer3.2.bn2.running_var").sizes().vec(), (std::vector<std::int64_t>{64}));
    const auto lenet = readWeightsFile(folder / "zlpkhr_lenet.pt").tensors;
    QCOMPARE(lenet.at("c1.weight").sizes().vec(), (std::vector<std::int64_t>{6, 1, 5, 5}));
    try {
        readWeightsFile(folder / "cifar10_lenet5_EricWWWW.pt");
        QFAIL("a pickled module was read");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Data);
        QCOMPARE(error.problem(), std::string("the file wants to run \"__main__.LeNet5\""));
        QVERIFY(error.remedy().find("torch.save(model.state_dict()") != std::string::npos);
    }
}

QTEST_GUILESS_MAIN(TestTorchFile)
#include "tst_torch_file.moc"
