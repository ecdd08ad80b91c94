// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include <torch/optim/sgd.h>

#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

torch::Tensor row(const std::vector<double>& values, torch::ScalarType type = torch::kFloat32) {
    return torch::tensor(values, torch::kFloat64).to(type).view({1, -1});
}

} // namespace

/// BinaryConnect, BWN and TWN against the numbers of their papers' formulas.
class TestBinaryMethods : public QObject {
    Q_OBJECT

private slots:
    void binaryConnectTakesTheSign() {
        auto layer = attach("binaryconnect", 1, row({.3, -.2, 0, -1.5, .95}), {}, true);
        QVERIFY_SAME(bitDifference(layer.weight(), row({1, -1, 1, -1, 1})));
        QVERIFY_SAME(bitDifference(layer.weight(Mode::Train), row({1, -1, 1, -1, 1})));
    }

    /// SGD at 0.1 on w = [.3, −.2, .95] with g = [1, −2, −3], then the clip to [−1, 1].
    void binaryConnectStepsAndClips() {
        auto layer = attach("binaryconnect", 1, row({.3, -.2, .95}), {}, true);
        torch::optim::SGD sgd({layer.trainable()}, torch::optim::SGDOptions(0.1));
        layer.materialize(Mode::Train);
        layer.quantizer->backward(row({1, -2, -3}));
        sgd.step();
        layer.quantizer->afterStep();
        QVERIFY(torch::allclose(layer.trainable().detach(), row({.2, 0, 1}), 0, 1e-7));
    }

    void binaryConnectScalesLearningRates() {
        const auto multiplier = [](const char* scaling) {
            auto layer =
                attach("binaryconnect", 1, randomTensor({128, 128, 3, 3}, 1), {{"lr_scaling", scaling}});
            return layer.quantizer->parameterGroups().at(0).learningRateMultiplier;
        };
        QCOMPARE(multiplier("off"), 1.0);
        QVERIFY(std::abs(multiplier("once") - 39.1918359) < 1e-6); // fans 1152 + 1152
        QVERIFY(std::abs(multiplier("twice") - 1536) < 1e-6);
    }

    void binaryConnectStartsUniform() {
        auto layer = attach("binaryconnect", 1, randomTensor({64, 32, 3, 3}, 1), {{"scale", "glorot"}});
        const double half = std::sqrt(1.5 / (32 * 9 + 64 * 9));
        const auto latent = layer.trainable().detach();
        QVERIFY(latent.abs().max().item<double>() <= half * (1 + 1e-6));
        QVERIFY(std::abs(latent.std().item<double>() - half / std::sqrt(3.0)) < 0.02 * half);
        QVERIFY_SAME(bitDifference(layer.weight().abs(), torch::full_like(latent, half)));
    }

    /// P(+1) = clip((w + 1) / 2, 0, 1) = [.65, .4, .5, 0, .975], within five standard errors.
    void stochasticSignsHaveTheirProbability() {
        const std::vector<double> weights{.3, -.2, 0, -1.5, .95};
        const std::vector<double> expected{.65, .4, .5, 0, .975};
        auto layer = attach("binaryconnect", 1, row(weights).expand({400, 5}).contiguous(),
                            {{"stochastic", true}}, true);
        torch::Tensor positive = torch::zeros({5}, torch::kFloat64);
        constexpr int kSteps = 50;
        for (int step = 0; step < kSteps; ++step)
            positive += layer.weight(Mode::Train).gt(0).to(torch::kFloat64).sum(0);
        for (int i = 0; i < 5; ++i) {
            const double p = expected[std::size_t(i)];
            const double deviation = std::sqrt(p * (1 - p) / (400 * kSteps));
            QVERIFY(std::abs(positive[i].item<double>() / (400 * kSteps) - p) <= 5 * deviation);
        }
        const auto first = layer.weight(Mode::Train);
        QVERIFY(!torch::equal(first, layer.weight(Mode::Train))); // fresh chance at each step
        QVERIFY_SAME(bitDifference(layer.weight()[0], row({1, -1, 1, -1, 1})[0]));
    }

    /// W = [.5, −.25, 1, −.25]: α = .5, and the gradient of both forms.
    void bwnGoldens() {
        const auto w = row({.5, -.25, 1, -.25}).view({1, 1, 2, 2});
        const auto g = row({.1, .2, -.3, .4}).view({1, 1, 2, 2});
        auto exact = attach("bwn", 1, w, {}, true);
        QVERIFY_SAME(bitDifference(exact.weight(), row({.5, -.5, .5, -.5}).view({1, 1, 2, 2})));
        QVERIFY(torch::allclose(exact.gradient(g), row({-.15, .3, -.35, .4}).view({1, 1, 2, 2}), 0, 1e-6));
        auto paper = attach("bwn", 1, w, {{"gradient", "paper"}}, true);
        QVERIFY(torch::allclose(paper.gradient(g), row({.075, .15, -.075, .3}).view({1, 1, 2, 2}), 0, 1e-6));
    }

    /// dL/dW of α(W) · clipped sign, autograd on α in float64 and the estimator's mask for the sign.
    void bwnExactGradientIsThatOfScaleTimesSign() {
        auto w = (randomTensor({6, 4, 3, 3}, 5, torch::kFloat64) * 0.5).clamp(-0.99, 0.99);
        w = w - w.mean({1}, true);
        const auto g = randomTensor({6, 4, 3, 3}, 6, torch::kFloat64);
        auto layer = attach("bwn", 1, w, {}, true);
        const auto leaf = layer.trainable().detach().clone().requires_grad_();
        const auto sign = leaf.detach().ge(0).to(torch::kFloat64) * 2 - 1;
        const auto through = sign + leaf - leaf.detach(); // value sign(W), gradient 1
        (g * leaf.abs().mean({1, 2, 3}, true) * through).sum().backward();
        QVERIFY(torch::allclose(layer.gradient(g), leaf.grad(), 0, 1e-9));
    }

    void bwnHasOneScalePerFilterAndCentres() {
        auto layer = attach("bwn", 1, randomTensor({8, 5, 3, 3}, 9) * 0.3, {}, true);
        QVERIFY(layer.trainable().detach().mean(1).abs().max().item<double>() < 1e-6);
        const auto scale = layer.trainable().detach().abs().mean({1, 2, 3});
        for (int filter = 0; filter < 8; ++filter)
            QVERIFY(torch::allclose(layer.weight()[filter].abs(), scale[filter].expand({5, 3, 3})));
        QCOMPARE(layer.quantizer->snapshot(false).codebooks, std::int64_t{8});
        // One input channel per filter: centring would zero every weight.
        auto depthwise = attach("bwn", 1, randomTensor({8, 1, 3, 3}, 9), {}, true);
        QVERIFY(depthwise.trainable().detach().abs().min().item<double>() > 0);
    }

    void twnGoldens() {
        auto layer = attach("twn", 2, row({1, -.5, .2, -.1, .7, -.05}), {}, true);
        const double alpha = 2.2 / 3;
        QVERIFY(torch::allclose(layer.weight(), row({alpha, -alpha, 0, 0, alpha, 0}), 1e-6));
        const auto diagnostics = layer.quantizer->snapshot(false).diagnostics;
        QVERIFY(std::abs(diagnostics.at("threshold") - .2975) < 1e-6);
        QVERIFY(std::abs(diagnostics.at("scale") - .7333333) < 1e-6);
        // All of one size: nothing lies below 0.7 times the mean, so nothing is lost.
        auto equal = attach("twn", 2, row({.2, -.2, .2, -.2}), {}, true);
        QVERIFY(torch::allclose(equal.weight(), row({.2, -.2, .2, -.2}), 1e-6));
        QVERIFY(std::abs(equal.quantizer->snapshot(false).diagnostics.at("threshold") - .14) < 1e-6);
        auto g = row({1, -2, 3, 4, 5, 6});
        QVERIFY_SAME(bitDifference(layer.gradient(g), g));
    }

    void aLayerOfZerosStaysFinite_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("bits");
        QTest::newRow("bwn") << "bwn" << 1;
        QTest::newRow("twn") << "twn" << 2;
    }
    void aLayerOfZerosStaysFinite() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        auto layer = attach(method.toStdString(), bits, torch::zeros({4, 3, 3, 3}), {}, true);
        QVERIFY_SAME(bitDifference(layer.weight().abs(), torch::zeros({4, 3, 3, 3})));
        QVERIFY(layer.gradient(randomTensor({4, 3, 3, 3}, 2)).isfinite().all().item<bool>());
        QVERIFY_SAME(bitDifference(layer.quantizer->freeze().decode(), layer.weight()));
    }
};

QTEST_GUILESS_MAIN(TestBinaryMethods)
#include "tst_binary_methods.moc"
