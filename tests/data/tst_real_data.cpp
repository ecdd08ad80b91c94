// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/data/manifest.h"
#include "tests/data/sample_files.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::testing;

/// The published files themselves, where QUANTARIUM_DATA has them.
class TestRealData : public QObject {
    Q_OBJECT

private slots:
    void opens_data();
    void opens();
    void constantsFitWholeSets();
    void photographs();
};

void TestRealData::opens_data() {
    QTest::addColumn<QString>("id");
    for (const auto& entry : data::builtinDatasets().entries())
        if (!entry.embedded && entry.published.inMemory)
            QTest::newRow(entry.schema.id.c_str()) << QString::fromStdString(entry.schema.id);
}

void TestRealData::opens() {
    QFETCH(QString, id);
    const auto& entry = data::builtinDatasets().at(id.toStdString(), "test");
    if (!entry.available({})) QSKIP(qPrintable(id + " is not below QUANTARIUM_DATA"));
    const auto splits = openDataset(entry.schema.id, {}, 0.1);
    const auto samples = splits.train->size() + splits.validation->size();
    QVERIFY(samples <= entry.published.trainSamples && splits.test->size() <= entry.published.testSamples);
    QCOMPARE(splits.notes.empty(),
             samples == entry.published.trainSamples && splits.test->size() == entry.published.testSamples);
    const auto test = allSamples(*splits.test);
    const auto perClass = test.targets.bincount({}, entry.published.classes);
    QCOMPARE(perClass.size(0), entry.published.classes);
    QVERIFY(perClass.min().item<std::int64_t>() > 0);
    for (const auto& note : splits.notes)
        qInfo("%s", note.c_str());
}

/// Mean and standard deviation over all training pixels, from which the manifests' constants are made.
void TestRealData::constantsFitWholeSets() {
    int checked = 0;
    for (const auto& entry : data::builtinDatasets().entries()) {
        if (entry.embedded || !entry.published.inMemory || !entry.available({})) continue;
        const auto splits = openDataset(entry.schema.id, {});
        const double tolerance = splits.notes.empty() ? 5.1e-4 : 0.02;
        const auto images = allSamples(*splits.train).images.transpose(0, 1).flatten(1);
        const auto constants = splits.normalization;
        for (std::int64_t c = 0; c < images.size(0); ++c) {
            const auto plane = images[c].to(torch::kFloat64) / 255;
            const auto found = torch::stack({plane.mean(), plane.std()});
            const auto i = static_cast<std::size_t>(c);
            QVERIFY_SAME(
                difference(found, torch::tensor({constants.mean[i], constants.deviation[i]}, torch::kFloat64),
                           tolerance));
        }
        ++checked;
    }
    if (checked == 0) QSKIP("no dataset below QUANTARIUM_DATA");
}

/// Photographs of ImageNet, one a class: some greyscale, some with EXIF.
void TestRealData::photographs() {
    const auto& entry = data::builtinDatasets().at("imagenet", "test");
    const auto photographs = realData() / "imagenet-sample";
    if (!entry.lacking.empty() || !std::filesystem::is_directory(photographs))
        QSKIP("no imagenet-sample below QUANTARIUM_DATA, or no codecs");
    const TemporaryFolder folder;
    for (const char* split : {"train", "val"})
        std::filesystem::create_directory_symlink(photographs, folder.path() / split);
    const auto splits = openDataset("imagenet", folder.path());
    QVERIFY(splits.notes.empty());
    const auto batch = allSamples(*splits.train);
    QVERIFY_SAME(bitDifference(batch.targets, torch::arange(batch.targets.size(0))));
    QVERIFY(splits.remarks->take().empty());
    const double mean = batch.images.to(torch::kFloat32).mean().item<double>() / 255;
    QVERIFY2(mean > 0.3 && mean < 0.6, qPrintable(QString::number(mean)));
}

QTEST_GUILESS_MAIN(TestRealData)
#include "tst_real_data.moc"
