// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/data/manifest.h"
#include "tests/data/sample_files.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

namespace fs = std::filesystem;

void writeCifar100(const fs::path& folder) {
    writeFile(folder / "train.bin", cifarRecords(4, 2));
    writeFile(folder / "test.bin", cifarRecords(2, 2));
}

} // namespace

/// datasets/*.json, the constants in them, and where files are looked for.
class TestManifest : public QObject {
    Q_OBJECT

private slots:
    void everyEntryIsDescribed_data();
    void everyEntryIsDescribed();
    void everyFileOfDatasetsIsEmbedded();
    void constants();
    void normalizationByName();
    void badManifests();
    void looksBelowTheVariable();
    void looksInAndBelowTheRoot();
    void sameFileNamesDontMixUp();
    void nothingFound();
};

void TestManifest::everyEntryIsDescribed_data() {
    QTest::addColumn<QString>("id");
    for (const auto& id : data::builtinDatasets().ids())
        QTest::newRow(id.c_str()) << QString::fromStdString(id);
}

void TestManifest::everyEntryIsDescribed() {
    QFETCH(QString, id);
    const auto& entry = data::builtinDatasets().at(id.toStdString(), "test");
    const auto manifest = data::manifestOf(entry.schema.id);
    QCOMPARE(manifest.id, entry.schema.id);
    QVERIFY(!entry.schema.title.empty() && !entry.schema.help.empty() && !entry.schema.source.empty());
    QVERIFY(!manifest.obtain.empty() && !manifest.licence.empty());
    const auto named = static_cast<std::int64_t>(manifest.classes.size());
    QCOMPARE(entry.published.classes, entry.published.inMemory ? named : manifest.published.classes);
    QCOMPARE(manifest.normalization.mean.size(), static_cast<std::size_t>(entry.published.imageShape[0]));
    QCOMPARE(manifest.normalization.deviation.size(),
             static_cast<std::size_t>(entry.published.imageShape[0]));
    QVERIFY(entry.published.trainSamples > 0 && entry.published.testSamples > 0);
    QVERIFY(entry.open && entry.available && entry.describe);
    QCOMPARE(entry.embedded, manifest.train.empty() && manifest.folders.empty());
    const std::int64_t imageBytes =
        entry.published.imageShape[0] * entry.published.imageShape[1] * entry.published.imageShape[2];
    for (const auto& file : manifest.train) {
        const std::int64_t expected = file.holds == "records"
                                          ? file.records * (manifest.labelBytes + imageBytes)
                                      : file.holds == "images" ? 16 + file.records * imageBytes
                                                               : 8 + file.records;
        QCOMPARE(file.bytes, expected);
    }
}

void TestManifest::everyFileOfDatasetsIsEmbedded() {
    std::size_t files = 0;
    for (const auto& item : fs::directory_iterator(QUANTARIUM_DATASETS)) {
        if (item.path().extension() != ".json") continue;
        ++files;
        QCOMPARE(data::manifestOf(item.path().stem().string()).id, item.path().stem().string());
    }
    QCOMPARE(data::embeddedManifests().size(), files);
    QVERIFY_EXCEPTION_THROWN(data::manifestOf("cifar11"), std::logic_error);
}

void TestManifest::constants() {
    const auto cifar = data::builtinDatasets().at("cifar10", "test");
    QCOMPARE(cifar.published.trainSamples, std::int64_t{50000});
    QCOMPARE(cifar.published.testSamples, std::int64_t{10000});
    QCOMPARE(data::manifestOf("cifar10").normalization.deviation,
             (std::vector<double>{0.2470, 0.2435, 0.2616}));
    QCOMPARE(data::manifestOf("cifar100").normalization.mean, (std::vector<double>{0.5071, 0.4865, 0.4409}));
    QCOMPARE(cifar.defaultAugment, (Json{{"pad", 4}, {"crop", true}, {"flip", true}}));
    QCOMPARE(data::builtinDatasets().at("mnist", "test").published.trainSamples, std::int64_t{60000});
}

void TestManifest::normalizationByName() {
    const auto cifar = data::manifestOf("cifar10");
    const auto mnist = data::manifestOf("mnist");
    QCOMPARE(data::normalizationOf("imagenet", cifar).mean, (std::vector<double>{0.485, 0.456, 0.406}));
    QCOMPARE(data::normalizationOf("none", mnist).mean, (std::vector<double>{0}));
    QCOMPARE(data::normalizationOf("none", mnist).deviation, (std::vector<double>{1}));
    QCOMPARE(data::normalizationOf("dataset", mnist).mean, mnist.normalization.mean);
    try {
        data::normalizationOf("imagenet", mnist);
        QFAIL("accepted");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Config);
        QCOMPARE(error.problem(),
                 std::string("\"imagenet\" is for images of 3 channels; those of MNIST have 1"));
        QCOMPARE(error.where(), std::string("dataset.normalization"));
    }
    QVERIFY_EXCEPTION_THROWN(data::normalizationOf("imagnet", cifar), Error);
}

void TestManifest::badManifests() {
    QVERIFY_EXCEPTION_THROWN(data::parseManifest("{", "here"), Error);
    QVERIFY_EXCEPTION_THROWN(data::parseManifest("[]", "here"), Error);
    QVERIFY_EXCEPTION_THROWN(data::parseManifest(R"({"format": "quantarium-dataset/2"})", "here"), Error);
    try {
        data::parseManifest(R"({"format": "quantarium-dataset/1", "id": "x"})", "datasets/x.json");
        QFAIL("accepted");
    } catch (const Error& error) {
        QCOMPARE(error.where(), std::string("datasets/x.json"));
        QVERIFY2(error.problem().find("title") != std::string::npos, error.what());
    }
}

void TestManifest::looksBelowTheVariable() {
    const TemporaryFolder folder;
    const DataVariable variable(folder.path().string());
    const auto& entry = data::builtinDatasets().at("cifar100", "test");
    QVERIFY(!entry.available({}));
    writeCifar100(folder.path() / "cifar100" / "cifar-100-binary");
    QVERIFY(entry.available({}));
    QCOMPARE(openDataset("cifar100", {}).train->size(), std::int64_t{4});
    fs::remove(folder.path() / "cifar100" / "cifar-100-binary" / "test.bin");
    QVERIFY(!entry.available({}));
}

void TestManifest::looksInAndBelowTheRoot() {
    const TemporaryFolder folder;
    const DataVariable variable(std::nullopt);
    const fs::path inner = folder.path() / "cifar-100-binary";
    writeCifar100(inner);
    QCOMPARE(openDataset("cifar100", inner).train->size(), std::int64_t{4});
    QCOMPARE(openDataset("cifar100", folder.path()).train->size(), std::int64_t{4});
    QVERIFY(data::builtinDatasets().at("cifar100", "test").available(inner));
}

void TestManifest::sameFileNamesDontMixUp() {
    const TemporaryFolder folder;
    const DataVariable variable(folder.path().string());
    for (const char* name : {"train", "t10k"}) {
        writeFile(folder.path() / "fashion-mnist" / (std::string(name) + "-images-idx3-ubyte"),
                  idxImages(12));
        writeFile(folder.path() / "fashion-mnist" / (std::string(name) + "-labels-idx1-ubyte"),
                  idxLabels(12));
    }
    QVERIFY(data::builtinDatasets().at("fashion-mnist", "test").available({}));
    QVERIFY(!data::builtinDatasets().at("mnist", "test").available({}));
    QVERIFY(openError("mnist", {}));
}

void TestManifest::nothingFound() {
    const TemporaryFolder folder;
    {
        const DataVariable variable(std::nullopt);
        const auto error = openError("cifar10", {});
        QVERIFY(error);
        QCOMPARE(error->kind(), ErrorKind::Data);
        QCOMPARE(error->where(), std::string("dataset.root"));
        QCOMPARE(error->problem(),
                 std::string("CIFAR-10: no folder is given, and QUANTARIUM_DATA is not set"));
        QVERIFY2(error->remedy().find("cifar-10-binary.tar.gz") != std::string::npos, error->what());
    }
    const auto error = openError("cifar10", folder.path());
    QVERIFY(error);
    QVERIFY2(error->problem().find((folder.path() / "cifar-10-batches-bin").string()) != std::string::npos,
             error->what());
}

QTEST_GUILESS_MAIN(TestManifest)
#include "tst_manifest.moc"
