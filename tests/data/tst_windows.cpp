// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/data/memory_dataset.h"
#include "core/data/resample.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

std::vector<std::uint8_t> pattern(int height, int width, int channels = 1) {
    std::vector<std::uint8_t> pixels;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < channels; ++c)
                pixels.push_back(
                    static_cast<std::uint8_t>((37 * y * y + 91 * x + 13 * x * y + 50 * c) % 256));
    return pixels;
}

std::vector<std::uint8_t> scaled(const std::vector<std::uint8_t>& pixels, int height, int width,
                                 const data::Window& window, int outHeight, int outWidth, int channels = 1) {
    std::vector<std::uint8_t> out(static_cast<std::size_t>(channels * outHeight * outWidth));
    data::resample({pixels.data(), height, width, channels}, window, outHeight, outWidth, out.data());
    return out;
}

int largestDifference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
    int largest = a.size() == b.size() ? 0 : 999;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        largest = std::max(largest, std::abs(int{a[i]} - int{b[i]}));
    return largest;
}

} // namespace

/// Which part of a picture is shown, and how it is scaled.
class TestWindows : public QObject {
    Q_OBJECT

private slots:
    void scalesAsPilDoes();
    void ownSizeChangesNothing();
    void channelsAreScaledAlike();
    void closedWindowsSeeNothingOutside();
    void refusesOtherChannels();
    void theMiddleIsTorchvisions();
    void randomWindowsKeepTheirBounds();
    void randomWindowsReachTheirBounds();
    void narrowPicturesShowTheirMiddle();
    void drawsDependOnSeedAndPositionAlone();
    void datasetsInMemoryGiveWindows();
};

/// Values of PIL 9.4, Image.resize(…, BILINEAR) of crops of the pattern above:
///   im.resize((3, 2)), im.crop((1, 1, 5, 4)).resize((6, 5)), im.crop((2, 0, 6, 5)).resize((3, 3))
void TestWindows::scalesAsPilDoes() {
    const auto pixels = pattern(5, 7);
    QVERIFY(largestDifference(scaled(pixels, 5, 7, {0, 0, 5, 7, true}, 2, 3),
                              {102, 137, 125, 127, 164, 129}) <= 1);
    QVERIFY(largestDifference(scaled(pixels, 5, 7, {1, 1, 3, 4, true}, 5, 6),
                              {141, 193, 220, 118, 145, 197, 88,  143, 190, 160, 157, 160, 9,   68,  146,
                               223, 174, 104, 128, 114, 120, 203, 158, 93,  207, 144, 103, 189, 148, 85}) <=
            1);
    QVERIFY(largestDifference(scaled(pixels, 5, 7, {0, 2, 5, 4, true}, 3, 3),
                              {161, 98, 137, 160, 162, 163, 139, 176, 110}) <= 1);
}

void TestWindows::ownSizeChangesNothing() {
    const auto pixels = pattern(6, 9);
    QCOMPARE(scaled(pixels, 6, 9, {0, 0, 6, 9, true}, 6, 9), pixels);
    const auto middle = scaled(pixels, 6, 9, {1, 2, 4, 5, false}, 4, 5);
    for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 5; ++x)
            QCOMPARE(middle[static_cast<std::size_t>(5 * y + x)],
                     pixels[static_cast<std::size_t>(9 * (y + 1) + x + 2)]);
}

void TestWindows::channelsAreScaledAlike() {
    const auto pixels = pattern(20, 30, 3);
    const data::Window window{2.5, 3.25, 15, 22.5, false};
    const auto together = scaled(pixels, 20, 30, window, 7, 8, 3);
    for (std::size_t c = 0; c < 3; ++c) {
        std::vector<std::uint8_t> plane;
        for (std::size_t i = c; i < pixels.size(); i += 3)
            plane.push_back(pixels[i]);
        const auto alone = scaled(plane, 20, 30, window, 7, 8);
        const auto begin = together.begin() + static_cast<std::ptrdiff_t>(c * 7 * 8);
        QCOMPARE(alone, std::vector<std::uint8_t>(begin, begin + 7 * 8));
    }
}

void TestWindows::closedWindowsSeeNothingOutside() {
    std::vector<std::uint8_t> pixels(20 * 20, 255);
    for (std::size_t y = 5; y < 15; ++y)
        for (std::size_t x = 5; x < 15; ++x)
            pixels[20 * y + x] = 10;
    const auto inside = scaled(pixels, 20, 20, {5, 5, 10, 10, true}, 4, 4);
    QCOMPARE(inside, std::vector<std::uint8_t>(16, 10));
    const auto open = scaled(pixels, 20, 20, {5, 5, 10, 10, false}, 4, 4);
    QVERIFY(open[0] > 10 && open[5] == 10); // the corner, and a pixel of the middle
}

void TestWindows::refusesOtherChannels() {
    const auto pixels = pattern(4, 4, 2);
    std::vector<std::uint8_t> out(8);
    QVERIFY_EXCEPTION_THROWN(data::resample({pixels.data(), 4, 4, 2}, {0, 0, 4, 4, true}, 2, 2, out.data()),
                             std::invalid_argument);
}

/// 500 × 375 becomes 341 × 256; 224 of it begin at (16, 58): half of 117 is rounded to the even number.
void TestWindows::theMiddleIsTorchvisions() {
    const auto wide = data::centreWindow(375, 500, 256, 224);
    QCOMPARE(wide.top, 16 * 375.0 / 256);
    QCOMPARE(wide.left, 58 * 500.0 / 341);
    QCOMPARE(wide.height, 224 * 375.0 / 256);
    QCOMPARE(wide.width, 224 * 500.0 / 341);
    QVERIFY(!wide.closed);
    const auto high = data::centreWindow(500, 375, 256, 224);
    QCOMPARE(high.top, wide.left);
    QCOMPARE(high.left, wide.top);
    const auto small = data::centreWindow(8, 8, 256, 256);
    QVERIFY(small.top == 0 && small.left == 0 && small.height == 8 && small.width == 8);
}

void TestWindows::randomWindowsKeepTheirBounds() {
    RandomStream random(5);
    for (const auto& [height, width] : {std::pair{375, 500}, {500, 375}, {1, 1}, {2, 900}, {33, 31}})
        for (int i = 0; i < 500; ++i) {
            const auto window = data::randomWindow(random, height, width, 0.08);
            QVERIFY(window.closed && window.top >= 0 && window.left >= 0);
            QVERIFY(window.height >= 1 && window.width >= 1);
            QVERIFY(window.top + window.height <= height && window.left + window.width <= width);
            for (const double value : {window.top, window.left, window.height, window.width})
                QCOMPARE(value, std::floor(value));
        }
}

/// 4,000 windows of a square of 1,000 pixels with a fixed seed. Windows near the whole area fit less often,
/// so that their share is 0.478 ± 0.234 instead of the 0.54 of a uniform one (200,000 draws of torchvision's
/// algorithm in Python); the logarithm of their ratio is 0 ± 0.159. Bounds are four standard errors.
void TestWindows::randomWindowsReachTheirBounds() {
    RandomStream random(6);
    std::vector<double> shares;
    double logRatios = 0;
    double tops = 0;
    for (int i = 0; i < 4000; ++i) {
        const auto window = data::randomWindow(random, 1000, 1000, 0.08);
        shares.push_back(window.height * window.width / 1e6);
        const double ratio = window.width / window.height;
        QVERIFY(ratio > 0.745 && ratio < 1.342);
        logRatios += std::log(ratio);
        tops += window.height < 1000 ? window.top / (1000 - window.height) : 0.5;
    }
    const auto [least, most] = std::minmax_element(shares.begin(), shares.end());
    QVERIFY(*least > 0.079 && *least < 0.085 && *most > 0.97 && *most <= 1);
    const double mean = std::accumulate(shares.begin(), shares.end(), 0.0) / 4000;
    QVERIFY2(std::abs(mean - 0.478) < 4 * 0.234 / std::sqrt(4000.0), qPrintable(QString::number(mean)));
    QVERIFY2(std::abs(logRatios / 4000) < 4 * 0.159 / std::sqrt(4000.0),
             qPrintable(QString::number(logRatios / 4000)));
    QVERIFY2(std::abs(tops / 4000 - 0.5) < 4 * 0.289 / std::sqrt(4000.0),
             qPrintable(QString::number(tops / 4000)));
}

void TestWindows::narrowPicturesShowTheirMiddle() {
    RandomStream random(1);
    const auto wide = data::randomWindow(random, 12, 1000, 0.5);
    QVERIFY(wide.top == 0 && wide.height == 12 && wide.width == 16 && wide.left == 492);
    const auto high = data::randomWindow(random, 1000, 12, 0.5);
    QVERIFY(high.left == 0 && high.width == 12 && high.height == 16 && high.top == 492);
}

void TestWindows::drawsDependOnSeedAndPositionAlone() {
    const auto same = [](const data::Window& a, const data::Window& b) {
        return a.top == b.top && a.left == b.left && a.height == b.height && a.width == b.width;
    };
    const data::WindowDraws fromStart{0.08, 3, 0};
    const data::WindowDraws later{0.08, 3, 40};
    const data::WindowDraws other{0.08, 4, 0};
    QVERIFY(same(fromStart.draw(45, 300, 400), later.draw(5, 300, 400)));
    QVERIFY(!same(fromStart.draw(45, 300, 400), fromStart.draw(46, 300, 400)));
    QVERIFY(!same(fromStart.draw(45, 300, 400), other.draw(45, 300, 400)));
}

/// Windows of every dataset: of one in memory they are cut out of its images and scaled back.
void TestWindows::datasetsInMemoryGiveWindows() {
    const auto pixels = pattern(16, 16, 3);
    const auto image = torch::from_blob(const_cast<std::uint8_t*>(pixels.data()), {16, 16, 3}, torch::kUInt8)
                           .permute({2, 0, 1})
                           .contiguous();
    const auto dataset = data::subset(
        data::memoryDataset({image.expand({4, 3, 16, 16}).contiguous(), torch::arange(4)}), {3, 2});
    QVERIFY(!dataset->decodes());
    const std::vector<std::int64_t> indices{1, 0};
    const data::WindowDraws draws{0.2, 8, 100};
    const auto batch = dataset->fetchWindows(indices, draws);
    QVERIFY_SAME(bitDifference(batch.targets, torch::tensor({2, 3}, torch::kInt64)));
    for (std::int64_t i = 0; i < 2; ++i) {
        const auto expected = scaled(pixels, 16, 16, draws.draw(i, 16, 16), 16, 16, 3);
        const auto tensor =
            torch::from_blob(const_cast<std::uint8_t*>(expected.data()), {3, 16, 16}, torch::kUInt8);
        QVERIFY_SAME(bitDifference(batch.images[i], tensor));
    }
}

QTEST_GUILESS_MAIN(TestWindows)
#include "tst_windows.moc"
