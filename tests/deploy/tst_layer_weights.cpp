// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/base/error.h"
#include "core/deploy/layer_weights.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::deploy;

namespace {

/// Two filters of two weights, on codes 0 … 255 with zero point 55.
LayerGrids grids(double weightScale, double inputStep) {
    return {{torch::tensor({1, -3, 2, 127}, torch::kInt8).view({2, 2}), weightScale, 0, true},
            {inputStep, 55, 255}};
}

} // namespace

class TestLayerWeights : public QObject {
    Q_OBJECT

private slots:
    /// w = .4, γ = 2, β = .5, μ = .1, σ² = .249, ε = 1e-3: the folded bias is .1 (the folded weight, 1.6, is
    /// the quantizer's).
    void foldedBiasGolden() {
        const NormConstants norm{torch::tensor({2.0F}), torch::tensor({.5F}), torch::tensor({.1F}),
                                 torch::tensor({.249F}), 1e-3};
        QVERIFY(std::abs(norm.factor().item<double>() * .4 - 1.6) < 1e-6);
        LayerGrids one{{torch::tensor({127}, torch::kInt8).view({1, 1}), 1.6 / 127, 0, true}, {1e-4, 0, 255}};
        const auto layer = summedLayer("layer", one, torch::Tensor(), &norm);
        QVERIFY(std::abs(layer.weights.bias.at(0) * layer.scale - .1) <= layer.scale);
        QVERIFY(layer.scale < 2e-6);
        // A bias of the layer itself passes the batch norm, too: β + (b − μ) γ / σ
        const auto biased = summedLayer("layer", one, torch::tensor({.2F}), &norm);
        QVERIFY(std::abs(biased.weights.bias.at(0) * biased.scale - (.5 + (.2 - .1) * 4)) <= biased.scale);
    }

    void boundsHoldForEveryInput() {
        const auto layer = summedLayer("layer", grids(.01, .02), torch::tensor({.001F, -.5F}), nullptr);
        QCOMPARE(layer.weights.bias, (std::vector<std::int32_t>{5, -2500}));
        QVERIFY(std::abs(layer.scale - .0002) < 1e-12);
        QCOMPARE(layer.largestSum, 129 * 200 + 2500.0); // the farther end of the codes is 200 from their zero
    }

    void weightsOfZerosGiveTheirBias() {
        auto zeros = grids(1.0, .02);
        zeros.weight.integers.zero_();
        const auto layer = summedLayer("layer", zeros, torch::tensor({.3F, -.1F}), nullptr);
        QVERIFY(std::abs(layer.weights.bias[0] * layer.scale - .3) < 1e-7);
        QVERIFY(std::abs(layer.weights.bias[1] * layer.scale + .1) < 1e-7);
    }

    void sumsBeyond32BitsAreRefused() {
        try {
            summedLayer("layer3", grids(1e-9, 1e-3), torch::tensor({1.0F, 0.0F}), nullptr);
            QFAIL("not refused");
        } catch (const Error& error) {
            QVERIFY(error.kind() == ErrorKind::Config);
            QCOMPARE(error.where(), std::string("layer3"));
        }
    }
};

QTEST_GUILESS_MAIN(TestLayerWeights)
#include "tst_layer_weights.moc"
