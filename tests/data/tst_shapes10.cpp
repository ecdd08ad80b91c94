// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <thread>

#include "core/data/manifest.h"
#include "tests/data/sample_files.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

data::Splits paint(std::uint64_t seed, const Json& options = Json::object(), double share = 0) {
    const auto& entry = data::builtinDatasets().at("shapes10", "test");
    data::DatasetRequest request;
    request.validationShare = share;
    Json complete = options;
    complete["seed"] = seed;
    request.options = Options::validated(entry.schema.options, complete, "dataset.options");
    return entry.open(request);
}

const Json kSmall{{"train_images", 300}, {"test_images", 200}};

} // namespace

/// The generated dataset.
class TestShapes10 : public QObject {
    Q_OBJECT

private slots:
    void defaultSize();
    void classesAreBalanced();
    void sameSeedSameBytes();
    void otherSeedOtherImages();
    void sampleDependsOnNeitherCountNorThread();
    void testImagesAreTheirOwn();
    void constantsFitTheImages();
    void difficultyChangesTheImages();
    void shapesStandOutFromTheBackground();
    void badOptions();
};

void TestShapes10::defaultSize() {
    const auto& entry = data::builtinDatasets().at("shapes10", "test");
    QVERIFY(entry.embedded && entry.available({}));
    const auto splits = paint(1, Json::object(), 0.1);
    QCOMPARE(splits.train->size() + splits.validation->size(), entry.published.trainSamples);
    QCOMPARE(splits.test->size(), entry.published.testSamples);
    QCOMPARE(splits.train->imageShape(), entry.published.imageShape);
    QCOMPARE(splits.classNames.size(), std::size_t{10});
    QVERIFY(splits.notes.empty());
}

void TestShapes10::classesAreBalanced() {
    const auto splits = paint(1, kSmall, 0.1);
    for (const auto& [dataset, share] :
         {std::pair{splits.train, 27}, {splits.validation, 3}, {splits.test, 20}})
        QVERIFY_SAME(bitDifference(allSamples(*dataset).targets.bincount({}, 10),
                                   torch::full({10}, share, torch::kInt64)));
}

void TestShapes10::sameSeedSameBytes() {
    const auto first = paint(5, kSmall);
    const auto second = paint(5, kSmall);
    QVERIFY_SAME(bitDifference(allSamples(*first.train).images, allSamples(*second.train).images));
    QVERIFY_SAME(bitDifference(allSamples(*first.test).images, allSamples(*second.test).images));
}

void TestShapes10::otherSeedOtherImages() {
    const auto first = allSamples(*paint(5, kSmall).train).images;
    const auto second = allSamples(*paint(6, kSmall).train).images;
    for (std::int64_t i = 0; i < first.size(0); ++i)
        QVERIFY(!torch::equal(first[i], second[i]));
}

void TestShapes10::sampleDependsOnNeitherCountNorThread() {
    const auto many = allSamples(*paint(9, {{"train_images", 400}, {"test_images", 10}}).train).images;
    torch::Tensor few;
    std::thread([&] {
        few = allSamples(*paint(9, {{"train_images", 30}, {"test_images", 10}}).train).images;
    }).join();
    QVERIFY_SAME(bitDifference(few, many.narrow(0, 0, 30)));
    data::DatasetRequest request;
    request.seed = 77; // the run's own seed leaves the pictures alone
    request.validationShare = 0;
    request.limit = 20;
    const auto& entry = data::builtinDatasets().at("shapes10", "test");
    request.options = Options::validated(entry.schema.options, {{"seed", 9}}, "");
    QVERIFY_SAME(bitDifference(allSamples(*entry.open(request).train).images, many.narrow(0, 0, 20)));
}

void TestShapes10::testImagesAreTheirOwn() {
    const auto splits = paint(1, kSmall);
    const auto train = allSamples(*splits.train).images.flatten(1).to(torch::kFloat32);
    const auto test = allSamples(*splits.test).images.flatten(1).to(torch::kFloat32);
    const double nearest = torch::cdist(test, train).min().item<double>();
    QVERIFY2(nearest > 100, qPrintable(QString("two images are only %1 apart").arg(nearest)));
}

void TestShapes10::constantsFitTheImages() {
    const auto images = allSamples(*paint(1).train).images.to(torch::kFloat64) / 255;
    const auto constants = data::manifestOf("shapes10").normalization;
    QVERIFY_SAME(difference(images.mean({0, 2, 3}), torch::tensor(constants.mean, torch::kFloat64), 0.005));
    QVERIFY_SAME(difference(images.transpose(0, 1).flatten(1).std(1),
                            torch::tensor(constants.deviation, torch::kFloat64), 0.005));
}

void TestShapes10::difficultyChangesTheImages() {
    const auto roughness = [](const char* difficulty) {
        const Json options{{"train_images", 300}, {"test_images", 10}, {"difficulty", difficulty}};
        const auto images = allSamples(*paint(1, options).train).images.to(torch::kFloat64);
        return images.diff(1, 3).abs().mean().item<double>();
    };
    const double easy = roughness("easy");
    const double standard = roughness("standard");
    const double hard = roughness("hard");
    QVERIFY2(easy < standard && standard < hard,
             qPrintable(QString("%1 %2 %3").arg(easy).arg(standard).arg(hard)));
}

void TestShapes10::shapesStandOutFromTheBackground() {
    const auto images = allSamples(*paint(1).train).images.to(torch::kFloat64);
    const auto centre = images.narrow(2, 5, 6).narrow(3, 5, 6).mean().item<double>();
    const auto edge = torch::cat({images.narrow(2, 0, 1).flatten(), images.narrow(2, 15, 1).flatten()})
                          .mean()
                          .item<double>();
    QVERIFY2(centre > edge + 30, qPrintable(QString("%1 against %2").arg(centre).arg(edge)));
}

void TestShapes10::badOptions() {
    QVERIFY_EXCEPTION_THROWN(paint(1, {{"difficulty", "impossible"}}), Error);
    QVERIFY_EXCEPTION_THROWN(paint(1, {{"train_images", 0}}), Error);
    QVERIFY_EXCEPTION_THROWN(paint(1, {{"train_image", 100}}), Error);
}

QTEST_GUILESS_MAIN(TestShapes10)
#include "tst_shapes10.moc"
