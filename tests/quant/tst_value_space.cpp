// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/quant/bit_packing.h"
#include "core/quant/memory.h"
#include "core/quant/value_space.h"

using namespace quantarium;
using namespace quantarium::quant;

class TestValueSpace : public QObject {
    Q_OBJECT

private slots:
    void publishedSpaces() {
        QCOMPARE(ValueSpace::published(1).values(), (std::vector<float>{-1, 1}));
        QCOMPARE(ValueSpace::published(2).values(), (std::vector<float>{-1, -0.5, 0.5, 1}));
        QCOMPARE(ValueSpace::published(3).values(),
                 (std::vector<float>{-1, -0.5, -0.25, -0.125, 0.125, 0.25, 0.5, 1}));
        QVERIFY_THROWS_EXCEPTION(Error, ValueSpace::published(4));
        QVERIFY_THROWS_EXCEPTION(Error, ValueSpace::published(0));
    }

    void sortsAndRefuses() {
        QCOMPARE(ValueSpace({1, -1, 0}).values(), (std::vector<float>{-1, 0, 1}));
        QVERIFY_THROWS_EXCEPTION(Error, ValueSpace({1}));
        QVERIFY_THROWS_EXCEPTION(Error, ValueSpace({1, 2, 1}));
        QVERIFY_THROWS_EXCEPTION(Error, ValueSpace({1, INFINITY}));
        QVERIFY_THROWS_EXCEPTION(Error, ValueSpace(std::vector<float>(513, 0)));
    }

    void bitsOfSizes_data() {
        QTest::addColumn<int>("size");
        QTest::addColumn<int>("bits");
        for (const auto& [size, bits] : std::vector<std::pair<int, int>>{
                 {2, 1}, {3, 2}, {4, 2}, {5, 3}, {8, 3}, {9, 4}, {256, 8}, {257, 9}, {512, 9}})
            QTest::addRow("%d values", size) << size << bits;
    }

    void bitsOfSizes() {
        QFETCH(int, size);
        QFETCH(int, bits);
        std::vector<float> values;
        for (int i = 0; i < size; ++i)
            values.push_back(static_cast<float>(i));
        QCOMPARE(ValueSpace(values).bits(), bits);
    }

    void nearestValue() {
        const auto space = ValueSpace::published(2); // -1 -0.5 0.5 1
        QCOMPARE(space.nearest(-7), 0);
        QCOMPARE(space.nearest(-0.76), 0);
        QCOMPARE(space.nearest(-0.75), 0); // a tie takes the lower
        QCOMPARE(space.nearest(-0.74), 1);
        QCOMPARE(space.nearest(0), 1);
        QCOMPARE(space.nearest(0.01), 2);
        QCOMPARE(space.nearest(1), 3);
        QCOMPARE(space.nearest(9), 3);
    }

    void packingKnownBytes() {
        const std::vector<std::int16_t> codes{1, 2, 3, 4, 5}; // 001 010 011 100 101, lowest bits first
        const std::vector<std::uint8_t> bytes{0b11010001, 0b01011000};
        QCOMPARE(packCodes(codes, 3), bytes);
        QCOMPARE(unpackCodes(bytes, 3, 5), codes);
    }

    void packingRoundTrip_data() {
        QTest::addColumn<int>("bits");
        for (int bits = 1; bits <= 9; ++bits)
            QTest::addRow("%d bits", bits) << bits;
    }

    void packingRoundTrip() {
        QFETCH(int, bits);
        RandomStream stream(static_cast<std::uint64_t>(bits));
        for (std::size_t count = 0; count < 70; ++count) {
            std::vector<std::int16_t> codes;
            for (std::size_t i = 0; i < count; ++i)
                codes.push_back(static_cast<std::int16_t>(stream.below(1U << bits)));
            if (count > 0) codes.back() = static_cast<std::int16_t>((1 << bits) - 1);
            const auto bytes = packCodes(codes, bits);
            QCOMPARE(bytes.size(), (count * bits + 7) / 8);
            QCOMPARE(unpackCodes(bytes, bits, count), codes);
        }
    }

    void packingRefuses() {
        const std::vector<std::int16_t> codes{0, 4};
        QVERIFY_THROWS_EXCEPTION(Error, packCodes(codes, 2));
        QVERIFY_THROWS_EXCEPTION(Error, packCodes(std::vector<std::int16_t>{-1}, 2));
        QVERIFY_THROWS_EXCEPTION(Error, packCodes(codes, 0));
        QVERIFY_THROWS_EXCEPTION(Error, packCodes(codes, 10));
        const std::vector<std::uint8_t> bytes{1, 2};
        QVERIFY_THROWS_EXCEPTION(Error, unpackCodes(bytes, 3, 6));
        QVERIFY_THROWS_EXCEPTION(Error, unpackCodes(bytes, 3, 2));
        QVERIFY_THROWS_EXCEPTION(Error, unpackCodes(bytes, 3, std::size_t(1) << 63));
    }

    void memoryWeightsAlone_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<double>("reduction");
        const double golden[] = {16.0, 10.666666666666666, 8.0, 6.4, 5.333333333333333, 4.571428571428571,
                                 4.0,  3.5555555555555554};
        for (int bits = 2; bits <= 9; ++bits)
            QTest::addRow("%d bits", bits) << bits << golden[bits - 2];
    }

    void memoryWeightsAlone() {
        QFETCH(int, bits);
        QFETCH(double, reduction);
        QCOMPARE(countMemory({layer(1000, bits), layer(77, bits)}, 1077).reductionWeightsOnly, reduction);
        QCOMPARE(countMemory({layer(1000, bits), layer(77, 32)}, 2000).reductionWeightsOnly,
                 reduction); // kept layers don't count
    }

    void memoryEverything() {
        const auto report = countMemory({layer(1000, 4, 8), layer(200, 2), layer(50, 32, 99)}, 1300);
        QCOMPARE(report.quantizedWeights, 1200);
        QCOMPARE(report.floatBits, 32.0 * 1300);
        QCOMPARE(report.storedBits, 4.0 * 1000 + 2 * 200 + 32 * 100 + 8);
        QCOMPARE(report.reductionEverything, 32.0 * 1300 / 7608);
        QCOMPARE(report.reductionWeightsOnly, 32.0 * 1200 / 4400);
    }

    /// ResNet-18 of paper B: first convolution, last layer, batch norms in FP32.
    void memoryOfResNet18_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<double>("reduction");
        QTest::newRow("1 bit") << 1 << 13.27;
        QTest::newRow("2 bits") << 2 << 9.51;
        QTest::newRow("3 bits") << 3 << 7.41;
    }

    void memoryOfResNet18() {
        QFETCH(int, bits);
        QFETCH(double, reduction);
        const auto report = countMemory({layer(11157504, bits)}, 11689512);
        QVERIFY2(std::abs(report.reductionEverything - reduction) < 0.005,
                 qPrintable(QString::number(report.reductionEverything)));
    }

    void memoryOfFloat() {
        const auto report = countMemory({layer(10, 32)}, 12);
        QCOMPARE(report.quantizedWeights, 0);
        QCOMPARE(report.reductionWeightsOnly, 1.0);
        QCOMPARE(report.reductionEverything, 1.0);
        QVERIFY_THROWS_EXCEPTION(Error, countMemory({layer(10, 2)}, 9));
    }

private:
    static LayerReport layer(std::int64_t weights, std::int64_t bits, std::int64_t sideBits = 0) {
        LayerReport report;
        report.weights = weights;
        report.bits = bits;
        report.sideBits = sideBits;
        return report;
    }
};

QTEST_GUILESS_MAIN(TestValueSpace)
#include "tst_value_space.moc"
