// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

torch::Tensor row(const std::vector<double>& values, torch::ScalarType type = torch::kFloat32) {
    return torch::tensor(values, torch::kFloat64).to(type).view({1, -1});
}

double diagnostic(Attached& layer, const std::string& name) {
    return layer.quantizer->snapshot(false).diagnostics.at(name);
}

torch::Tensor trainable(Attached& layer, std::size_t group) {
    return layer.quantizer->parameterGroups().at(group).tensors.at(0);
}

/// round(x) with gradient 1.
torch::Tensor straightRound(const torch::Tensor& x) {
    return x + (x.round() - x).detach();
}

/// DSQ's soft function as the paper composes it, for weights inside the bounds or not.
torch::Tensor softStaircase(const torch::Tensor& w, const torch::Tensor& lower, const torch::Tensor& upper,
                            const torch::Tensor& gap, int bits) {
    const double n = std::ldexp(1.0, bits) - 1;
    const auto width = (upper - lower) / n;
    const auto interval = ((w - lower) / width).floor().clamp(0, n - 1).detach();
    const auto middle = lower + (interval + 0.5) * width;
    const auto k = (2 / gap - 1).log() / width;
    const auto phi = (k * (w - middle)).tanh() / (1 - gap);
    const auto soft = lower + width * (interval + (phi + 1) / 2);
    return torch::where(w > upper, upper, torch::where(w < lower, lower, soft));
}

constexpr std::size_t kGap = 1; // groups of DSQ
constexpr std::size_t kLower = 2;
constexpr std::size_t kUpper = 3;

void setBounds(Attached& layer, double lower, double upper) {
    trainable(layer, kLower).detach().fill_(lower);
    trainable(layer, kUpper).detach().fill_(upper);
}

} // namespace

/// Methods with evenly spaced values: DoReFa and DSQ.
class TestUniformMethods : public QObject {
    Q_OBJECT

private slots:
    void dorefaGoldens() {
        const auto w = row({1, -.5, .2, -.1});
        const double third = 1.0 / 3;
        auto two = attach("dorefa", 2, w, {}, true);
        QVERIFY_SAME(difference(two.weight(), row({1, -third, third, -third}), 1e-7));
        // t of Eq. 9, seen through 8 bits: within half a step of 1 / 255.
        const auto t = row({1, .19661193324148185, .6295803799710145, .43456620311123767});
        QVERIFY_SAME(difference((attach("dorefa", 8, w, {}, true).weight() + 1) / 2, t, 0.5 / 255 + 1e-6));
        auto one = attach("dorefa", 1, w, {}, true);
        QVERIFY_SAME(difference(one.weight(), row({.45, -.45, .45, -.45}), 1e-7));
        const auto g = row({.1, .2, .3, .4});
        QVERIFY_SAME(bitDifference(one.gradient(g), g));
        QVERIFY_SAME(difference(two.gradient(g), row({.0529130, .2065267, .3785650, .5199968}), 1e-6));
        auto detached = attach("dorefa", 2, w, {{"max_detached", true}}, true);
        QVERIFY_SAME(difference(detached.gradient(g), row({.0551441, .2065267, .3785650, .5199968}), 1e-6));
    }

    /// Autograd through tanh, maximum and division in float64; two weights share the maximum.
    void dorefaGradientsAreThoseOfTheForward_data() {
        QTest::addColumn<int>("bits");
        for (int bits = 2; bits <= 8; ++bits)
            QTest::addRow("%d bits", bits) << bits;
    }
    void dorefaGradientsAreThoseOfTheForward() {
        QFETCH(int, bits);
        auto w = randomTensor({5, 3, 3, 3}, 1, torch::kFloat64) * .4;
        w.view({-1})[7] = 2;
        w.view({-1})[20] = -2;
        const auto g = randomTensor({5, 3, 3, 3}, 2, torch::kFloat64);
        const double n = std::ldexp(1.0, bits) - 1;
        for (const bool constant : {false, true}) {
            auto layer = attach("dorefa", bits, w, {{"max_detached", constant}}, true);
            const auto latent = w.clone().requires_grad_();
            const auto u = latent.tanh();
            const auto maximum = constant ? u.detach().abs().max() : u.abs().max();
            const auto q = 2 * straightRound((u / (2 * maximum) + 0.5) * n) / n - 1;
            QVERIFY_SAME(difference(layer.weight(), q.detach(), 1e-12));
            (g * q).sum().backward();
            QVERIFY_SAME(difference(layer.gradient(g), latent.grad(), 1e-9));
        }
    }

    /// The values are the odd numbers from −n to n over n: symmetric, ±1 at the ends, and none is zero.
    void dorefaValuesAreOddNumbers() {
        for (int bits = 2; bits <= 8; ++bits) {
            auto layer = attach("dorefa", bits, randomTensor({30, 30}, 3), {}, true);
            const int n = (1 << bits) - 1;
            const auto space = layer.quantizer->snapshot(false).valueSpace;
            QCOMPARE(space.size(), std::size_t(n) + 1);
            for (int j = 0; j <= n; ++j)
                QVERIFY(std::abs(space[std::size_t(j)] * n - (2 * j - n)) < 1e-4);
            QCOMPARE(layer.weight().abs().max().item<double>(), 1.0);
        }
    }

    void dsqGoldens() {
        auto two = attach("dsq", 2, row({.5, 1.0 / 3}), {}, true);
        setBounds(two, -1, 1);
        QVERIFY_SAME(difference(two.weight(), row({1.0 / 3, 1.0 / 3}), 1e-6));
        QVERIFY_SAME(difference(two.gradient(row({1, 0})), row({1.0299490, 0}), 1e-5));
        auto one = attach("dsq", 1, row({.3}), {}, true);
        QVERIFY_SAME(bitDifference(one.weight(), row({1})));
        QVERIFY_SAME(difference(one.gradient(row({1})), row({1.2342672}), 1e-6));
        const auto number = [](double value) { return torch::tensor({value}, torch::kFloat64); };
        const auto soft = [&](double x, int bits) {
            return softStaircase(number(x), number(-1), number(1), number(.2), bits).item<double>();
        };
        QVERIFY(std::abs(soft(.5, 2) - .4583333) < 1e-7 && std::abs(soft(.3, 1) - .3976833) < 1e-7);
        QVERIFY(std::abs(soft(1.0 / 3, 2) - 1.0 / 3) < 1e-9); // continuous between intervals
    }

    /// Autograd of the soft function for weight, bounds and gap, in float64, with weights on both sides of
    /// the bounds.
    void dsqGradientsAreThoseOfTheSoftFunction_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<double>("gap");
        for (const int bits : {1, 2, 3, 4, 8})
            for (const double gap : {.01, .2, .45})
                QTest::addRow("%d bits, gap %g", bits, gap) << bits << gap;
    }
    void dsqGradientsAreThoseOfTheSoftFunction() {
        QFETCH(int, bits);
        QFETCH(double, gap);
        const auto w = randomTensor({6, 2, 3, 3}, 4, torch::kFloat64) * .8;
        const auto g = randomTensor({6, 2, 3, 3}, 5, torch::kFloat64);
        auto layer = attach("dsq", bits, w, {{"gap", gap}}, true);
        const double low = bits == 1 ? -1 : -.7;
        const double high = bits == 1 ? 1 : 1.1;
        if (bits > 1) setBounds(layer, low, high);
        const auto latent = w.clone().requires_grad_();
        const auto lower = torch::full({1}, low, torch::kFloat64).requires_grad_();
        const auto upper = torch::full({1}, high, torch::kFloat64).requires_grad_();
        const auto alpha = torch::full({1}, gap, torch::kFloat64).requires_grad_();
        (g * softStaircase(latent, lower, upper, alpha, bits)).sum().backward();
        QVERIFY_SAME(difference(layer.gradient(g), latent.grad(), 1e-9));
        QVERIFY_SAME(difference(trainable(layer, kGap).grad(), alpha.grad(), 1e-9));
        if (bits == 1) {
            QCOMPARE(layer.quantizer->parameterGroups().size(), std::size_t{2}); // bounds are fixed
            return;
        }
        QVERIFY_SAME(difference(trainable(layer, kLower).grad(), lower.grad(), 1e-9));
        QVERIFY_SAME(difference(trainable(layer, kUpper).grad(), upper.grad(), 1e-9));
    }

    /// Training and evaluation use the nearest of the even values; the ends are bounds, closed ones.
    void dsqRoundsToTheNearest_data() {
        QTest::addColumn<int>("bits");
        for (int bits = 2; bits <= 8; ++bits)
            QTest::addRow("%d bits", bits) << bits;
    }
    void dsqRoundsToTheNearest() {
        QFETCH(int, bits);
        const auto w = randomTensor({10, 10}, 6, torch::kFloat64);
        auto layer = attach("dsq", bits, w, {}, true);
        QCOMPARE(diagnostic(layer, "lower"), w.min().item<double>());
        QVERIFY(std::abs(diagnostic(layer, "upper") - w.max().item<double>()) < 1e-12);
        setBounds(layer, -1.5, 1.25);
        const double n = std::ldexp(1.0, bits) - 1;
        const auto position = (w.clamp(-1.5, 1.25) + 1.5) / 2.75 * n;
        const auto expected = (position + 0.5).floor() / n * 2.75 - 1.5;
        QVERIFY_SAME(difference(layer.weight(), expected, 1e-12));
        QVERIFY_SAME(bitDifference(layer.weight(Mode::Train), layer.weight()));
        auto ends = attach("dsq", bits, row({-1.5, 1.25, -9, 9}), {}, true);
        setBounds(ends, -1.5, 1.25);
        QVERIFY_SAME(difference(ends.weight(), row({-1.5, 1.25, -1.5, 1.25}), 1e-6));
    }

    /// Neither the gap nor the bounds leave the range in which the function is defined, and none decays.
    void dsqStaysDefined() {
        auto layer = attach("dsq", 2, row({-1, .2, 1}), {}, true);
        for (const std::size_t group : {kGap, kLower, kUpper})
            QVERIFY(layer.quantizer->parameterGroups().at(group).weightDecay == 0.0);
        QCOMPARE(layer.quantizer->parameterGroups().at(kUpper).learningRateMultiplier, 1 / std::sqrt(3.0));
        for (const double gap : {-3.0, 0.0, 1.0, 2.0}) {
            trainable(layer, kGap).detach().fill_(gap);
            setBounds(layer, .5, -.5);
            layer.quantizer->afterStep();
            QVERIFY(diagnostic(layer, "gap") >= 9.9e-4 && diagnostic(layer, "gap") <= .5);
            QVERIFY(diagnostic(layer, "upper") - diagnostic(layer, "lower") > .019); // 1 % of 2
            QVERIFY(std::abs(diagnostic(layer, "upper") + diagnostic(layer, "lower")) < 1e-6);
            QVERIFY(layer.gradient(row({1, 1, 1})).isfinite().all().item<bool>());
        }
    }

    void degenerateLayersStayFinite_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("bits");
        QTest::newRow("dorefa, 1 bit") << "dorefa" << 1;
        QTest::newRow("dorefa, 2 bits") << "dorefa" << 2;
        QTest::newRow("dsq, 1 bit") << "dsq" << 1;
        QTest::newRow("dsq, 4 bits") << "dsq" << 4;
    }
    void degenerateLayersStayFinite() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        for (const double value : {0.0, .3, -2.0})
            for (const auto& shape : std::vector<std::vector<std::int64_t>>{{8, 1, 3, 3}, {4, 6}, {1, 1}}) {
                auto layer = attach(method.toStdString(), bits, torch::full(shape, value), {}, true);
                QVERIFY(layer.weight().isfinite().all().item<bool>());
                QVERIFY_SAME(bitDifference(layer.quantizer->freeze().decode(), layer.weight()));
                layer.quantizer->backward(randomTensor(shape, 2));
                for (const auto& group : layer.quantizer->parameterGroups())
                    QVERIFY(group.tensors.at(0).grad().isfinite().all().item<bool>());
            }
    }
};

QTEST_GUILESS_MAIN(TestUniformMethods)
#include "tst_uniform_methods.moc"
