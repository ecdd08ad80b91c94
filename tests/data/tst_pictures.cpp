// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/data/codecs/picture.h"
#include "core/data/picture_window.h"
#include "tests/data/picture_files.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

constexpr std::int64_t kSide = 12;

std::span<const std::uint8_t> bytesOf(const std::string& file) {
    return {reinterpret_cast<const std::uint8_t*>(file.data()), file.size()};
}

data::Window whole(std::int64_t height, std::int64_t width) {
    return {0, 0, static_cast<double>(height), static_cast<double>(width), true};
}

/// The whole picture scaled to kSide × kSide, as planes.
std::vector<std::uint8_t> shown(const std::string& file) {
    std::vector<std::uint8_t> planes(3 * kSide * kSide);
    data::readWindow(bytesOf(file), kSide, whole, planes.data());
    return planes;
}

std::optional<Error> errorOf(const std::string& file) {
    try {
        shown(file);
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

int largestDifference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
    int largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        largest = std::max(largest, std::abs(int{a[i]} - int{b[i]}));
    return largest;
}

codecs::Picture decodeAll(const std::string& file, std::int64_t shrink = 1) {
    const auto info = codecs::inspect(bytesOf(file));
    return codecs::decode(bytesOf(file), info, {0, 0, info.height, info.width}, shrink);
}

/// Noise in blocks of four pixels: every block of a file differs.
std::uint8_t noise(int y, int x, int c) {
    RandomStream random(deriveSeed(static_cast<std::uint64_t>(c), "noise",
                                   static_cast<std::uint64_t>(1000 * (y / 4) + x / 4)));
    return static_cast<std::uint8_t>(random.below(256));
}

/// A picture that stands upright is `upright`; this is how a camera held like that stores it (Exif 2.3).
PixelFunction storedAs(int orientation, int height, int width, const PixelFunction& upright) {
    return [=](int y, int x, int c) -> std::uint8_t {
        switch (orientation) {
        case 2:
            return upright(y, width - 1 - x, c);
        case 3:
            return upright(height - 1 - y, width - 1 - x, c);
        case 4:
            return upright(height - 1 - y, x, c);
        case 5: // row 0 is the left side, column 0 the top
            return upright(x, y, c);
        case 6: // row 0 is the right side, column 0 the top
            return upright(x, width - 1 - y, c);
        case 7: // row 0 is the right side, column 0 the bottom
            return upright(height - 1 - x, width - 1 - y, c);
        case 8: // row 0 is the left side, column 0 the bottom
            return upright(height - 1 - x, y, c);
        default:
            return upright(y, x, c);
        }
    };
}

} // namespace

/// JPEG and PNG files of every kind that image folders hold, and files that are neither.
class TestPictures : public QObject {
    Q_OBJECT

private slots:
    void colours();
    void greyBecomesThreeEqualPlanes();
    void fourColours_data();
    void fourColours();
    void standsUpright_data();
    void standsUpright();
    void pngKinds_data();
    void pngKinds();
    void regionsAreThoseOfTheWhole_data();
    void regionsAreThoseOfTheWhole();
    void shrinkingAverages();
    void largeWindowsAreShrunk();
    void everyCutIsFound_data();
    void everyCutIsFound();
    void damageNeverCrashes_data();
    void damageNeverCrashes();
    void damagedPixelsAreFound();
    void absurdSizes();
    void foreignFiles_data();
    void foreignFiles();
    void wrongRequests();
};

void TestPictures::colours() {
    const auto planes = shown(jpegFile(24, 24, [](int, int, int c) { return std::uint8_t(40 + 80 * c); }));
    for (std::size_t i = 0; i < planes.size(); ++i)
        QVERIFY(std::abs(planes[i] - (40 + 80 * static_cast<int>(i / (kSide * kSide)))) <= 2);
}

void TestPictures::greyBecomesThreeEqualPlanes() {
    JpegStyle style;
    style.channels = 1;
    const auto planes = shown(jpegFile(24, 36, gradient, style));
    const auto plane = static_cast<std::ptrdiff_t>(kSide * kSide);
    QVERIFY(std::equal(planes.begin(), planes.begin() + plane, planes.begin() + plane));
    QVERIFY(std::equal(planes.begin(), planes.begin() + plane, planes.begin() + 2 * plane));
    const auto colour = shown(jpegFile(24, 36, [](int y, int x, int) { return gradient(y, x, 0); }));
    QVERIFY(largestDifference(planes, colour) <= 2);
}

void TestPictures::fourColours_data() {
    QTest::addColumn<bool>("ycck");
    QTest::addColumn<bool>("adobe");
    QTest::newRow("CMYK of Adobe, inverted") << false << true;
    QTest::newRow("YCCK") << true << true;
    QTest::newRow("CMYK as it is") << false << false;
}

/// R = (255 − C)(255 − K) / 255, where Adobe stores 255 − C and so on.
void TestPictures::fourColours() {
    QFETCH(bool, ycck);
    QFETCH(bool, adobe);
    const int ink[] = {30, 100, 200, 51}; // C, M, Y, K
    const auto stored = [&](int, int, int c) {
        return static_cast<std::uint8_t>(adobe ? 255 - ink[c] : ink[c]);
    };
    JpegStyle style;
    style.channels = 4;
    style.ycck = ycck;
    style.adobe = adobe;
    const auto planes = shown(jpegFile(20, 20, stored, style));
    for (std::size_t i = 0; i < planes.size(); ++i) {
        const int expected = (255 - ink[i / (kSide * kSide)]) * (255 - ink[3]) / 255;
        QVERIFY2(std::abs(planes[i] - expected) <= 3, qPrintable(QString::number(planes[i])));
    }
}

void TestPictures::standsUpright_data() {
    QTest::addColumn<int>("orientation");
    for (int orientation = 0; orientation <= 9; ++orientation) // 0 and 9 mean nothing
        QTest::addRow("%d", orientation) << orientation;
}

void TestPictures::standsUpright() {
    QFETCH(int, orientation);
    constexpr int kHeight = 40;
    constexpr int kWidth = 24;
    const bool transposed = orientation >= 5 && orientation <= 8;
    const auto stored = jpegFile(transposed ? kWidth : kHeight, transposed ? kHeight : kWidth,
                                 storedAs(orientation, kHeight, kWidth, gradient));
    const auto window = [](std::int64_t height, std::int64_t width) {
        return height == kHeight && width == kWidth ? data::Window{4, 2, 30, 15, true} : data::Window{};
    };
    const auto shownIn = [&](const std::string& file) {
        std::vector<std::uint8_t> planes(3 * kSide * kSide);
        data::readWindow(bytesOf(file), kSide, window, planes.data());
        return planes;
    };
    const auto expected = shownIn(jpegFile(kHeight, kWidth, gradient));
    for (const bool bigEndian : {false, true})
        QVERIFY(largestDifference(shownIn(withOrientation(stored, orientation, bigEndian)), expected) <= 2);
}

void TestPictures::pngKinds_data() {
    QTest::addColumn<int>("colourType");
    QTest::addColumn<int>("depth");
    QTest::newRow("grey") << 0 << 8;
    QTest::newRow("grey, 16 bits") << 0 << 16;
    QTest::newRow("RGB") << 2 << 8;
    QTest::newRow("RGB, 16 bits") << 2 << 16;
    QTest::newRow("palette") << 3 << 8;
    QTest::newRow("grey with transparency") << 4 << 8;
    QTest::newRow("RGB with transparency") << 6 << 8;
}

void TestPictures::pngKinds() {
    QFETCH(int, colourType);
    QFETCH(int, depth);
    const auto picture = decodeAll(pngFile(9, 13, colourType, depth, gradient));
    QCOMPARE(picture.height, std::int64_t{9});
    QCOMPARE(picture.width, std::int64_t{13});
    const bool grey = colourType == 0 || colourType == 4;
    for (int y = 0; y < 9; ++y)
        for (int x = 0; x < 13; ++x) {
            const auto* pixel = picture.rgb.get() + 3 * (13 * y + x);
            const int index = gradient(y, x, 0);
            const int palette[] = {index, 2 * index % 256, 255 - index};
            for (int c = 0; c < 3; ++c)
                QCOMPARE(int{pixel[c]}, colourType == 3 ? palette[c] : int{gradient(y, x, grey ? 0 : c)});
        }
}

void TestPictures::regionsAreThoseOfTheWhole_data() {
    QTest::addColumn<bool>("progressive");
    QTest::addColumn<bool>("fullColour");
    QTest::addColumn<int>("shrink");
    for (const int shrink : {1, 2, 4, 8})
        for (const bool progressive : {false, true})
            for (const bool fullColour : {false, true})
                QTest::addRow("1/%d %s %s", shrink, progressive ? "progressive" : "baseline",
                              fullColour ? "4:4:4" : "4:2:0")
                    << progressive << fullColour << shrink;
}

/// The pixels asked for are bit for bit those of a whole decoding.
void TestPictures::regionsAreThoseOfTheWhole() {
    QFETCH(bool, progressive);
    QFETCH(bool, fullColour);
    QFETCH(int, shrink);
    JpegStyle style;
    style.progressive = progressive;
    style.fullColour = fullColour;
    const auto file = jpegFile(150, 203, noise, style);
    const auto info = codecs::inspect(bytesOf(file));
    const auto all = decodeAll(file, shrink);
    RandomStream random(7);
    for (int i = 0; i < 40; ++i) {
        const auto between = [&](std::int64_t low, std::int64_t high) {
            return low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low)));
        };
        const codecs::Region region{between(0, 140), between(0, 190), 0, 0};
        const codecs::Region asked{region.top, region.left, between(region.top + 1, 151),
                                   between(region.left + 1, 204)};
        const auto part = codecs::decode(bytesOf(file), info, asked, shrink);
        QVERIFY(part.top * shrink <= asked.top && part.left * shrink <= asked.left);
        QVERIFY((part.top + part.height) * shrink >= asked.bottom &&
                (part.left + part.width) * shrink >= asked.right);
        for (std::int64_t y = asked.top / shrink; y < (asked.bottom + shrink - 1) / shrink; ++y)
            for (std::int64_t x = asked.left / shrink; x < (asked.right + shrink - 1) / shrink; ++x)
                for (std::int64_t c = 0; c < 3; ++c)
                    QCOMPARE(part.rgb[static_cast<std::size_t>(
                                 3 * ((y - part.top) * part.width + x - part.left) + c)],
                             all.rgb[static_cast<std::size_t>(3 * (y * all.width + x) + c)]);
    }
}

void TestPictures::shrinkingAverages() {
    const auto file = jpegFile(64, 96, gradient);
    for (const std::int64_t shrink : {2, 4, 8}) {
        const auto picture = decodeAll(file, shrink);
        QCOMPARE(picture.height, 64 / shrink);
        QCOMPARE(picture.width, 96 / shrink);
        const auto middle = static_cast<double>(shrink - 1) / 2;
        for (std::int64_t y = 0; y < picture.height; ++y)
            for (std::int64_t x = 0; x < picture.width; ++x) {
                const double row = static_cast<double>(y * shrink) + middle;
                const double column = static_cast<double>(x * shrink) + middle;
                const double expected = std::min(255.0, 20 + 3 * row + column);
                const double value = picture.rgb[static_cast<std::size_t>(3 * (y * picture.width + x))];
                QVERIFY(expected > 240 || std::abs(value - expected) < 3);
            }
    }
}

/// A window of 24 times the output's size is the same picture, whichever way it got small.
void TestPictures::largeWindowsAreShrunk() {
    const auto slow = [](int y, int x, int c) {
        return static_cast<std::uint8_t>(128 + 60 * std::sin(0.02 * y + c) + 60 * std::cos(0.015 * x));
    };
    const auto jpeg = shown(jpegFile(288, 300, slow));
    const auto png = shown(pngFile(288, 300, 2, 8, slow));
    QVERIFY2(largestDifference(jpeg, png) <= 2, qPrintable(QString::number(largestDifference(jpeg, png))));
}

void TestPictures::everyCutIsFound_data() {
    QTest::addColumn<QByteArray>("file");
    JpegStyle progressive;
    progressive.progressive = true;
    const auto add = [](const char* name, const std::string& file) {
        QTest::newRow(name) << QByteArray::fromStdString(file);
    };
    add("baseline JPEG", withOrientation(jpegFile(40, 56, noise), 6));
    add("progressive JPEG", jpegFile(40, 56, noise, progressive));
    add("PNG", pngFile(40, 56, 2, 8, noise));
}

/// A file that was cut anywhere is an error, whatever window is looked at.
void TestPictures::everyCutIsFound() {
    QFETCH(QByteArray, file);
    QVERIFY(!errorOf(file.toStdString()));
    const auto topRow = [](std::int64_t, std::int64_t) { return data::Window{0, 0, 4, 4, true}; };
    std::vector<std::uint8_t> planes(3 * 4 * 4);
    // A PNG's pixels end 20 bytes before the file: their checksum, that of their chunk, and the last chunk.
    const auto end = file.size() - (file.startsWith("\xff\xd8") ? 0 : 20);
    for (qsizetype length = 0; length < end; length += length < 700 ? 1 : 37) {
        const std::string cut = file.first(length).toStdString();
        const auto error = errorOf(cut);
        QVERIFY2(error && error->kind() == ErrorKind::Data, qPrintable(QString::number(length)));
        if (file.startsWith("\xff\xd8"))
            QVERIFY_EXCEPTION_THROWN(data::readWindow(bytesOf(cut), 4, topRow, planes.data()), Error);
    }
}

void TestPictures::damageNeverCrashes_data() {
    everyCutIsFound_data();
}

/// 400 files with up to eight wrong bytes: each is shown or is an error, and none reads outside its memory
/// (the sanitizer's build watches).
void TestPictures::damageNeverCrashes() {
    QFETCH(QByteArray, file);
    RandomStream random(11);
    int shownAnyway = 0;
    for (int i = 0; i < 400; ++i) {
        std::string damaged = file.toStdString();
        for (std::uint64_t k = 1 + random.below(8); k > 0; --k)
            damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
        const auto error = errorOf(damaged);
        if (error) QCOMPARE(error->kind(), ErrorKind::Data);
        shownAnyway += error ? 0 : 1;
    }
    QVERIFY(shownAnyway < 400);
}

/// libjpeg would paint the rest grey.
void TestPictures::damagedPixelsAreFound() {
    const auto file = jpegFile(64, 64, noise);
    const auto error =
        errorOf(file.substr(0, file.size() / 2) + "\xff\xd9"); // half of it, with an end marker
    QVERIFY(error);
    QVERIFY2(error->problem().starts_with("damaged JPEG: "), error->what());
}

void TestPictures::absurdSizes() {
    for (const auto& file : {withJpegSize(jpegFile(16, 16, gradient), 65500, 65500),
                             pngClaiming(90000, 90000), pngClaiming(100, 999999)}) {
        const auto error = errorOf(file);
        QVERIFY(error && error->kind() == ErrorKind::Data);
    }
    const auto error = errorOf(pngClaiming(90000, 90000));
    QCOMPARE(error->problem(), std::string("it claims 90000 x 90000 pixels; at most 100000000 are read"));
}

void TestPictures::foreignFiles_data() {
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QString>("problem");
    QTest::newRow("empty") << QByteArray() << "the file is empty";
    QTest::newRow("GIF") << QByteArray("GIF89a123") << "it is a GIF image, neither JPEG nor PNG";
    QTest::newRow("WebP") << QByteArray("RIFF\1\2\3\4WEBPVP8 ") << "it is a WebP image, neither JPEG nor PNG";
    QTest::newRow("web page") << QByteArray("<!DOCTYPE html>")
                              << "it is text in angle brackets, such as a web page, neither JPEG nor PNG";
    QTest::newRow("anything") << QByteArray("anything") << "it is neither JPEG nor PNG";
    QTest::newRow("one byte") << QByteArray("\xff") << "it is neither JPEG nor PNG";
}

void TestPictures::foreignFiles() {
    QFETCH(QByteArray, file);
    QFETCH(QString, problem);
    const auto error = errorOf(file.toStdString());
    QVERIFY(error);
    QCOMPARE(QString::fromStdString(error->problem()), problem);
}

void TestPictures::wrongRequests() {
    const auto file = jpegFile(16, 16, gradient);
    const auto info = codecs::inspect(bytesOf(file));
    QVERIFY_EXCEPTION_THROWN((void)codecs::decode(bytesOf(file), info, {0, 0, 17, 16}, 1), std::out_of_range);
    QVERIFY_EXCEPTION_THROWN((void)codecs::decode(bytesOf(file), info, {4, 4, 4, 8}, 1), std::out_of_range);
    QVERIFY_EXCEPTION_THROWN((void)codecs::decode(bytesOf(file), info, {0, 0, 16, 16}, 3),
                             std::invalid_argument);
}

QTEST_GUILESS_MAIN(TestPictures)
#include "tst_pictures.moc"
