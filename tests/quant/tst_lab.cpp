// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include <torch/optim/adam.h>

#include "core/base/error.h"
#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

torch::Tensor row(const std::vector<double>& values, torch::ScalarType type = torch::kFloat64) {
    return torch::tensor(values, torch::kFloat64).to(type).view({1, -1});
}

/// A layer whose curvature d is (up to the 1e-8 that is added) this one.
Attached withCurvature(std::int64_t bits, const torch::Tensor& weight, const torch::Tensor& curvature,
                       const Json& options = Json::object()) {
    auto layer = attach("lab", bits, weight, options, true);
    torch::OrderedDict<std::string, torch::Tensor> tensors;
    Json numbers = Json::object();
    layer.quantizer->save(tensors, numbers);
    tensors["moment"] = curvature.square().to(weight.scalar_type()).view(weight.sizes());
    layer.quantizer->load(tensors, numbers);
    return layer;
}

double scaleOf(Attached& layer) {
    return layer.quantizer->snapshot(false).diagnostics.at("scale");
}

double error(const torch::Tensor& quantized, const torch::Tensor& weight, const torch::Tensor& curvature) {
    return (quantized - weight).square().mul(curvature).sum().item<double>();
}

/// The best scale of {0, ±1} by trying every prefix of the sorted weights.
double bruteForceTernaryError(const torch::Tensor& weight, const torch::Tensor& curvature) {
    const auto size = weight.abs().view({-1});
    const auto d = curvature.view({-1});
    double best = (d * size.square()).sum().item<double>(); // all zero
    for (std::int64_t i = 0; i < size.size(0); ++i) {
        const auto kept = size.ge(size[i].item<double>()).to(torch::kFloat64);
        const auto alpha = (d * size * kept).sum() / (d * kept).sum();
        best = std::min(best, (d * (size - alpha * kept).square()).sum().item<double>());
    }
    return best;
}

} // namespace

/// Loss-aware binarization, ternarization and m-bit quantization.
class TestLab : public QObject {
    Q_OBJECT

private slots:
    void golden() {
        auto layer = withCurvature(1, row({.5, -.2, .1}), row({1, 2, 3}));
        QVERIFY_SAME(difference(layer.weight(), row({.2, -.2, .2}), 1e-8));
        QVERIFY(std::abs(scaleOf(layer) - .2) < 1e-8);
    }

    /// Before the first step the curvature is the same everywhere: the scale is the mean size, BWN's of one
    /// filter.
    void withoutStepsItIsTheMeanSize() {
        auto layer = attach("lab", 1, row({.5, -.2, .1}), {}, true);
        QVERIFY(std::abs(scaleOf(layer) - .8 / 3) < 1e-12);
        const auto weight = randomTensor({1, 5, 3, 3}, 4, torch::kFloat64) * 0.2;
        auto lab = attach("lab", 1, weight, {}, true);
        auto bwn = attach("bwn", 1, weight, {{"center", false}}, true);
        QVERIFY_SAME(difference(lab.weight(), bwn.weight(), 1e-12));
    }

    /// One step of Adam at 0.01 from zero state; the curvature has no bias correction.
    void oneAdamStep() {
        auto layer = attach("lab", 1, row({.5, -.2, .1}), {}, true);
        torch::optim::Adam adam({layer.trainable()}, torch::optim::AdamOptions(0.01));
        layer.materialize(Mode::Train);
        layer.quantizer->backward(row({.1, -.2, .3}));
        adam.step();
        layer.quantizer->afterStep();
        QVERIFY_SAME(difference(layer.trainable().detach(), row({.49, -.19, .09}), 1e-7));
        torch::OrderedDict<std::string, torch::Tensor> tensors;
        Json numbers;
        layer.quantizer->save(tensors, numbers);
        QVERIFY_SAME(difference(tensors["moment"].sqrt(),
                                row({.0031622876601683793, .006324565320336759, .009486842980505138}), 2e-8));
        QVERIFY(std::abs(scaleOf(layer) - .19000012122045196) < 1e-7);
    }

    /// A step's forward uses the curvature of the steps before it.
    void curvatureLagsByOneStep() {
        auto layer = attach("lab", 1, row({.5, -.2, .1}), {}, true);
        const auto before = layer.weight(Mode::Train);
        layer.quantizer->backward(row({1, 0, 0}));
        QVERIFY(!torch::equal(layer.weight(), before));
        QVERIFY(std::abs(scaleOf(layer) - .5) < 1e-6); // now only the first weight counts
        layer.quantizer->backward(row({0, 9, 9}), 1);  // a second pass of the same step
        QVERIFY(std::abs(scaleOf(layer) - .5) < 1e-6);
    }

    void clipsAndHasNoDecay() {
        auto layer = attach("lab", 1, row({1.5, -2, .1}), {}, true);
        QVERIFY_SAME(difference(layer.trainable().detach(), row({1, -1, .1}), 1e-15));
        {
            const torch::NoGradGuard guard;
            layer.trainable().add_(1);
        }
        layer.quantizer->afterStep();
        QVERIFY_SAME(difference(layer.trainable().detach(), row({1, 0, 1}), 1e-15));
        QCOMPARE(layer.quantizer->parameterGroups().at(0).weightDecay.value_or(-1), 0.0);
        const auto g = row({1, -2, 3});
        QVERIFY_SAME(bitDifference(layer.gradient(g), g));
    }

    void startsUniformFromScratch() {
        auto layer = attach("lab", 1, randomTensor({64, 32, 3, 3}, 1));
        const double half = std::sqrt(1.5 / (32 * 9 + 64 * 9));
        const auto latent = layer.trainable().detach();
        QVERIFY(latent.abs().max().item<double>() <= half * (1 + 1e-6));
        QVERIFY(std::abs(latent.std().item<double>() - half / std::sqrt(3.0)) < 0.02 * half);
    }

    /// The binary scale minimizes the weighted error.
    void binaryScaleIsOptimal() {
        const auto weight = randomTensor({4, 3, 3, 3}, 5, torch::kFloat64).clamp(-1, 1);
        const auto d = randomTensor({4, 3, 3, 3}, 6, torch::kFloat64).abs() + 0.01;
        auto layer = withCurvature(1, weight, d);
        const double alpha = scaleOf(layer);
        const double best = error(layer.weight(), weight, d);
        for (const double other : {alpha * 0.99, alpha * 1.01})
            QVERIFY(best < error(layer.weight().sign() * other, weight, d));
    }

    void exactTernaryIsOptimal_data() {
        QTest::addColumn<int>("seed");
        for (int seed = 1; seed <= 8; ++seed)
            QTest::addRow("seed %d", seed) << seed;
    }
    void exactTernaryIsOptimal() {
        QFETCH(int, seed);
        const auto weight =
            randomTensor({3, 4, 3, 3}, std::uint64_t(seed), torch::kFloat64).clamp(-1, 1) * 0.9;
        const auto d = randomTensor({3, 4, 3, 3}, std::uint64_t(seed) + 50, torch::kFloat64).abs() + 1e-3;
        auto exact = withCurvature(2, weight, d, {{"ternary", "exact"}});
        const double optimum = bruteForceTernaryError(weight, d + 1e-8);
        QVERIFY(std::abs(error(exact.weight(), weight, d + 1e-8) - optimum) < 1e-9 * optimum);
        auto approximate = withCurvature(2, weight, d);
        const double close = error(approximate.weight(), weight, d + 1e-8);
        QVERIFY(close >= optimum * (1 - 1e-9) && close < optimum * 1.1);
        // A fixed point: the pattern is nearest to the scale, the scale fits the pattern.
        const auto pattern = approximate.weight().sign();
        const auto again = (pattern * weight * d).sum() / (pattern.abs() * d).sum();
        QVERIFY(std::abs(again.item<double>() - scaleOf(approximate)) < 1e-4 * scaleOf(approximate));
    }

    /// Weights of one size: the published exact solver finds no sign change and falls back on 0.7 of the
    /// mean; the best ternary value is the size itself.
    void exactTernaryOfEqualSizes() {
        auto layer = attach("lab", 2, row({.2, -.2, .2, .2}), {{"ternary", "exact"}}, true);
        QVERIFY_SAME(difference(layer.weight(), row({.2, -.2, .2, .2}), 1e-12));
    }

    /// With equal curvature, the example of the optimal ternary solver: α = .48, all kept.
    void exactTernaryWithEqualCurvature() {
        auto layer = attach("lab", 2, row({1, .5, .3, -.3, .3}), {{"ternary", "exact"}}, true);
        QVERIFY_SAME(difference(layer.weight(), row({.48, .48, .48, -.48, .48}), 1e-9));
    }

    /// Levels of m bits, each weight at its nearest one, and a scale that the alternation leaves as it is.
    void moreBitsTakeTheNearestLevel_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<QString>("levels");
        for (int bits = 3; bits <= 5; ++bits)
            for (const char* levels : {"linear", "log"})
                QTest::addRow("%d bits, %s", bits, levels) << bits << levels;
    }
    void moreBitsTakeTheNearestLevel() {
        QFETCH(int, bits);
        QFETCH(QString, levels);
        const auto weight = randomTensor({6, 4, 3, 3}, 7, torch::kFloat64).clamp(-1, 1);
        const auto d = randomTensor({6, 4, 3, 3}, 8, torch::kFloat64).abs() + 0.01;
        auto layer = withCurvature(bits, weight, d, {{"levels", levels.toStdString()}});
        const auto space = layer.quantizer->snapshot(false).valueSpace;
        const int n = (1 << (bits - 1)) - 1;
        QCOMPARE(int(space.size()), 2 * n + 1);
        const double scale = scaleOf(layer);
        for (int i = 1; i <= n; ++i) {
            const double share = levels == "log" ? std::pow(2.0, i - n) : double(i) / n;
            QVERIFY(std::abs(space[std::size_t(n + i)] - scale * share) < 1e-7);
            QCOMPARE(space[std::size_t(n - i)], -space[std::size_t(n + i)]);
        }
        const auto values = torch::tensor(space, torch::kFloat64);
        const auto nearest = (weight.view({-1, 1}) - values.view({1, -1})).abs().argmin(1);
        QVERIFY_SAME(difference(layer.weight().view({-1}), values.index_select(0, nearest), 1e-6));
        const auto b = layer.weight() / scale;
        const double again = ((b * weight * d).sum() / (b.square() * d).sum()).item<double>();
        QVERIFY2(std::abs(again - scale) < 0.02 * scale, qPrintable(QString::number(again / scale)));
    }

    /// The published code's log rule: round(log2 t − 0.0849625), zero below 2^−n, is the nearest level.
    void logRuleIsThePublishedOne() {
        const auto weight = randomTensor({6, 4, 3, 3}, 7, torch::kFloat64).clamp(-1, 1);
        auto layer = attach("lab", 3, weight, {{"levels", "log"}}, true);
        const double scale = scaleOf(layer);
        const auto t = (weight / scale).clamp(-1, 1).abs();
        auto size = (t.log2() - 0.0849625).round().exp2().clamp_min(0.25);
        size = torch::where(t.ge(0.125), size, 0.0);
        QVERIFY_SAME(difference(layer.weight(), size * weight.sign() * scale, 1e-9));
    }

    void manyBitsNeedFloats() {
        QVERIFY_THROWS_EXCEPTION(
            Error, builtinWeightMethods()
                       .at("lab", "test")
                       .check(8,
                              Options::validated(builtinWeightMethods().at("lab", "test").schema.options,
                                                 {{"levels", "log"}}, "test"),
                              "test"));
        for (int bits = 3; bits <= 7; ++bits) {
            auto layer = attach("lab", bits, randomTensor({8, 4, 3, 3}, 9) * 0.2, {{"levels", "log"}}, true);
            QVERIFY_SAME(bitDifference(layer.quantizer->freeze().decode(), layer.weight()));
        }
    }

    void aLayerOfZerosStaysFinite_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<QString>("ternary");
        for (int bits = 1; bits <= 4; ++bits)
            QTest::addRow("%d bits", bits) << bits << "approximate";
        QTest::newRow("exact") << 2 << "exact";
    }
    void aLayerOfZerosStaysFinite() {
        QFETCH(int, bits);
        QFETCH(QString, ternary);
        auto layer =
            attach("lab", bits, torch::zeros({4, 1, 3, 3}), {{"ternary", ternary.toStdString()}}, true);
        for (int step = 0; step < 3; ++step) {
            QVERIFY_SAME(bitDifference(layer.weight(Mode::Train), torch::zeros({4, 1, 3, 3})));
            layer.quantizer->backward(torch::zeros({4, 1, 3, 3}));
        }
        QVERIFY_SAME(bitDifference(layer.quantizer->freeze().decode(), layer.weight()));
    }
};

QTEST_GUILESS_MAIN(TestLab)
#include "tst_lab.moc"
