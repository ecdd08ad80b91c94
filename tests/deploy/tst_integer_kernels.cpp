// SPDX-License-Identifier: GPL-3.0-or-later
#include <random>

#include <QTest>

#include "core/deploy/integer_operations.h"

using namespace quantarium::deploy;

namespace {

constexpr std::int32_t kLowest = -127;
constexpr std::int32_t kHighest = 127;

struct Case {
    ConvolutionShape shape;
    std::int32_t weightZero = 0;
    std::int32_t codeZero = 0;
};

/// The result's size as convolutions define it.
ConvolutionShape sized(ConvolutionShape shape, std::int64_t outChannels) {
    const auto side = [&](std::int64_t in, int i) {
        return (in + 2 * shape.padding[i] - shape.dilation[i] * (shape.kernel[i] - 1) - 1) / shape.stride[i] +
               1;
    };
    shape.out = {outChannels, side(shape.in.height, 0), side(shape.in.width, 1)};
    return shape;
}

/// Straight from the definition, in 64 bits, with zero points and borders handled one element at a time.
std::vector<std::int64_t> byDefinition(const Case& c, const ConvolutionWeights& weights,
                                       const std::vector<std::uint8_t>& codes) {
    const auto& s = c.shape;
    const std::int64_t inChannels = s.in.channels / s.groups;
    const std::int64_t outChannels = s.out.channels / s.groups;
    std::vector<std::int64_t> sums;
    for (std::int64_t o = 0; o < s.out.channels; ++o)
        for (std::int64_t y = 0; y < s.out.height; ++y)
            for (std::int64_t x = 0; x < s.out.width; ++x) {
                std::int64_t sum = weights.bias[std::size_t(o)];
                for (std::int64_t i = 0; i < inChannels; ++i)
                    for (std::int64_t ky = 0; ky < s.kernel[0]; ++ky)
                        for (std::int64_t kx = 0; kx < s.kernel[1]; ++kx) {
                            const auto row = y * s.stride[0] - s.padding[0] + ky * s.dilation[0];
                            const auto column = x * s.stride[1] - s.padding[1] + kx * s.dilation[1];
                            if (row < 0 || row >= s.in.height || column < 0 || column >= s.in.width) continue;
                            const auto channel = o / outChannels * inChannels + i;
                            const auto w = weights.weights[std::size_t(
                                ((o * inChannels + i) * s.kernel[0] + ky) * s.kernel[1] + kx)];
                            const auto q =
                                codes[std::size_t((channel * s.in.height + row) * s.in.width + column)];
                            sum += std::int64_t{w - c.weightZero} * (q - c.codeZero);
                        }
                sums.push_back(sum);
            }
    return sums;
}

using Sums = std::vector<std::int32_t>;

/// Runs one operation on value 0; gives value 1.
Sums run(const IntegerOperation& operation, Sums input) {
    ImageValues values{{}, std::vector<std::vector<std::uint8_t>>(3), std::vector<Sums>(3)};
    values.sums[0] = std::move(input);
    operation.run(values);
    return values.sums[1];
}

} // namespace

Q_DECLARE_METATYPE(Case)

class TestIntegerKernels : public QObject {
    Q_OBJECT

private slots:
    void convolutionsAreTheirDefinition_data() {
        QTest::addColumn<Case>("c");
        QTest::addColumn<int>("outChannels");
        QTest::newRow("3 x 3") << Case{{{3, 7, 6}, {}, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, 0, 5} << 9;
        QTest::newRow("stride, border of 2, 5 x 5")
            << Case{{{4, 9, 9}, {}, 1, {5, 5}, {2, 2}, {2, 2}, {1, 1}}, 0, 128} << 4;
        QTest::newRow("sides differ, dilated")
            << Case{{{2, 8, 5}, {}, 1, {3, 2}, {2, 1}, {1, 0}, {2, 1}}, -63, 255} << 3;
        QTest::newRow("depthwise") << Case{{{6, 5, 5}, {}, 6, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, 7, 0} << 6;
        QTest::newRow("two groups") << Case{{{8, 4, 4}, {}, 2, {1, 1}, {1, 1}, {0, 0}, {1, 1}}, 0, 3} << 10;
        QTest::newRow("linear") << Case{{{77, 1, 1}, {}, 1, {1, 1}, {1, 1}, {0, 0}, {1, 1}}, 127, 255} << 11;
    }

    void convolutionsAreTheirDefinition() {
        QFETCH(Case, c);
        QFETCH(int, outChannels);
        c.shape = sized(c.shape, outChannels);
        std::mt19937 random(7);
        std::uniform_int_distribution<int> weight(kLowest, kHighest);
        std::uniform_int_distribution<int> code(0, 255);
        std::uniform_int_distribution<int> bias(-100000, 100000);
        ConvolutionWeights weights;
        weights.zeroPoint = c.weightZero;
        for (std::int64_t i = 0; i < outChannels * c.shape.patch(); ++i)
            weights.weights.push_back(std::int8_t(weight(random)));
        for (int i = 0; i < outChannels; ++i)
            weights.bias.push_back(bias(random));
        std::vector<std::uint8_t> codes;
        for (std::int64_t i = 0; i < c.shape.in.elements(); ++i)
            codes.push_back(std::uint8_t(code(random)));
        Sums sums(std::size_t(c.shape.out.elements()));
        convolve(c.shape, weights, codes.data(), c.codeZero, sums.data());
        const auto expected = byDefinition(c, weights, codes);
        QCOMPARE(std::vector<std::int64_t>(sums.begin(), sums.end()), expected);
    }

    void requantizeClampsToWhatStandsBetween() {
        Requantize step;
        step.in = 0;
        step.out = 1;
        step.factor = FixedPointFactor::of(.01);
        step.zeroPoint = 10;
        step.low = 10; // ReLU: codes below the zero point are negative
        step.high = 200;
        ImageValues values{{}, std::vector<std::vector<std::uint8_t>>(2), std::vector<Sums>(2)};
        values.sums[0] = {0, -5000, 149, 151, 30000, -2147483647, 2147483647};
        step.run(values);
        QCOMPARE(values.codes[1], (std::vector<std::uint8_t>{10, 10, 11, 12, 200, 10, 200}));
    }

    void sumsMeetInACommonScale() {
        AddSums add;
        add.operands[0] = {0, FixedPointFactor::of(.25), {}};
        add.operands[1] = {2, FixedPointFactor::of(8), {0, 100}};
        add.out = 1;
        ImageValues values{{}, std::vector<std::vector<std::uint8_t>>(3), std::vector<Sums>(3)};
        values.sums[0] = {100, -8, 0};
        values.sums[2] = {3, -3, 50}; // times 8, between 0 and 100
        add.run(values);
        QCOMPARE(values.sums[1], (Sums{25 + 24, -2 + 0, 0 + 100}));
    }

    void poolsTakeTheSmallestOfTurnedChannels() {
        MaxPool pool;
        pool.out = 1;
        pool.windows = {{2, 2, 2}, {{0, 2}}, {{0, 2}}};
        QCOMPARE(run(pool, {1, -4, 3, 2, 1, -4, 3, 2}), (Sums{3, 3}));
        pool.turned = {false, true};
        QCOMPARE(run(pool, {1, -4, 3, 2, 1, -4, 3, 2}), (Sums{3, -4}));
    }

    void meansRoundHalvesAwayFromZero() {
        MeanPool pool;
        pool.out = 1;
        pool.windows = {{1, 2, 4}, {{0, 2}}, {{0, 2}, {2, 4}}};
        pool.divisor = 4;
        QCOMPARE(run(pool, {1, 2, -1, -2, 3, 4, -3, -4}), (Sums{3, -3})); // ±10 / 4
        pool.divisor = 1;
        QCOMPARE(run(pool, {1, 2, -1, -2, 3, 4, -3, -4}), (Sums{10, -10}));
        pool.divisor = 4;
        QCOMPARE(run(pool, Sums(8, 1 << 29)), Sums(2, 1 << 29)); // the sum itself needs more than 32 bits
    }

    void picksZeroFromOutside() {
        PickSums pick;
        pick.out = 1;
        pick.places = {2, -1, 0};
        QCOMPARE(run(pick, {5, 6, 7}), (Sums{7, 0, 5}));
    }

    void imagesAreRoundedHalvesUp() {
        QuantizeImage quantize;
        quantize.step = .5F;
        quantize.zeroPoint = 3;
        quantize.highest = 15;
        const std::vector<float> image{0, .25F, -.25F, .74F, -9, 99};
        ImageValues values{image, std::vector<std::vector<std::uint8_t>>(1), std::vector<Sums>(1)};
        quantize.run(values);
        QCOMPARE(values.codes[0], (std::vector<std::uint8_t>{3, 4, 3, 4, 0, 15}));
    }
};

QTEST_GUILESS_MAIN(TestIntegerKernels)
#include "tst_integer_kernels.moc"
