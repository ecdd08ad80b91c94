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

torch::Tensor stateTensor(const WeightQuantizer& quantizer, const std::string& name) {
    torch::OrderedDict<std::string, torch::Tensor> tensors;
    Json numbers = Json::object();
    quantizer.save(tensors, numbers);
    return tensors[name];
}

void setBasis(Attached& layer, const torch::Tensor& basis) {
    torch::OrderedDict<std::string, torch::Tensor> tensors;
    Json numbers = Json::object();
    layer.quantizer->save(tensors, numbers);
    tensors["basis"] = basis.to(layer.parameter.scalar_type());
    layer.quantizer->load(tensors, numbers);
}

Attached lqExample(std::int64_t bits, const std::vector<double>& basis) {
    auto layer = attach("lq", bits, row({.9, -.8, .3, -.2}));
    setBasis(layer, row(basis));
    return layer;
}

/// The basis after one step, from the definition: v* by least squares with the ridge over all weights.
torch::Tensor movedBasis(const torch::Tensor& filter, const torch::Tensor& basis) {
    const auto bits = basis.size(0);
    const auto signs = torch::empty({std::int64_t{1} << bits, bits}, torch::kFloat64);
    for (std::int64_t i = 0; i < signs.size(0); ++i)
        for (std::int64_t k = 0; k < bits; ++k)
            signs[i][k] = ((i >> k) & 1) != 0 ? 1.0 : -1.0;
    const auto levels = signs.matmul(basis);
    const auto nearest = (filter.view({-1, 1}) - levels.view({1, -1})).abs().argmin(1);
    const auto b = signs.index_select(0, nearest).t(); // [K, n]
    const auto normal = b.matmul(b.t()) + 1e-4 * torch::eye(bits, torch::kFloat64);
    const auto best = torch::linalg_solve(normal, b.matmul(filter.view({-1})) + 1e-4 * basis);
    return 0.9 * basis + 0.1 * best;
}

double diagnostic(Attached& layer, const std::string& name) {
    return layer.quantizer->snapshot(false).diagnostics.at(name);
}

} // namespace

/// LQ-Net and ABC-Net: levels that are sums of learned or least-squares bases.
class TestBasisMethods : public QObject {
    Q_OBJECT

private slots:
    void lqGolden() {
        auto layer = lqExample(2, {.25, .5});
        QVERIFY_SAME(difference(layer.weight(), row({.75, -.75, .25, -.25}), 0));
        const auto snapshot = layer.quantizer->snapshot(false);
        QCOMPARE(snapshot.valueSpace, (std::vector<double>{-.75, -.25, .25, .75}));
        layer.quantizer->backward(row({1, 2, 3, 4}));
        const auto basis = stateTensor(*layer.quantizer, "basis");
        QVERIFY_SAME(difference(basis, row({.255, .505}), 1e-6)); // without the ridge
        const double kept = .9, moved = .1;
        QVERIFY_SAME(difference(
            basis, row({kept * .25 + moved * .29999875003124926, kept * .5 + moved * .5499987500312493}),
            1e-12));
    }

    void lqGoldenAtOneBit() {
        auto layer = lqExample(1, {.4});
        QVERIFY_SAME(difference(layer.weight(), row({.4, -.4, .4, -.4}), 0));
        layer.quantizer->backward(row({0, 0, 0, 0}));
        QVERIFY_SAME(difference(stateTensor(*layer.quantizer, "basis"), row({.9 * .4 + .1 * .55}), 1e-5));
    }

    /// A weight in the middle of two levels takes the lower one.
    void lqTiesGoDown() {
        auto layer = attach("lq", 2, row({-.5, 0, .5, .500001}));
        setBasis(layer, row({.25, .5}));
        QVERIFY_SAME(difference(layer.weight(), row({-.75, -.25, .25, .75}), 0));
    }

    /// A basis may become unordered or negative: the levels stay sorted, and their sign vectors follow the
    /// sort, or least squares would fit the wrong ones.
    void lqFollowsTheSort_data() {
        QTest::addColumn<double>("first");
        QTest::addColumn<double>("second");
        QTest::newRow("unordered") << .5 << .25;
        QTest::newRow("negative") << -.25 << .5;
        QTest::newRow("both negative, unordered") << -.5 << -.25;
    }
    void lqFollowsTheSort() {
        QFETCH(double, first);
        QFETCH(double, second);
        auto layer = lqExample(2, {first, second});
        QVERIFY_SAME(difference(layer.weight(), row({.75, -.75, .25, -.25}), 1e-15));
        layer.quantizer->backward(row({0, 0, 0, 0}));
        const auto expected =
            movedBasis(row({.9, -.8, .3, -.2}), torch::tensor({first, second}, torch::kFloat64));
        QVERIFY_SAME(difference(stateTensor(*layer.quantizer, "basis").view({-1}), expected, 1e-12));
    }

    /// Every filter has its own basis, and it moves as the definition says.
    void lqMovesEachFiltersBasis_data() {
        QTest::addColumn<int>("bits");
        for (int bits = 1; bits <= 4; ++bits)
            QTest::addRow("%d bits", bits) << bits;
    }
    void lqMovesEachFiltersBasis() {
        QFETCH(int, bits);
        const auto weight = randomTensor({6, 5, 3, 3}, 4, torch::kFloat64) *
                            torch::linspace(0.05, 0.3, 6, torch::kFloat64).view({6, 1, 1, 1});
        auto layer = attach("lq", bits, weight);
        auto expected = stateTensor(*layer.quantizer, "basis").clone();
        const double n = 3 * 3 * 6; // the published start: n = kernel area · filters
        for (int k = 0; k < bits; ++k)
            QVERIFY(std::abs(expected[0][k].item<double>() -
                             std::pow(2, k) * .6745 * std::sqrt(2 / n) / std::pow(2, bits - 1)) < 1e-12);
        for (int step = 0; step < 3; ++step) {
            layer.materialize(Mode::Train);
            layer.quantizer->backward(torch::zeros_like(weight));
            for (int filter = 0; filter < 6; ++filter)
                expected[filter].copy_(movedBasis(weight[filter], expected[filter].clone()));
        }
        QVERIFY_SAME(difference(stateTensor(*layer.quantizer, "basis"), expected, 1e-10));
        QCOMPARE(layer.quantizer->snapshot(false).codebooks, std::int64_t{6});
        QCOMPARE(layer.quantizer->freeze().sideBits, std::int64_t{32 * bits * 6});
    }

    /// Error minimization lowers the error that it minimizes, and the basis settles.
    void lqFitsItsWeights() {
        const auto weight = randomTensor({8, 4, 3, 3}, 5, torch::kFloat64);
        auto layer = attach("lq", 3, weight);
        double before = (layer.weight() - weight).square().sum().item<double>();
        for (int round = 0; round < 5; ++round) {
            for (int step = 0; step < 20; ++step)
                layer.quantizer->backward(torch::zeros_like(weight));
            const double after = (layer.weight() - weight).square().sum().item<double>();
            QVERIFY2(after <= before * 1.001, qPrintable(QString("%1 after %2").arg(after).arg(before)));
            before = after;
        }
        // 36 normal weights on 8 fitted levels: near the distortion of an optimal 3-bit quantizer (0.035)
        QVERIFY(before / weight.square().sum().item<double>() < 0.06);
    }

    void lqGradientIsThatOfTheQuantizedWeight() {
        auto layer = attach("lq", 2, randomTensor({4, 3, 3, 3}, 6, torch::kFloat64));
        const auto g = randomTensor({4, 3, 3, 3}, 7, torch::kFloat64);
        QVERIFY_SAME(bitDifference(layer.gradient(g), g));
    }

    /// Only a step moves the basis, once even when the step has two passes.
    void lqMovesOnlyInSteps() {
        auto layer = attach("lq", 2, randomTensor({4, 3, 3, 3}, 6));
        const auto start = stateTensor(*layer.quantizer, "basis");
        layer.weight(Mode::Train);
        layer.weight(Mode::Eval);
        layer.quantizer->snapshot(true);
        QVERIFY_SAME(bitDifference(stateTensor(*layer.quantizer, "basis"), start));
        layer.quantizer->backward(torch::zeros({4, 3, 3, 3}), 0);
        const auto moved = stateTensor(*layer.quantizer, "basis");
        QVERIFY(!torch::equal(moved, start));
        layer.quantizer->backward(torch::zeros({4, 3, 3, 3}), 1);
        QVERIFY_SAME(bitDifference(stateTensor(*layer.quantizer, "basis"), moved));
    }

    void abcGoldenOfThreeBases() {
        for (const auto type : {torch::kFloat32, torch::kFloat64}) {
            auto layer = attach("abc", 3, row({1, -1, .5, -.5}, type));
            QVERIFY_SAME(difference(layer.weight(), row({1, -1, .5, -.5}, type), 2e-6));
            QVERIFY(std::abs(diagnostic(layer, "scale_1") - .25) < 1e-6);
            QVERIFY(std::abs(diagnostic(layer, "scale_2") - .5) < 1e-6);
            QVERIFY(std::abs(diagnostic(layer, "scale_3") - .25) < 1e-6);
        }
    }

    /// The mean is one of the weights: its sign is +.
    void abcGoldenOfOneBase() {
        auto layer = attach("abc", 1, row({.6, .2, -.1, .1}));
        QVERIFY_SAME(difference(layer.weight(), row({.2, .2, -.2, -.2}), 1e-6));
        QVERIFY(std::abs(diagnostic(layer, "scale_1") - .2) < 1e-6);
    }

    /// Scales and values against least squares over the bases as they are defined.
    void abcIsLeastSquares_data() {
        QTest::addColumn<int>("bases");
        for (int bases = 1; bases <= 5; ++bases)
            QTest::addRow("%d", bases) << bases;
    }
    void abcIsLeastSquares() {
        QFETCH(int, bases);
        const auto weight = randomTensor({6, 4, 3, 3}, 8, torch::kFloat64) * 0.2 + 0.03;
        auto layer = attach("abc", bases, weight);
        std::vector<torch::Tensor> columns;
        for (int m = 0; m < bases; ++m) {
            const double u = bases == 1 ? 0 : -1 + m * 2.0 / (bases - 1);
            const auto argument = weight - weight.mean() + u * weight.std(/*unbiased=*/false);
            columns.push_back(torch::where(argument >= 0, 1.0, -1.0).to(torch::kFloat64).view({-1}));
        }
        const auto b = torch::stack(columns, 1);
        const auto normal = b.t().matmul(b) + 1e-6 * torch::eye(bases, torch::kFloat64);
        const auto alpha = torch::linalg_solve(normal, b.t().matmul(weight.view({-1})));
        QVERIFY_SAME(difference(layer.weight().view({-1}), b.matmul(alpha), 1e-10));
        const auto g = randomTensor({6, 4, 3, 3}, 9, torch::kFloat64);
        QVERIFY_SAME(difference(layer.gradient(g), g * alpha.sum(), 1e-9));
        const auto snapshot = layer.quantizer->snapshot(false);
        QCOMPARE(int(snapshot.levels.size()), bases + 1); // the bases are nested
        QCOMPARE(int(snapshot.valueSpace.size()), bases + 1);
    }

    /// dL/dW of Σ α_m sign(W − mean + u_m std) with each form of the straight-through estimator, mean, std
    /// and α constant, against autograd.
    void abcGradientIsThatOfItsBases_data() {
        QTest::addColumn<bool>("clipped");
        QTest::newRow("identity") << false;
        QTest::newRow("clipped") << true;
    }
    void abcGradientIsThatOfItsBases() {
        QFETCH(bool, clipped);
        constexpr int kBases = 4;
        const auto weight =
            randomTensor({6, 4, 3, 3}, 8, torch::kFloat64); // deviation 1: both sides of the clip
        const auto g = randomTensor({6, 4, 3, 3}, 9, torch::kFloat64);
        auto layer = attach("abc", kBases, weight, {{"gradient", clipped ? "clipped" : "identity"}});
        const auto leaf = weight.clone().requires_grad_();
        auto sum = torch::zeros_like(weight);
        for (int m = 0; m < kBases; ++m) {
            const double u = -1 + m * 2.0 / (kBases - 1);
            const auto argument = leaf - weight.mean() + u * weight.std(/*unbiased=*/false);
            const auto soft = clipped ? argument.clamp(-1, 1) : argument;
            const auto base = torch::where(argument.detach() >= 0, 1.0, -1.0) + soft - soft.detach();
            sum = sum + base * diagnostic(layer, "scale_" + std::to_string(m + 1));
        }
        (g * sum).sum().backward();
        QVERIFY_SAME(difference(layer.gradient(g), leaf.grad(), 1e-9));
    }

    /// Bases coincide in layers of few values: the ridge keeps the scales finite, and the value is the mean
    /// size.
    void abcSurvivesCoincidingBases() {
        auto layer = attach("abc", 5, row({.3, -.3, .3, -.3}));
        QVERIFY_SAME(difference(layer.weight(), row({.3, -.3, .3, -.3}), 1e-5));
        auto single = attach("abc", 5, row({.3}));
        QVERIFY_SAME(difference(single.weight(), row({.3}), 1e-5));
    }

    void aLayerOfZerosStaysFinite_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("bits");
        for (int bits = 1; bits <= 4; ++bits)
            QTest::addRow("lq, %d", bits) << "lq" << bits;
        for (int bits = 1; bits <= 5; ++bits)
            QTest::addRow("abc, %d", bits) << "abc" << bits;
    }
    void aLayerOfZerosStaysFinite() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        auto layer = attach(method.toStdString(), bits, torch::zeros({4, 1, 3, 3})); // depthwise, too
        for (int step = 0; step < 3; ++step) {
            QVERIFY(layer.weight(Mode::Train).isfinite().all().item<bool>());
            QVERIFY(layer.gradient(randomTensor({4, 1, 3, 3}, 2)).isfinite().all().item<bool>());
        }
        QVERIFY_SAME(bitDifference(layer.quantizer->freeze().decode(), layer.weight()));
        if (method == "abc") QVERIFY_SAME(bitDifference(layer.weight(), torch::zeros({4, 1, 3, 3})));
    }

    void linearWeightsHaveFiltersToo() {
        auto layer = attach("lq", 2, randomTensor({10, 64}, 3));
        QCOMPARE(layer.quantizer->freeze().codebooks, std::int64_t{10});
        QVERIFY_SAME(bitDifference(layer.quantizer->freeze().decode(), layer.weight()));
        auto sums = attach("abc", 3, randomTensor({10, 64}, 3));
        QVERIFY_SAME(bitDifference(sums.quantizer->freeze().decode(), sums.weight()));
    }
};

QTEST_GUILESS_MAIN(TestBasisMethods)
#include "tst_basis_methods.moc"
