// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/base/error.h"
#include "core/data/transform.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

const data::Normalization kNormalization{{0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}};

/// Pixel (c, y, x) of every image is 1 + 64·c + 8·y + x: all distinct and none 0, so a window can be read
/// back.
data::Batch numberedPixels(std::int64_t count, std::int64_t height = 6, std::int64_t width = 8) {
    const auto c = torch::arange(3).view({3, 1, 1}) * 64;
    const auto y = torch::arange(height).view({1, height, 1}) * 8;
    const auto x = torch::arange(width).view({1, 1, width});
    return {(1 + c + y + x).to(torch::kUInt8).expand({count, 3, height, width}).contiguous(),
            torch::arange(count)};
}

torch::Tensor normalized(const torch::Tensor& images) {
    const auto mean = torch::tensor(kNormalization.mean, torch::kFloat64).view({1, 3, 1, 1});
    const auto deviation = torch::tensor(kNormalization.deviation, torch::kFloat64).view({1, 3, 1, 1});
    return (images.to(torch::kFloat64) / 255 - mean) / deviation;
}

/// A window of the padded image as plain tensor operations make it.
torch::Tensor window(const torch::Tensor& image, std::int64_t pad, std::int64_t top, std::int64_t left,
                     bool mirrored) {
    const auto padded = torch::constant_pad_nd(image, {pad, pad, pad, pad}, 0);
    const auto cut = padded.narrow(1, top, image.size(1)).narrow(2, left, image.size(2));
    return mirrored ? cut.flip(2) : cut;
}

/// Which window, mirrored or not, an output is; (-1, -1, 0) when it is none.
std::array<std::int64_t, 3> findWindow(const torch::Tensor& output, const torch::Tensor& image,
                                       std::int64_t pad) {
    for (std::int64_t mirrored = 0; mirrored < 2; ++mirrored)
        for (std::int64_t top = 0; top <= 2 * pad; ++top)
            for (std::int64_t left = 0; left <= 2 * pad; ++left) {
                const auto expected =
                    normalized(window(image, pad, top, left, mirrored != 0).unsqueeze(0))[0];
                if (difference(output, expected, 1e-5).empty()) return {top, left, mirrored};
            }
    return {-1, -1, 0};
}

/// Pearson's statistic of counts that should be equal.
double chiSquare(const std::vector<std::int64_t>& counts) {
    double sum = 0;
    for (const auto count : counts)
        sum += static_cast<double>(count);
    const double expected = sum / static_cast<double>(counts.size());
    double statistic = 0;
    for (const auto count : counts)
        statistic +=
            (static_cast<double>(count) - expected) * (static_cast<double>(count) - expected) / expected;
    return statistic;
}

} // namespace

/// Crop, flip and normalization of training images.
class TestTransform : public QObject {
    Q_OBJECT

private slots:
    void normalizesEveryByte();
    void padsBeforeItNormalizes();
    void layoutsHoldTheSameImages_data();
    void layoutsHoldTheSameImages();
    void outputsAreWindows_data();
    void outputsAreWindows();
    void drawsAreUniform();
    void drawsDependOnSeedAndPositionAlone();
    void cropAndFlipDontDisturbEachOther();
    void schema();
    void channelsMustFit();
};

void TestTransform::normalizesEveryByte() {
    const auto bytes =
        torch::arange(256).to(torch::kUInt8).view({1, 1, 16, 16}).expand({1, 3, 16, 16}).contiguous();
    const data::Transform transform(kNormalization, {}, false);
    QVERIFY_SAME(difference(transform({bytes, torch::zeros({1}, torch::kInt64)}, 1, 0).images,
                            normalized(bytes), 1e-6));
}

void TestTransform::padsBeforeItNormalizes() {
    const data::Transform transform(kNormalization, {4, true, false}, true);
    const auto white = torch::full({64, 3, 8, 8}, 255, torch::kUInt8);
    const auto images = transform({white, torch::zeros({64}, torch::kInt64)}, 1, 0).images;
    for (std::int64_t c = 0; c < 3; ++c) {
        const auto i = static_cast<std::size_t>(c);
        const auto black = static_cast<float>((0 - kNormalization.mean[i]) / kNormalization.deviation[i]);
        const auto bright = static_cast<float>((1 - kNormalization.mean[i]) / kNormalization.deviation[i]);
        const auto plane = images.select(1, c);
        QVERIFY((plane == black).any().item<bool>());
        QVERIFY(((plane == black) | (plane == bright)).all().item<bool>());
    }
}

void TestTransform::layoutsHoldTheSameImages_data() {
    QTest::addColumn<int>("pad");
    QTest::newRow("no pad") << 0;
    QTest::newRow("pad 2") << 2;
    QTest::newRow("pad larger than the image") << 9;
}

void TestTransform::layoutsHoldTheSameImages() {
    QFETCH(int, pad);
    const auto raw = numberedPixels(40);
    const data::Augmentation augmentation{pad, true, true};
    const auto planes = data::Transform(kNormalization, augmentation, false)(raw, 3, 10);
    const auto pixels = data::Transform(kNormalization, augmentation, true)(raw, 3, 10);
    QVERIFY(planes.images.is_contiguous());
    QVERIFY(pixels.images.is_contiguous(torch::MemoryFormat::ChannelsLast));
    QVERIFY_SAME(bitDifference(pixels.images, planes.images));
    QVERIFY_SAME(bitDifference(pixels.targets, raw.targets));
}

void TestTransform::outputsAreWindows_data() {
    QTest::addColumn<bool>("crop");
    QTest::addColumn<bool>("flip");
    QTest::newRow("nothing") << false << false;
    QTest::newRow("crop") << true << false;
    QTest::newRow("flip") << false << true;
    QTest::newRow("both") << true << true;
}

void TestTransform::outputsAreWindows() {
    QFETCH(bool, crop);
    QFETCH(bool, flip);
    const auto raw = numberedPixels(60);
    const auto images = data::Transform(kNormalization, {2, crop, flip}, true)(raw, 11, 0).images;
    bool anyMoved = false;
    bool anyMirrored = false;
    for (std::int64_t i = 0; i < images.size(0); ++i) {
        const auto [top, left, mirrored] = findWindow(images[i], raw.images[i], 2);
        QVERIFY2(top >= 0, qPrintable(QString("image %1 is no window of its source").arg(i)));
        anyMoved = anyMoved || top != 2 || left != 2;
        anyMirrored = anyMirrored || mirrored != 0;
    }
    QCOMPARE(anyMoved, crop);
    QCOMPARE(anyMirrored, flip);
}

/// 4,000 draws with a fixed seed. Bounds are the 0.999 quantiles: χ²(4) 18.47, χ²(24) 51.18, χ²(1) 10.83.
void TestTransform::drawsAreUniform() {
    constexpr std::int64_t kSamples = 4000;
    const auto raw = numberedPixels(kSamples);
    const auto images = data::Transform(kNormalization, {2, true, true}, false)(raw, 2024, 0).images;
    // The first image row inside the window tells top, the pixels tell left and mirroring; compare with all
    // 50 windows at once.
    std::vector<torch::Tensor> windows;
    for (std::int64_t k = 0; k < 50; ++k)
        windows.push_back(normalized(window(raw.images[0], 2, k / 10, k / 2 % 5, k % 2 != 0).unsqueeze(0))
                              .flatten(1)
                              .to(torch::kFloat32));
    const auto nearest = torch::cdist(images.flatten(1), torch::cat(windows)).argmin(1);
    std::vector<std::int64_t> tops(5), lefts(5), places(25), mirrored(2);
    for (std::int64_t i = 0; i < kSamples; ++i) {
        const auto k = static_cast<std::size_t>(nearest[i].item<std::int64_t>());
        ++tops[k / 10];
        ++lefts[k / 2 % 5];
        ++places[k / 2];
        ++mirrored[k % 2];
    }
    QVERIFY2(chiSquare(tops) < 18.47, qPrintable(QString::number(chiSquare(tops))));
    QVERIFY2(chiSquare(lefts) < 18.47, qPrintable(QString::number(chiSquare(lefts))));
    QVERIFY2(chiSquare(places) < 51.18, qPrintable(QString::number(chiSquare(places))));
    QVERIFY2(chiSquare(mirrored) < 10.83, qPrintable(QString::number(chiSquare(mirrored))));
}

void TestTransform::drawsDependOnSeedAndPositionAlone() {
    const data::Transform transform(kNormalization, {2, true, true}, true);
    const auto whole = transform(numberedPixels(50), 5, 0).images;
    const auto tail = transform(numberedPixels(20), 5, 30).images;
    QVERIFY_SAME(bitDifference(tail, whole.narrow(0, 30, 20)));
    QVERIFY(!torch::equal(transform(numberedPixels(50), 6, 0).images, whole));
}

void TestTransform::cropAndFlipDontDisturbEachOther() {
    const auto raw = numberedPixels(50);
    const auto both = data::Transform(kNormalization, {2, true, true}, false)(raw, 5, 0).images;
    const auto crop = data::Transform(kNormalization, {2, true, false}, false)(raw, 5, 0).images;
    const auto flip = data::Transform(kNormalization, {2, false, true}, false)(raw, 5, 0).images;
    for (std::int64_t i = 0; i < 50; ++i) {
        const auto drawn = findWindow(both[i], raw.images[i], 2);
        const auto cropped = findWindow(crop[i], raw.images[i], 2);
        const auto flipped = findWindow(flip[i], raw.images[i], 2);
        QCOMPARE(drawn[2], flipped[2]);
        QCOMPARE(drawn[0], cropped[0]);
        QCOMPARE(drawn[1], cropped[1]);
    }
}

void TestTransform::schema() {
    for (const auto& entry : data::builtinDatasets().entries()) {
        const auto options =
            Options::validated(data::Augmentation::schema(), entry.defaultAugment, "dataset.augment");
        QVERIFY(!entry.defaultAugment.empty());
        for (const auto& [name, value] : entry.defaultAugment.items())
            QCOMPARE(options.json().at(name), value);
    }
    const Json given{{"crop", true}, {"pad", 3}};
    const auto some = data::Augmentation::from(Options::validated(data::Augmentation::schema(), given, ""));
    QVERIFY(some.crop && some.pad == 3 && !some.flip);
    const Json contradiction{{"crop", false}, {"pad", 3}};
    QVERIFY_EXCEPTION_THROWN(Options::validated(data::Augmentation::schema(), contradiction, ""), Error);
}

void TestTransform::channelsMustFit() {
    const data::Transform grey({{0.5}, {0.5}}, {}, false);
    QVERIFY_EXCEPTION_THROWN(grey(numberedPixels(1), 1, 0), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(data::Transform({{0.5}, {}}, {}, false), std::invalid_argument);
}

QTEST_GUILESS_MAIN(TestTransform)
#include "tst_transform.moc"
