// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/quant/affine.h"
#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

/// A batch norm with scales of both signs, one of them 0.
FollowingBatchNorm batchNorm(torch::ScalarType type = torch::kFloat32) {
    return {torch::tensor({1.5, -0.3, 0.0, 2.0}, type), torch::tensor({0.9, 0.02, 1.0, 4.0}, type), 1e-3};
}

torch::Tensor factorOf(const FollowingBatchNorm& norm) {
    return (norm.weight / (norm.runningVariance + norm.epsilon).sqrt()).view({-1, 1, 1, 1});
}

Attached attachTo(const torch::Tensor& weight, std::int64_t bits, const std::string& form,
                  const std::optional<FollowingBatchNorm>& norm = {}) {
    const auto& entry = builtinWeightMethods().at("integer", "test");
    QuantizerArguments arguments;
    arguments.parameter = weight.detach().clone().requires_grad_();
    arguments.layer.name = "layer.weight";
    arguments.layer.shape = weight.sizes().vec();
    arguments.layer.followedByBatchNorm = norm.has_value();
    arguments.layer.batchNorm = norm;
    arguments.bits = bits;
    arguments.options = Options::validated(entry.schema.options, {{"form", form}}, "test");
    return {arguments.parameter, entry.make(arguments)};
}

/// S (q − Z) as float64.
torch::Tensor meant(const IntegerWeight& integer) {
    return (integer.integers.to(torch::kFloat64) - static_cast<double>(integer.zeroPoint)) * integer.scale;
}

} // namespace

class TestIntegerMethod : public QObject {
    Q_OBJECT

private slots:
    void affineGridGoldens() {
        const auto wide = affineGrid(-.5, 1.5, 0, 255);
        QVERIFY(std::abs(wide.step - 2.0 / 255) < 1e-12);
        QCOMPARE(wide.zero, 64.0);
        QVERIFY(std::abs(wide.least() + .5019608) < 1e-7 && std::abs(wide.greatest() - 1.4980392) < 1e-7);
        const auto exact = affineGrid(-1, 2, 0, 255);
        QCOMPARE(exact.zero, 85.0);
        QVERIFY(std::abs(exact.least() + 1) < 1e-12 && std::abs(exact.greatest() - 2) < 1e-12);
        const auto positive = affineGrid(.2, 1, 0, 15); // 0 belongs to it
        QVERIFY(std::abs(positive.step - 1.0 / 15) < 1e-12);
        QCOMPARE(positive.zero, 0.0);
        const auto negative = affineGrid(-3, -1, 0, 15);
        QCOMPARE(negative.zero, 15.0);
        QCOMPARE(affineGrid(0, 0, 0, 255).step, 0.0);
        QCOMPARE(affineGrid(0, 0, -127, 127).zero, 0.0);
    }

    void narrowRangeGolden() {
        auto layer = attachTo(torch::tensor({.6, -1.2, .1}).view({1, 3}), 8, "symmetric");
        const auto integer = *layer.quantizer->freeze().integer;
        QVERIFY_SAME(
            bitDifference(integer.integers, torch::tensor({64, -127, 11}, torch::kInt8).view({1, 3})));
        QVERIFY(std::abs(integer.scale - .009448818897637795) < 1e-9);
        QVERIFY(!integer.foldsBatchNorm && integer.zeroPoint == 0);
        QVERIFY_SAME(
            difference(layer.weight(), torch::tensor({.6047244, -1.2, .1039370}).view({1, 3}), 1e-6));
    }

    void foldingGolden() {
        const FollowingBatchNorm norm{torch::tensor({2.0F}), torch::tensor({.249F}), 1e-3};
        auto layer = attachTo(torch::full({1, 1, 1, 1}, .4), 8, "symmetric", norm);
        const auto integer = *layer.quantizer->freeze().integer;
        QVERIFY(integer.foldsBatchNorm);
        QVERIFY(std::abs(meant(integer).item<double>() - 1.6) < 1e-6);
        QVERIFY(std::abs(layer.weight().item<double>() - .4) < 1e-6); // batch norm stays in its place
    }

    void affineUsesTheWholeRange() {
        auto layer = attachTo(torch::tensor({-.5, 1.5, .25, 0.}).view({1, 4}), 8, "affine");
        const auto integer = *layer.quantizer->freeze().integer;
        // S = 2 / 254, Z = ⌊−127 + 63.5 + ½⌋, and 0 is exact; 1.5 is 190.5 steps above it
        QCOMPARE(integer.zeroPoint, std::int64_t{-63});
        QVERIFY(std::abs(integer.scale - 2.0 / 254) < 1e-9);
        QVERIFY_SAME(
            bitDifference(integer.integers, torch::tensor({-126, 127, -31, -63}, torch::kInt8).view({1, 4})));
        QCOMPARE(layer.weight()[0][3].item<float>(), 0.0F);
    }

    void foldedIntegersAreTheNetwork_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<QString>("form");
        for (const int bits : {2, 4, 8})
            for (const char* form : {"symmetric", "affine"})
                QTest::addRow("%d bits, %s", bits, form) << bits << form;
    }

    /// What is materialized, times the batch norm's factor, is what the integers mean; freezing gives the
    /// same bits; filters whose factor is 0 are 0.
    void foldedIntegersAreTheNetwork() {
        QFETCH(int, bits);
        QFETCH(QString, form);
        const auto norm = batchNorm();
        auto layer = attachTo(randomTensor({4, 5, 3, 3}, 9) * .2, bits, form.toStdString(), norm);
        const auto frozen = layer.quantizer->freeze();
        const auto weight = layer.weight();
        QVERIFY_SAME(bitDifference(frozen.decode(), weight));
        QVERIFY_SAME(bitDifference(layer.weight(Mode::Train), weight));
        QCOMPARE(frozen.codebooks, std::int64_t{4});
        const auto folded = weight.to(torch::kFloat64) * factorOf(norm).to(torch::kFloat64);
        QVERIFY_SAME(difference(folded, meant(*frozen.integer), 1e-6));
        QVERIFY((weight[2] == 0).all().item<bool>());
        const auto reach = (1 << (bits - 1)) - 1;
        QVERIFY(frozen.integer->integers.abs().max().item<int>() == reach);
        for (std::size_t i = 1; i < frozen.codebook.size();
             ++i) // each codebook ascends, negative factor or not
            QVERIFY(i % std::size_t(2 * reach + 1) == 0 || frozen.codebook[i] > frozen.codebook[i - 1]);
    }

    void followsTheRunningVariance() {
        const auto norm = batchNorm();
        auto layer = attachTo(randomTensor({4, 5, 3, 3}, 9) * .2, 4, "symmetric", norm);
        const auto before = layer.weight();
        const auto integersBefore = layer.quantizer->freeze().integer->integers;
        norm.runningVariance.mul_(torch::tensor({1.0, 25.0, 1.0, 1.0}));
        QVERIFY(!torch::equal(layer.weight(), before));
        QVERIFY(!torch::equal(layer.quantizer->freeze().integer->integers, integersBefore));
        QVERIFY_SAME(bitDifference(layer.quantizer->freeze().decode(), layer.weight()));
    }

    void gradientIsAutogradsOnTheComposedExpression_data() { foldedIntegersAreTheNetwork_data(); }

    /// clamp(w s, low, high) / s has the gradient that straight-through rounding between them leaves.
    void gradientIsAutogradsOnTheComposedExpression() {
        QFETCH(int, bits);
        QFETCH(QString, form);
        const auto norm = batchNorm(torch::kFloat64);
        norm.weight[2] = 0.7; // 0 has no composed expression
        auto start = (randomTensor({4, 5, 3, 3}, 9, torch::kFloat64) + .31) * .2;
        auto layer = attachTo(start, bits, form.toStdString(), norm);
        const auto integer = *layer.quantizer->freeze().integer;
        const double reach = (1 << (bits - 1)) - 1;
        const auto weight = start.detach().clone().requires_grad_();
        const auto factor = factorOf(norm);
        const double slack = 1e-6 * integer.scale;
        const auto composed = (weight * factor)
                                  .clamp(integer.scale * (-reach - double(integer.zeroPoint)) - slack,
                                         integer.scale * (reach - double(integer.zeroPoint)) + slack) /
                              factor;
        const auto g = randomTensor({4, 5, 3, 3}, 4, torch::kFloat64);
        (composed * g).sum().backward();
        QVERIFY_SAME(difference(layer.gradient(g), weight.grad(), 1e-9));
        if (form == "symmetric") QVERIFY_SAME(bitDifference(layer.gradient(g), g));
    }

    void symmetricIsOddAndAffineIsNot() {
        const auto weight = randomTensor({4, 5, 3, 3}, 9) + .3;
        const auto norm = batchNorm();
        QVERIFY_SAME(bitDifference(attachTo(-weight, 3, "symmetric", norm).weight(),
                                   attachTo(weight, 3, "symmetric", norm).weight().neg() + 0.0));
        const auto tie = torch::tensor({-1., 1., .5}).view({1, 3}); // S = 1: ½ goes up, −½ too
        QVERIFY_SAME(
            bitDifference(attachTo(tie, 2, "affine").weight(), torch::tensor({-1., 1., 1.}).view({1, 3})));
        QVERIFY_SAME(
            bitDifference(attachTo(-tie, 2, "affine").weight(), torch::tensor({1., -1., 0.}).view({1, 3})));
    }

    void weightsOfZerosStayZeros() {
        for (const char* form : {"symmetric", "affine"}) {
            auto layer = attachTo(torch::zeros({4, 2, 1, 1}), 8, form, batchNorm());
            QVERIFY((layer.weight() == 0).all().item<bool>());
            const auto frozen = layer.quantizer->freeze();
            QVERIFY((frozen.decode() == 0).all().item<bool>() && frozen.integer->scale > 0);
        }
    }
};

QTEST_GUILESS_MAIN(TestIntegerMethod)
#include "tst_integer_method.moc"
