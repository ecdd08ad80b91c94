// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include "core/base/error.h"
#include "core/quant/inq_partition.h"
#include "core/quant/power_grid.h"
#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

torch::Tensor floats(const QList<double>& values) {
    return torch::tensor(std::vector<double>(values.begin(), values.end())).to(torch::kFloat32);
}

std::vector<std::int64_t> frozenSet(const std::vector<std::uint8_t>& frozen) {
    std::vector<std::int64_t> indices;
    for (std::size_t i = 0; i < frozen.size(); ++i)
        if (frozen[i] != 0) indices.push_back(static_cast<std::int64_t>(i));
    return indices;
}

double scalar(Attached& layer, const std::string& name) {
    return layer.quantizer->snapshot(false).diagnostics.at(name);
}

} // namespace

class TestInq : public QObject {
    Q_OBJECT

private slots:
    void rangeOfBits_data() {
        QTest::addColumn<double>("s");
        QTest::addColumn<int>("bits");
        QTest::addColumn<int>("n1");
        QTest::addColumn<int>("n2");
        const int lowest[] = {0, -1, -3, -7, -15, -31, -63, -127};
        for (int bits = 2; bits <= 9; ++bits)
            QTest::addRow("s 0.9, %d bits", bits) << 0.9 << bits << 0 << lowest[bits - 2];
        QTest::newRow("the paper's example") << 0.5 << 3 << -1 << -2;
    }

    void rangeOfBits() {
        QFETCH(double, s);
        QFETCH(int, bits);
        auto layer = attach("inq", bits, torch::tensor({0.1F, static_cast<float>(-s)}));
        QTEST(static_cast<int>(scalar(layer, "n1")), "n1");
        QTEST(static_cast<int>(scalar(layer, "n2")), "n2");
    }

    /// powerNear against floor(log2(4 |w| / 3)) away from the borders, and at them.
    void powerNearMagnitudes() {
        for (int k = -140; k <= 100; ++k) {
            const double border = std::ldexp(0.75, k);
            QCOMPARE(powerNear(border), k);
            QCOMPARE(powerNear(std::nextafter(border, 0.0)), k - 1);
            QCOMPARE(powerNear(std::ldexp(1.1, k)),
                     static_cast<int>(std::floor(std::log2(4 * std::ldexp(1.1, k) / 3))));
        }
    }

    void rounding_data() {
        QTest::addColumn<QList<double>>("weights");
        QTest::addColumn<int>("bits");
        QTest::addColumn<QString>("mode");
        QTest::addColumn<QList<double>>("expected");
        QTest::newRow("3 bits") << QList<double>{0.9, -0.6, 0.31, -0.2, 0.05, 0.25, 0.75, -0.2499} << 3
                                << "cap" << QList<double>{1, -0.5, 0.5, 0, 0, 0.5, 1, 0};
        QTest::newRow("fixed, 4 bits")
            << QList<double>{0.24, -0.3, 0.1, 0.8} << 4 << "fixed" << QList<double>{0, -0.5, 0, 1};
        QTest::newRow("cap at 4") << QList<double>{100, -7, 2.9, 0.2} << 3 << "cap"
                                  << QList<double>{4, -4, 2, 0};
        // the largest becomes 4 on the grid {0, 2, 4}, back by s / 4 = 0.2
        QTest::newRow("rescale") << QList<double>{0.8, -0.41, 0.19, 0.61} << 3 << "rescale"
                                 << QList<double>{0.8, -0.4, 0, 0.8};
        QTest::newRow("zeros") << QList<double>{0, 0} << 4 << "cap" << QList<double>{0, 0};
    }

    void rounding() {
        QFETCH(QList<double>, weights);
        QFETCH(int, bits);
        QFETCH(QString, mode);
        QFETCH(QList<double>, expected);
        auto layer = attach("inq", bits, floats(weights), {{"max_value_mode", mode.toStdString()}});
        QVERIFY_SAME(difference(layer.weight(), floats(expected), 1e-7));
    }

    /// Ties and saturation with the n1 of s = 1: the grid is kept while weights grow.
    void roundingOnAGivenGrid() {
        const auto grid = PowerGrid::of(powerNear(1.0), 5, false);
        QCOMPARE(grid.n1, 0);
        QCOMPARE(grid.n2, -7);
        const auto values = grid.codebook();
        const std::vector<double> weights{1.0, 0.75, 0.7499, 0.375, -0.0041, 0.00390625, 0.0039, 1.6};
        const std::vector<float> expected{1.0F, 1.0F, 0.5F, 0.5F, -0.0078125F, 0.0078125F, 0.0F, 1.0F};
        for (std::size_t i = 0; i < weights.size(); ++i) {
            QCOMPARE(values[grid.code(weights[i])], expected[i]);
            QCOMPARE(values[grid.code(-weights[i])], -expected[i]);
        }
        QCOMPARE(values[grid.code(INFINITY)], 1.0F);
        QCOMPARE(values[grid.code(NAN)], 0.0F);
    }

    /// Nearest value in the linear domain, ties away from zero, whatever the width.
    void roundingIsNearest_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<bool>("full");
        for (int bits = 2; bits <= 9; ++bits)
            QTest::addRow("%d bits", bits) << bits << false;
        for (int bits = 2; bits <= 8; ++bits)
            QTest::addRow("%d bits, all codes", bits) << bits << true;
    }

    void roundingIsNearest() {
        QFETCH(int, bits);
        QFETCH(bool, full);
        const auto grid = PowerGrid::of(-1, bits, full);
        const auto values = grid.codebook();
        QCOMPARE(static_cast<int>(values.size()), full ? (1 << bits) - 1 : (1 << (bits - 1)) + 1);
        QVERIFY(std::is_sorted(values.begin(), values.end()) &&
                std::adjacent_find(values.begin(), values.end()) == values.end());
        const auto samples = randomTensor({3000}, 3, torch::kFloat64);
        for (int i = 0; i < 3000; ++i) {
            const double w = samples[i].item<double>() * std::exp2(-(i % 40));
            double best = INFINITY;
            for (const float value : values)
                best = std::min(best, std::abs(w - value));
            QCOMPARE(std::abs(w - values[grid.code(w)]), best);
        }
        for (std::size_t k = 0; k < values.size(); ++k)
            QCOMPARE(grid.code(values[k]), static_cast<std::int16_t>(k));
    }

    void smallestExponentsStayFloats() {
        auto layer = attach("inq", 9, torch::tensor({1e-7F, -3e-8F}));
        QCOMPARE(scalar(layer, "n2"), static_cast<double>(PowerGrid::kSmallest));
        for (const auto& level : layer.quantizer->snapshot(false).levels)
            QVERIFY(level.value != 0);
    }

    /// Fractions of Gaussian weights at s = 4 sigma that become zero.
    void gaussianZeros_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<double>("share");
        const double golden[] = {0.9544997361036416,     0.6826894921370859,     0.19741265136584743,
                                 0.012466438999779363,   4.8699008807829184e-05, 7.430879034128648e-10,
                                 1.7301363484302182e-19, 9.379087938320901e-39};
        for (int bits = 2; bits <= 9; ++bits)
            QTest::addRow("%d bits", bits) << bits << golden[bits - 2];
    }

    void gaussianZeros() {
        QFETCH(int, bits);
        QFETCH(double, share);
        const auto grid = PowerGrid::of(powerNear(4.0), bits, false); // sigma = 1, s = 4
        const double threshold = std::ldexp(1.0, grid.n2 - 1);
        QCOMPARE(grid.code(threshold), static_cast<std::int16_t>(grid.exponents() + 1));
        QCOMPARE(grid.code(std::nextafter(threshold, 0.0)), static_cast<std::int16_t>(grid.exponents()));
        const double exact = std::erf(threshold / std::sqrt(2.0));
        QVERIFY2(std::abs(exact / share - 1) < 1e-9, qPrintable(QString::number(exact, 'g', 17)));
    }

    void partition() {
        const std::vector<double> magnitudes{0.9, 0.1, 0.4, 0.7, 0.05, 0.3, 0.2, 0.6};
        std::vector<std::uint8_t> frozen(8, 0);
        QCOMPARE(freezeLargest(frozen, magnitudes, 0.5), (std::vector<std::int64_t>{0, 2, 3, 7}));
        freezeLargest(frozen, magnitudes, 0.75);
        QCOMPARE(frozenSet(frozen), (std::vector<std::int64_t>{0, 2, 3, 5, 6, 7}));
        freezeLargest(frozen, magnitudes, 0.875);
        QCOMPARE(frozenSet(frozen), (std::vector<std::int64_t>{0, 1, 2, 3, 5, 6, 7}));
        QCOMPARE(freezeLargest(frozen, magnitudes, 1), (std::vector<std::int64_t>{4}));
    }

    /// Magnitudes that are all the same or powers of two: exact counts, lower index first, nothing is ever
    /// freed.
    void partitionWithDuplicates_data() {
        QTest::addColumn<bool>("random");
        QTest::newRow("magnitude") << false;
        QTest::newRow("random") << true;
    }

    void partitionWithDuplicates() {
        QFETCH(bool, random);
        std::vector<double> magnitudes;
        for (int i = 0; i < 1001; ++i)
            magnitudes.push_back(i % 3 == 0 ? 0.0 : std::ldexp(1.0, -(i % 4)));
        std::vector<std::uint8_t> frozen(magnitudes.size(), 0);
        for (const double share : {0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0}) {
            const auto before = frozen;
            if (random)
                freezeRandom(frozen, share, 17);
            else {
                freezeLargest(frozen, magnitudes, share);
                std::fill(magnitudes.begin(), magnitudes.end(),
                          0.5); // frozen ones become small: they must stay frozen
            }
            QCOMPARE(static_cast<std::int64_t>(frozenSet(frozen).size()),
                     static_cast<std::int64_t>(std::floor(share * 1001 + 0.5)));
            for (std::size_t i = 0; i < frozen.size(); ++i)
                QVERIFY(frozen[i] >= before[i]);
        }
        std::vector<std::uint8_t> tied(10, 0);
        freezeLargest(tied, std::vector<double>(10, 0.25), 0.3);
        QCOMPARE(frozenSet(tied), (std::vector<std::int64_t>{0, 1, 2}));
    }

    void randomPartitionIsDeterminedBySeed() {
        std::vector<std::uint8_t> first(500, 0), second(500, 0), third(500, 0);
        freezeRandom(first, 0.5, 1);
        freezeRandom(second, 0.5, 1);
        freezeRandom(third, 0.5, 2);
        QCOMPARE(first, second);
        QVERIFY(first != third);
    }

    /// Which epochs each portion gets.
    void portions_data() {
        QTest::addColumn<QList<double>>("portions");
        QTest::addColumn<int>("epochs");
        QTest::addColumn<QList<double>>("frozen"); ///< share in force in each epoch, then after the last
        QTest::addColumn<QList<qint64>>("restarts");
        const QList<double> paper{0.5, 0.75, 0.875, 1};
        QTest::newRow("even") << paper << 6 << QList<double>{0.5, 0.5, 0.75, 0.75, 0.875, 0.875, 1}
                              << QList<qint64>{2, 4};
        QTest::newRow("one each") << paper << 3 << QList<double>{0.5, 0.75, 0.875, 1} << QList<qint64>{1, 2};
        QTest::newRow("uneven") << paper << 4 << QList<double>{0.5, 0.75, 0.875, 0.875, 1}
                                << QList<qint64>{1, 2};
        QTest::newRow("fewer epochs") << paper << 2 << QList<double>{0.75, 0.875, 1} << QList<qint64>{1};
        QTest::newRow("one epoch") << paper << 1 << QList<double>{0.875, 1} << QList<qint64>{};
        QTest::newRow("all at once") << QList<double>{1} << 2 << QList<double>{1, 1, 1} << QList<qint64>{};
    }

    void portions() {
        QFETCH(QList<double>, portions);
        QFETCH(int, epochs);
        QFETCH(QList<double>, frozen);
        QFETCH(QList<qint64>, restarts);
        auto layer = attach("inq", 3, randomTensor({8, 10}, 1),
                            {{"portions", std::vector<double>(portions.begin(), portions.end())}});
        double before = 0;
        for (int epoch = 0; epoch <= epochs; ++epoch) {
            const auto requests = layer.quantizer->onEpoch({epoch, epochs});
            QCOMPARE(layer.quantizer->epochValues().at("frozen_share"), frozen[epoch]);
            QCOMPARE(requests.resetOptimizerState, frozen[epoch] > before);
            QVERIFY(!layer.quantizer->onEpoch({epoch, epochs})
                         .resetOptimizerState); // asked again, it has nothing new
            before = frozen[epoch];
        }
        QVERIFY(!layer.quantizer->trainFormDiffers());
        QCOMPARE(layer.quantizer->scheduleRestarts(epochs),
                 (std::vector<std::int64_t>(restarts.begin(), restarts.end())));
    }

    void maskedSgd() { // w = [1, .3], T = [0, 1], momentum .9, decay .01
        auto layer = attach("inq", 5, torch::tensor({1.0, 0.3}, torch::kFloat64), {{"portions", {0.5, 1.0}}});
        layer.quantizer->onEpoch({0, 2});
        torch::optim::SGD optimizer({layer.trainable()},
                                    torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(0.01));
        const double golden[] = {0.24969999999999998, 0.22418029999999997};
        const double gradients[][2] = {{0.5, 0.5}, {0.5, -0.2}};
        for (int step = 0; step < 2; ++step) {
            layer.quantizer->backward(
                torch::tensor({gradients[step][0], gradients[step][1]}, torch::kFloat64));
            optimizer.step();
            layer.quantizer->afterStep();
            QVERIFY_SAME(difference(layer.weight(Mode::Train),
                                    torch::tensor({1.0, golden[step]}, torch::kFloat64), 1e-15));
        }
    }

    void frozenStayBitIdentical_data() {
        QTest::addColumn<QString>("optimizer");
        QTest::addColumn<QString>("partition");
        for (const char* optimizer : {"sgd", "nesterov", "adam", "adamw"})
            for (const char* partition : {"magnitude", "random"})
                QTest::addRow("%s, %s", optimizer, partition) << optimizer << partition;
    }

    void frozenStayBitIdentical() {
        QFETCH(QString, optimizer);
        QFETCH(QString, partition);
        auto layer =
            attach("inq", 4, randomTensor({8, 4, 3, 3}, 5) * 0.1, {{"partition", partition.toStdString()}});
        const std::vector<torch::Tensor> trained{layer.trainable()};
        std::unique_ptr<torch::optim::Optimizer> steps;
        if (optimizer == "sgd")
            steps = std::make_unique<torch::optim::SGD>(
                trained, torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(1e-3));
        else if (optimizer == "nesterov")
            steps = std::make_unique<torch::optim::SGD>(
                trained, torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(1e-3).nesterov(true));
        else if (optimizer == "adam")
            steps = std::make_unique<torch::optim::Adam>(trained,
                                                         torch::optim::AdamOptions(0.01).weight_decay(1e-3));
        else
            steps = std::make_unique<torch::optim::AdamW>(
                trained, torch::optim::AdamWOptions(0.01).weight_decay(1e-1));
        torch::Tensor mask, held;
        for (int epoch = 0; epoch < 6; ++epoch) {
            layer.quantizer->onEpoch({epoch, 6});
            const auto train = layer.weight(Mode::Train);
            if (mask.defined()) QVERIFY_SAME(bitDifference(train.masked_select(mask), held));
            mask = (train ==
                    layer.weight(Mode::Eval)); // frozen ones, and free ones that happen to be on the grid
            held = train.masked_select(mask);
            QVERIFY(mask.sum().item<int>() >= (epoch < 2 ? 144 : epoch < 4 ? 216 : 252));
            for (int step = 0; step < 5; ++step) {
                layer.materialize(Mode::Train);
                layer.quantizer->backward(randomTensor({8, 4, 3, 3}, 100 + epoch * 5 + step));
                steps->step();
                layer.quantizer->afterStep();
            }
            QVERIFY_SAME(bitDifference(layer.weight(Mode::Train).masked_select(mask), held));
            QVERIFY(!torch::equal(layer.weight(Mode::Train), train));
        }
    }

    void snapshotSplitsFrozenAndFree() {
        auto layer = attach("inq", 3, randomTensor({40, 25}, 2));
        layer.quantizer->onEpoch({0, 3});
        const auto snapshot = layer.quantizer->snapshot(false);
        const auto sum = [](const Histogram& h) {
            return std::accumulate(h.counts.begin(), h.counts.end(), h.below + h.above);
        };
        QCOMPARE(sum(snapshot.latent), std::int64_t{500});
        QCOMPARE(sum(*snapshot.latentFrozen), std::int64_t{500});
        QCOMPARE(*snapshot.frozenShare, 0.5);
        QCOMPARE(snapshot.latent.low, snapshot.latentFrozen->low);
        QVERIFY(snapshot.latentFrozen->above == 0); // the range reaches the largest level
    }

    void refusesContradictions() {
        const auto& method = builtinWeightMethods().at("inq", "test");
        const auto check = [&](std::int64_t bits, const Json& options) {
            method.check(bits, Options::validated(method.schema.options, options, "test"), "weights.options");
        };
        check(8, {{"code_use", "full"}});
        QVERIFY_THROWS_EXCEPTION(Error, check(9, {{"code_use", "full"}}));
        QVERIFY_THROWS_EXCEPTION(Error, check(5, {{"portions", Json::array()}}));
        QVERIFY_THROWS_EXCEPTION(Error, check(5, {{"portions", {0.5, 0.75}}}));
        QVERIFY_THROWS_EXCEPTION(Error, check(5, {{"portions", {0.5, 0.5, 1}}}));
        const auto options = Options::validated(method.schema.options, Json::object(), "test");
        QVERIFY(!method.remark(7, options).empty() && method.remark(5, options).empty());
        const auto full = Options::validated(method.schema.options, {{"code_use", "full"}}, "test");
        QCOMPARE(method.remark(5, full), method.remark(6, options)); // nearly the same powers of two
        QVERIFY(method.remark(6, options) != method.remark(7, options));
        QVERIFY(!method.epochsRemark(2, options).empty() && method.epochsRemark(3, options).empty());
    }
};

QTEST_GUILESS_MAIN(TestInq)
#include "tst_inq.moc"
