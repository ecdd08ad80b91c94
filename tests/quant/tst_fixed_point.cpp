// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

torch::Tensor row(const std::vector<double>& values, torch::ScalarType type = torch::kFloat64) {
    return torch::tensor(values, torch::kFloat64).to(type).view({1, -1});
}

torch::Tensor rowOf(const QList<double>& values) {
    return row(std::vector<double>(values.begin(), values.end()));
}

/// A layer whose starting weights made the grid, with other weights in it now.
Attached withWeights(const std::string& method, std::int64_t bits, const torch::Tensor& start,
                     const torch::Tensor& weights, const Json& options = Json::object()) {
    auto layer = attach(method, bits, start, options, true);
    const torch::NoGradGuard guard;
    layer.trainable().copy_(weights);
    return layer;
}

double diagnostic(Attached& layer, const std::string& name) {
    return layer.quantizer->snapshot(false).diagnostics.at(name);
}

} // namespace

/// Dynamic fixed point (Ristretto) and the weights of quantized neural networks.
class TestFixedPoint : public QObject {
    Q_OBJECT

private slots:
    void integerLengths_data() {
        QTest::addColumn<double>("largest");
        QTest::addColumn<int>("bits");
        QTest::addColumn<int>("integer");
        QTest::newRow("1.3") << 1.3 << 8 << 2;
        QTest::newRow("1") << 1.0 << 8 << 1;
        QTest::newRow("above 1") << std::nextafter(1.0F, 2.0F) * 1.0 << 8 << 2;
        QTest::newRow("0.3") << 0.3 << 4 << 0;
        QTest::newRow("0.05: more bits behind the point than there are") << 0.05 << 8 << -3;
        QTest::newRow("300: fewer than none") << 300.0 << 4 << 10;
        QTest::newRow("zeros") << 0.0 << 8 << 1;
    }
    void integerLengths() {
        QFETCH(double, largest);
        QFETCH(int, bits);
        QFETCH(int, integer);
        auto layer = attach("ristretto", bits, row({largest / 3, -largest, 0}), {}, true);
        QCOMPARE(int(diagnostic(layer, "integer_length")), integer);
        QCOMPARE(int(diagnostic(layer, "fractional_length")), bits - integer);
        if (largest > 0 && largest != 1.0) QCOMPARE(integer, int(std::ceil(std::log2(largest) + 1)));
        QVERIFY_SAME(bitDifference(layer.quantizer->freeze().decode().to(torch::kFloat64), layer.weight()));
    }

    void ristrettoGoldens_data() {
        QTest::addColumn<double>("largest");
        QTest::addColumn<int>("bits");
        QTest::addColumn<QList<double>>("weights");
        QTest::addColumn<QList<double>>("expected");
        QTest::newRow("8 bits, 1.3") << 1.3 << 8 << QList<double>{.7, -2.5, 1.99, .0078}
                                     << QList<double>{.703125, -2, 1.984375, 0};
        QTest::newRow("a power of two saturates") << 1.0 << 8 << QList<double>{1} << QList<double>{.9921875};
        QTest::newRow("4 bits, 0.3") << .3 << 4 << QList<double>{.3, -.3, .1, .03}
                                     << QList<double>{.3125, -.3125, .125, 0};
        QTest::newRow("half away from zero") << 1.0 << 4 << QList<double>{.0625, -.0625, .1875, -.1875, .3125}
                                             << QList<double>{.125, -.125, .25, -.25, .375};
    }
    void ristrettoGoldens() {
        QFETCH(double, largest);
        QFETCH(int, bits);
        QFETCH(QList<double>, weights);
        QFETCH(QList<double>, expected);
        auto start = torch::full({1, weights.size()}, largest, torch::kFloat64);
        auto layer = withWeights("ristretto", bits, start, rowOf(weights));
        QVERIFY_SAME(bitDifference(layer.weight(), rowOf(expected)));
        auto nearest =
            withWeights("ristretto", bits, start, rowOf(weights), {{"training_rounding", "nearest"}});
        QVERIFY_SAME(bitDifference(nearest.weight(Mode::Train), rowOf(expected)));
        QVERIFY(layer.quantizer->trainFormDiffers() && !nearest.quantizer->trainFormDiffers());
    }

    /// 0.49999997 + 0.5 is 1 in float32: adding a half and cutting off would round it up.
    void justBelowHalfRoundsDown() {
        const float below = std::nextafter(0.5F, 0.0F);
        const auto start = torch::full({1, 2}, 100.0F); // 8 bits: steps of 1
        auto layer = withWeights("ristretto", 8, start, torch::tensor({{below, -below}}));
        QVERIFY_SAME(bitDifference(layer.weight(), torch::zeros({1, 2})));
    }

    /// Neighbouring values with the probability of the remainder, within five standard errors; whole steps
    /// and saturated weights don't move.
    void stochasticRoundingHasItsProbability() {
        const std::vector<double> weights{.3, -.3, .5, 7.9, -9, .999999, -2};
        const auto expanded = row(weights, torch::kFloat32).expand({500, 7}).contiguous();
        auto layer = withWeights("ristretto", 4, torch::full({500, 7}, 8.0F), expanded); // −8 … 7, steps of 1
        constexpr int kSteps = 40;
        torch::Tensor sum = torch::zeros({7}, torch::kFloat64);
        for (int step = 0; step < kSteps; ++step) {
            const auto drawn = layer.weight(Mode::Train);
            const auto clamped = expanded.clamp(-8, 7);
            QVERIFY((drawn.eq(clamped.floor()) | drawn.eq(clamped.floor() + 1)).all().item<bool>());
            QVERIFY(drawn.max().item<double>() <= 7 && drawn.min().item<double>() >= -8);
            sum += drawn.to(torch::kFloat64).sum(0);
        }
        const double n = 500.0 * kSteps;
        for (int i = 0; i < 7; ++i) {
            const double mean = std::clamp(weights[std::size_t(i)], -8.0, 7.0);
            const double p = mean - std::floor(mean);
            QVERIFY(std::abs(sum[i].item<double>() / n - mean) <= 5 * std::sqrt(p * (1 - p) / n) + 1e-5);
        }
        QVERIFY(!torch::equal(layer.weight(Mode::Train), layer.weight(Mode::Train))); // fresh at each step
        QVERIFY_SAME(bitDifference(layer.weight(), layer.weight()));
    }

    void ristrettoUsesTwosComplement_data() {
        QTest::addColumn<int>("bits");
        for (int bits = 1; bits <= 8; ++bits)
            QTest::addRow("%d bits", bits) << bits;
    }
    void ristrettoUsesTwosComplement() {
        QFETCH(int, bits);
        auto layer = attach("ristretto", bits, row({.9, -.2, .4}), {}, true);
        const auto space = layer.quantizer->snapshot(false).valueSpace;
        QCOMPARE(int(space.size()), 1 << bits);
        QCOMPARE(space.front(), -1.0); // il = 1
        QCOMPARE(space.back(), 1.0 - std::ldexp(1.0, 1 - bits));
        const auto g = row({1, -2, 3});
        QVERIFY_SAME(bitDifference(layer.gradient(g), g));
        QVERIFY(layer.quantizer->snapshot(false).diagnostics.contains("saturated_share"));
    }

    void logRuleGolden() {
        auto layer = attach("qnn", 5, row({.3, -.7, 1.5, -3, .05}), {{"rule", "log"}, {"range", 4}}, true);
        QVERIFY_SAME(bitDifference(layer.weight(), row({.25, -.5, 2, -4, .0625})));
    }

    /// AP2 turns at √2 · 2^p, INQ at 1.5 · 2^p: 1.45 is 2 here and 1 there. AP2(0) = 0, far below the
    /// smallest power it is 0, too.
    void logRuleRoundsInTheLogDomain() {
        const auto weights = row({1.45, 1.4142, -1.4143, 0, 1e-9, 5});
        auto layer = attach("qnn", 4, weights, {{"rule", "log"}, {"range", 2}}, true);
        QVERIFY_SAME(bitDifference(layer.weight(), row({2, 1, -2, 0, 0, 2})));
        QCOMPARE(layer.quantizer->snapshot(false).valueSpace,
                 (std::vector<double>{-2, -1, -.5, -.25, -.125, -.0625, -.03125, 0, .03125, .0625, .125, .25,
                                      .5, 1, 2}));
        QVERIFY(attach("inq", 4, row({1.45}), {}, true).weight().item<double>() == 1);
    }

    void linearRule() {
        auto layer = attach("qnn", 3, row({.3, -.3, .1, -.05, .9, -1.7, .65}), {{"range", 1}}, true);
        QVERIFY_SAME(bitDifference(layer.weight(), row({.25, -.25, 0, 0, .75, -1, .75})));
        QCOMPARE(layer.quantizer->snapshot(false).valueSpace,
                 (std::vector<double>{-1, -.75, -.5, -.25, 0, .25, .5, .75}));
    }

    void qnnRange() {
        const auto range = [](const torch::Tensor& weight, const Json& options, bool pretrained) {
            auto layer = attach("qnn", 4, weight, options, pretrained);
            return diagnostic(layer, "range");
        };
        QCOMPARE(range(row({.2, -.1}), {}, false), 1.0);
        QCOMPARE(range(row({.2, -.1}), {}, true), .25); // holds the starting weights
        QCOMPARE(range(row({.25, -.1}), {}, true), .25);
        QCOMPARE(range(row({0, 0}), {}, true), 1.0);
        QCOMPARE(range(row({.2, -.1}), {{"range", 3}}, true), 2.0); // the power of two below
    }

    void qnnStartsUniformAndClips() {
        auto layer = attach("qnn", 4, randomTensor({64, 32, 3, 3}, 1));
        const auto latent = layer.trainable().detach();
        QVERIFY(latent.max().item<double>() <= .875 && latent.min().item<double>() >= -1);
        QVERIFY(std::abs(latent.std().item<double>() - 1 / std::sqrt(3.0)) < 0.03);
        {
            const torch::NoGradGuard guard;
            layer.trainable().add_(1);
        }
        layer.quantizer->afterStep();
        QVERIFY(latent.max().item<double>() <= .875);
    }

    /// The derivative of clip with the straight-through estimator for rounding, against autograd.
    void qnnGradientIsThatOfTheClip_data() {
        QTest::addColumn<QString>("rule");
        QTest::newRow("linear") << "linear";
        QTest::newRow("log") << "log";
    }
    void qnnGradientIsThatOfTheClip() {
        QFETCH(QString, rule);
        const auto weights = randomTensor({4, 3, 3, 3}, 5, torch::kFloat64);
        auto layer = withWeights("qnn", 4, torch::ones({4, 3, 3, 3}, torch::kFloat64), weights,
                                 {{"rule", rule.toStdString()}, {"range", 1}});
        const auto g = randomTensor({4, 3, 3, 3}, 6, torch::kFloat64);
        const auto leaf = weights.clone().requires_grad_();
        (g * leaf.clamp(-1, rule == "log" ? 1.0 : .875)).sum().backward();
        QVERIFY(leaf.grad().eq(0).any().item<bool>());
        QVERIFY_SAME(difference(layer.gradient(g), leaf.grad(), 1e-12));
    }

    /// Every width in both rules, small ranges and large: only levels, bit for bit, in float32.
    void everyWidthDecodes_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("bits");
        QTest::addColumn<QString>("rule");
        for (int bits = 1; bits <= 8; ++bits)
            QTest::addRow("ristretto, %d", bits) << "ristretto" << bits << "";
        for (int bits = 2; bits <= 8; ++bits)
            for (const char* rule : {"linear", "log"})
                QTest::addRow("qnn, %d, %s", bits, rule) << "qnn" << bits << rule;
    }
    void everyWidthDecodes() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        QFETCH(QString, rule);
        const Json options = rule.isEmpty() ? Json::object() : Json{{"rule", rule.toStdString()}};
        for (const double size : {0.0, 1e-12, 0.05, 1.0, 300.0}) {
            auto layer =
                attach(method.toStdString(), bits, randomTensor({8, 1, 3, 3}, 7) * size, options, true);
            const auto frozen = layer.quantizer->freeze();
            QVERIFY_SAME(bitDifference(frozen.decode(), layer.weight()));
            QVERIFY(std::is_sorted(frozen.codebook.begin(), frozen.codebook.end()));
            QVERIFY(std::adjacent_find(frozen.codebook.begin(), frozen.codebook.end()) ==
                    frozen.codebook.end()); // all different
            QVERIFY(layer.weight(Mode::Train).isfinite().all().item<bool>());
            if (size == 0.0) QVERIFY_SAME(bitDifference(layer.weight(), torch::zeros({8, 1, 3, 3})));
        }
    }
};

QTEST_GUILESS_MAIN(TestFixedPoint)
#include "tst_fixed_point.moc"
