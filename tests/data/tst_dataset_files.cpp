// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/base/files.h"
#include "tests/data/sample_files.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kTrain = 40;
constexpr std::int64_t kTest = 20;

void writeMnist(const fs::path& folder) {
    writeFile(folder / "train-images-idx3-ubyte", idxImages(kTrain));
    writeFile(folder / "train-labels-idx1-ubyte", idxLabels(kTrain));
    writeFile(folder / "t10k-images-idx3-ubyte", idxImages(kTest));
    writeFile(folder / "t10k-labels-idx1-ubyte", idxLabels(kTest));
}

void writeCifar10(const fs::path& folder) {
    for (int i = 1; i <= 5; ++i)
        writeFile(folder / ("data_batch_" + std::to_string(i) + ".bin"), cifarRecords(8));
    writeFile(folder / "test_batch.bin", cifarRecords(kTest));
}

/// Images that count on from record to record, as the files made here have them.
torch::Tensor expectedImages(std::int64_t count, std::int64_t channels, std::int64_t side) {
    auto images = torch::empty({count, channels, side, side}, torch::kUInt8);
    auto* bytes = images.data_ptr<std::uint8_t>();
    const std::int64_t pixels = channels * side * side;
    for (std::int64_t i = 0; i < count * pixels; ++i)
        bytes[i] = samplePixel(i / pixels, i % pixels);
    return images;
}

} // namespace

/// File formats, good and bad. All files are made here.
class TestDatasetFiles : public QObject {
    Q_OBJECT

private slots:
    void readsIdx_data();
    void readsIdx();
    void readsCifar10();
    void readsCifar100FineLabels();
    void completeFileGivesNoNote();
    void refusesIdx_data();
    void refusesIdx();
    void refusesCifar_data();
    void refusesCifar();
    void refusesOddPlaces();
    void stopsAtTheEndOfAGzipBomb();
    void damagedGzipIsRefusedAtEveryCut();
};

void TestDatasetFiles::readsIdx_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<bool>("compressed");
    QTest::newRow("mnist plain") << "mnist" << false;
    QTest::newRow("mnist gz") << "mnist" << true;
    QTest::newRow("fashion-mnist gz") << "fashion-mnist" << true;
}

void TestDatasetFiles::readsIdx() {
    QFETCH(QString, id);
    QFETCH(bool, compressed);
    const TemporaryFolder folder;
    writeMnist(folder.path());
    if (compressed)
        for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                 "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
            const std::string content = readTextFile(folder.path() / name, 1 << 20);
            fs::remove(folder.path() / name);
            writeFile(folder.path() / (std::string(name) + ".gz"), gzipped(content));
        }
    const auto splits = openDataset(id.toStdString(), folder.path());
    QCOMPARE(splits.train->size(), kTrain);
    QCOMPARE(splits.test->size(), kTest);
    const auto train = allSamples(*splits.train);
    QVERIFY_SAME(bitDifference(train.images, expectedImages(kTrain, 1, 28)));
    QVERIFY_SAME(bitDifference(train.targets, torch::arange(kTrain) % 10));
    QCOMPARE(splits.notes.size(), std::size_t{2});
    QCOMPARE(splits.notes[0], std::string("train-images-idx3-ubyte") + (compressed ? ".gz" : "") +
                                  " has 40 records instead of 60,000");
}

void TestDatasetFiles::readsCifar10() {
    const TemporaryFolder folder;
    writeCifar10(folder.path());
    const auto splits = openDataset("cifar10", folder.path());
    const auto train = allSamples(*splits.train);
    const auto part = expectedImages(8, 3, 32);
    QVERIFY_SAME(bitDifference(train.images, torch::cat({part, part, part, part, part})));
    QVERIFY_SAME(bitDifference(train.targets, torch::arange(8).repeat({5})));
    QCOMPARE(splits.notes.size(), std::size_t{6});
    QCOMPARE(splits.notes.front(), std::string("data_batch_1.bin has 8 records instead of 10,000"));
    QCOMPARE(splits.classNames[3], std::string("cat"));
}

void TestDatasetFiles::readsCifar100FineLabels() {
    const TemporaryFolder folder;
    writeFile(folder.path() / "train.bin", cifarRecords(120, 2, 100));
    writeFile(folder.path() / "test.bin", cifarRecords(4, 2, 100));
    const auto splits = openDataset("cifar100", folder.path());
    const auto train = allSamples(*splits.train);
    QVERIFY_SAME(bitDifference(train.targets, torch::arange(120) % 100));
    QVERIFY_SAME(bitDifference(train.images, expectedImages(120, 3, 32)));
    QCOMPARE(splits.classNames.size(), std::size_t{100});
}

void TestDatasetFiles::completeFileGivesNoNote() {
    const TemporaryFolder folder;
    writeMnist(folder.path());
    writeFile(folder.path() / "t10k-images-idx3-ubyte", idxImages(10000));
    writeFile(folder.path() / "t10k-labels-idx1-ubyte", idxLabels(10000));
    const auto splits = openDataset("mnist", folder.path());
    QCOMPARE(splits.notes.size(), std::size_t{1});
    QCOMPARE(splits.notes[0], std::string("train-images-idx3-ubyte has 40 records instead of 60,000"));
}

void TestDatasetFiles::refusesIdx_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QString>("problem");
    const auto row = [](const char* name, const char* file, const std::string& content, const char* problem) {
        QTest::newRow(name) << file << QByteArray(content.data(), static_cast<int>(content.size()))
                            << problem;
    };
    const char* images = "train-images-idx3-ubyte";
    const char* labels = "train-labels-idx1-ubyte";
    const std::string good = idxImages(kTrain);
    std::string badLabel = idxLabels(kTrain);
    badLabel[8 + 12] = 10;
    row("empty", images, "", "has 0 bytes; an IDX file of images was expected");
    row("cut header", images, good.substr(0, 11), "ends after 11 bytes, within its header of 16 bytes");
    row("cut content", images, good.substr(0, good.size() - 1),
        "ends after 31359 bytes of content; its header declares 31360 (40 images)");
    row("too long", images, good + "x", "has more than the 31360 bytes of content that its header declares");
    row("swapped", images, idxLabels(kTrain),
        "holds labels where images were expected; the files may be swapped");
    row("swapped labels", labels, good, "holds images where labels were expected; the files may be swapped");
    row("PNG", images, pngLike(5000), "begins like a PNG image; an IDX file of images was expected");
    row("text", labels, "label,pixel1,pixel2\n5,0,0\n",
        "begins like text; an IDX file of labels was expected");
    row("floats", images, std::string("\0\0\x0d\x03", 4) + good.substr(4), "begins like bytes 00 00 0d 03");
    row("other size", images, idxImages(10, 32, 32),
        "holds images of 32 x 32 pixels; those of MNIST have 28 x 28");
    row("no records", images, idxImages(0), "has no records");
    row("more than the standard", labels, idxLabels(60001),
        "declares 60,001 records; the standard file has 60,000");
    row("counts differ", labels, idxLabels(kTrain - 1),
        "has 39 labels for the 40 images of train-images-idx3-ubyte");
    row("huge count", images, good.substr(0, 4) + "\xff\xff\xff\xff" + good.substr(8),
        "declares 4,294,967,295 records");
    row("label out of range", labels, badLabel, "record 13 has the label 10; those of MNIST are 0 … 9");
    row("test labels missing a record", "t10k-labels-idx1-ubyte", idxLabels(kTest + 1),
        "has 21 labels for the 20 images");
}

void TestDatasetFiles::refusesIdx() {
    QFETCH(QString, file);
    QFETCH(QByteArray, content);
    QFETCH(QString, problem);
    const TemporaryFolder folder;
    writeMnist(folder.path());
    writeFile(folder.path() / file.toStdString(), content.toStdString());
    const auto error = openError("mnist", folder.path());
    QVERIFY(error);
    QCOMPARE(error->kind(), ErrorKind::Data);
    QVERIFY2(QString::fromStdString(error->problem()).contains(problem), error->what());
    QCOMPARE(error->where(), (folder.path() / file.toStdString()).string());
    QVERIFY2(error->remedy().find("ossci-datasets.s3.amazonaws.com/mnist") != std::string::npos,
             error->what());
}

void TestDatasetFiles::refusesCifar_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QString>("problem");
    const auto row = [](const char* name, const char* file, const std::string& content, const char* problem) {
        QTest::newRow(name) << file << QByteArray(content.data(), static_cast<int>(content.size()))
                            << problem;
    };
    const char* file = "data_batch_3.bin";
    const std::string good = cifarRecords(8);
    std::string badLabel = good;
    badLabel[5 * 3073] = 10;
    row("empty", file, "", "is empty; the standard file has 30,730,000 bytes, 10,000 records of 3,073 bytes");
    row("cut", file, good.substr(0, good.size() - 1), "has 24,583 bytes, no whole number of records");
    row("CIFAR-100", file, cifarRecords(8, 2), "has 24,592 bytes, no whole number of records");
    row("PNG", file, pngLike(5000), "begins like a PNG image");
    row("PNG of fitting size", file, pngLike(3073),
        "record 1 has the label 137; those of CIFAR-10 are 0 … 9");
    row("label out of range", file, badLabel, "record 6 has the label 10; those of CIFAR-10 are 0 … 9");
    row("too long", file, std::string(10001 * std::size_t{3073}, '\0'), "has more than 30,730,000 bytes");
    row("test file cut", "test_batch.bin", good.substr(0, 100), "has 100 bytes, no whole number of records");
}

void TestDatasetFiles::refusesCifar() {
    QFETCH(QString, file);
    QFETCH(QByteArray, content);
    QFETCH(QString, problem);
    const TemporaryFolder folder;
    writeCifar10(folder.path());
    writeFile(folder.path() / file.toStdString(), content.toStdString());
    const auto error = openError("cifar10", folder.path());
    QVERIFY(error);
    QCOMPARE(error->kind(), ErrorKind::Data);
    QVERIFY2(QString::fromStdString(error->problem()).contains(problem), error->what());
    QCOMPARE(error->where(), (folder.path() / file.toStdString()).string());
    QVERIFY2(error->remedy().find("www.cs.toronto.edu") != std::string::npos, error->what());
}

void TestDatasetFiles::refusesOddPlaces() {
    const TemporaryFolder folder;
    writeCifar10(folder.path());
    const fs::path file = folder.path() / "data_batch_2.bin";
    fs::remove(file);
    QCOMPARE(openError("cifar10", folder.path())->problem(), std::string("the file is missing"));
    QCOMPARE(openError("cifar10", folder.path())->where(), file.string());
    fs::create_directory(file);
    QCOMPARE(openError("cifar10", folder.path())->problem(), std::string("is not a regular file"));
    fs::remove(file);
    fs::create_symlink("/dev/zero", file);
    QCOMPARE(openError("cifar10", folder.path())->problem(), std::string("is not a regular file"));
}

void TestDatasetFiles::stopsAtTheEndOfAGzipBomb() {
    const TemporaryFolder folder;
    writeMnist(folder.path());
    fs::remove(folder.path() / "train-images-idx3-ubyte");
    writeFile(folder.path() / "train-images-idx3-ubyte.gz",
              gzipped(idxImages(kTrain) + std::string(std::size_t{64} << 20, '\0')));
    const auto error = openError("mnist", folder.path());
    QVERIFY(error);
    QVERIFY2(error->problem().find("has more than the 31360 bytes of content") != std::string::npos,
             error->what());
}

void TestDatasetFiles::damagedGzipIsRefusedAtEveryCut() {
    const TemporaryFolder folder;
    writeMnist(folder.path());
    fs::remove(folder.path() / "train-labels-idx1-ubyte");
    const fs::path file = folder.path() / "train-labels-idx1-ubyte.gz";
    const std::string good = gzipped(idxLabels(kTrain));
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        writeFile(file, good.substr(0, cut));
        const auto error = openError("mnist", folder.path());
        QVERIFY2(error && error->kind() == ErrorKind::Data,
                 qPrintable(QString("cut after %1 bytes").arg(cut)));
    }
    for (std::size_t at = 10; at < good.size(); ++at) {
        std::string damaged = good;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x15);
        writeFile(file, damaged);
        const auto error = openError("mnist", folder.path());
        QVERIFY2(error && error->kind() == ErrorKind::Data,
                 qPrintable(QString("damaged at byte %1").arg(at)));
    }
}

QTEST_GUILESS_MAIN(TestDatasetFiles)
#include "tst_dataset_files.moc"
