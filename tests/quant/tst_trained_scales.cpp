// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>
#include <functional>

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

/// The first trainable of a group: 0 is the latent weight's, the method's own follow.
torch::Tensor trainable(Attached& layer, std::size_t group) {
    return layer.quantizer->parameterGroups().at(group).tensors.at(0);
}

void set(Attached& layer, std::size_t group, double value) {
    trainable(layer, group).detach().fill_(value);
}

/// round(x) with gradient 1.
torch::Tensor straightRound(const torch::Tensor& x) {
    return x + (x.round() - x).detach();
}

constexpr std::size_t kPositive = 1; // groups of TTQ
constexpr std::size_t kNegative = 2;
constexpr std::size_t kStep = 1;  // of LSQ
constexpr std::size_t kAlpha = 1; // of APoT

} // namespace

/// Methods that train the values their levels are multiplied by: TTQ, LSQ and APoT.
class TestTrainedScales : public QObject {
    Q_OBJECT

private slots:
    void ttqGolden() {
        auto layer = attach("ttq", 2, row({1, -.5, .04, -.06, .05}), {}, true);
        set(layer, kPositive, .8);
        set(layer, kNegative, 1.2);
        QVERIFY(std::abs(diagnostic(layer, "threshold") - .05) < 1e-7);
        QVERIFY_SAME(bitDifference(layer.weight(), row({.8, -1.2, 0, -1.2, 0}))); // |w| = Δ is zero
        const auto gradient = layer.gradient(row({.1, .2, .3, -.4, .5}));
        QVERIFY_SAME(difference(gradient, row({.08, .24, .3, -.48, .5}), 1e-7));
        QVERIFY_SAME(difference(trainable(layer, kPositive).grad(), torch::tensor({.1F}), 1e-7));
        QVERIFY_SAME(difference(trainable(layer, kNegative).grad(), torch::tensor({.2F}), 1e-7));
    }

    /// Autograd on q = Wp · I⁺ − Wn · I⁻ in float64; the latent weight goes straight through the indicators.
    void ttqGradientsAreThoseOfTheForward() {
        const auto w = randomTensor({4, 3, 3, 3}, 1, torch::kFloat64);
        const auto g = randomTensor({4, 3, 3, 3}, 2, torch::kFloat64);
        auto layer = attach("ttq", 2, w, {{"threshold", 0.3}}, true);
        set(layer, kPositive, .7);
        set(layer, kNegative, 1.9);
        const auto latent = w.clone().requires_grad_();
        const auto positive = torch::full({1}, .7, torch::kFloat64).requires_grad_();
        const auto negative = torch::full({1}, 1.9, torch::kFloat64).requires_grad_();
        const auto delta = 0.3 * w.abs().max();
        const auto above = w.gt(delta).to(torch::kFloat64);
        const auto below = w.lt(-delta).to(torch::kFloat64);
        const auto through = latent - latent.detach();
        const auto scale = (above * positive + below * negative).detach() + (1 - above - below);
        const auto q = above * positive - below * negative;
        QVERIFY_SAME(bitDifference(layer.weight(), q.detach()));
        (g * (q + scale * through)).sum().backward();
        QVERIFY_SAME(difference(layer.gradient(g), latent.grad(), 1e-12));
        QVERIFY_SAME(difference(trainable(layer, kPositive).grad(), positive.grad(), 1e-12));
        QVERIFY_SAME(difference(trainable(layer, kNegative).grad(), negative.grad(), 1e-12));
    }

    void ttqValuesStayPositiveWithoutDecay() {
        auto layer = attach("ttq", 2, row({1, -1, .5, 0}), {}, true);
        const auto groups = layer.quantizer->parameterGroups();
        QCOMPARE(groups.size(), std::size_t{3});
        QVERIFY(!groups[0].weightDecay.has_value());
        QVERIFY(groups[kPositive].weightDecay == 0.0 && groups[kNegative].weightDecay == 0.0);
        set(layer, kPositive, -.1);
        set(layer, kNegative, 0);
        layer.quantizer->afterStep();
        QVERIFY(diagnostic(layer, "positive_scale") > 0 && diagnostic(layer, "negative_scale") > 0);
        const auto levels = layer.quantizer->snapshot(false).valueSpace;
        QCOMPARE(levels.size(), std::size_t{3});
        QVERIFY(levels[0] < 0 && levels[1] == 0 && levels[2] > 0);
    }

    void ttqKeepsAFixedSparsity_data() {
        QTest::addColumn<double>("share");
        for (const double share : {0.0, 0.25, 0.5, 0.9})
            QTest::addRow("%g", share) << share;
    }
    void ttqKeepsAFixedSparsity() {
        QFETCH(double, share);
        auto layer = attach("ttq", 2, randomTensor({10, 10, 2, 2}, 3),
                            {{"rule", "sparsity"}, {"sparsity", share}}, true);
        QCOMPARE(layer.quantizer->snapshot(false).zeroShare, share);
        const auto kept = layer.weight() != 0; // the largest are kept
        const auto size = layer.trainable().detach().abs();
        if (share > 0)
            QVERIFY(size.masked_select(kept).min().item<double>() >
                    size.masked_select(~kept).max().item<double>());
    }

    /// Without a batch norm behind the layer, ones would blow its output up: they stand for the mean
    /// magnitude of the weights that are kept.
    void ttqRescalesWithoutBatchNorm() {
        const auto w = row({.2, -.1, .4, -.3, .001});
        QVERIFY_SAME(bitDifference(attach("ttq", 2, w, {}, true).weight(), row({1, -1, 1, -1, 0})));
        auto rescaled = attach("ttq", 2, w, {{"rescale", "on"}}, true);
        QVERIFY_SAME(difference(rescaled.weight(), row({.25, -.25, .25, -.25, 0}), 1e-7));
        set(rescaled, kPositive, 2);
        QVERIFY_SAME(difference(rescaled.gradient(row({1, 1, 1, 1, 1})), row({.5, .25, .5, .25, .25}), 1e-7));
        QVERIFY_SAME(difference(trainable(rescaled, kPositive).grad(), torch::tensor({.5F}), 1e-7));
        QVERIFY_SAME(difference(trainable(rescaled, kNegative).grad(), torch::tensor({-.5F}), 1e-7));
        QuantizerArguments arguments;
        const auto& entry = builtinWeightMethods().at("ttq", "test");
        arguments.parameter = w.clone().requires_grad_();
        arguments.layer = {.name = "layer.weight",
                           .shape = {1, 5},
                           .fanIn = 5,
                           .fanOut = 1,
                           .followedByBatchNorm = std::nullopt};
        arguments.bits = 2;
        arguments.options = Options::validated(entry.schema.options, Json::object(), "test");
        entry.make(arguments)->materialize(Mode::Eval);
        QVERIFY_SAME(difference(arguments.parameter.detach(), row({.25, -.25, .25, -.25, 0}), 1e-7));
    }

    void ttqNormalizesTheStartOnly() {
        auto layer = attach("ttq", 2, row({.2, -.1, .4}), {{"normalize", true}}, true);
        QVERIFY_SAME(difference(layer.trainable().detach(), row({.5, -.25, 1}), 1e-7));
        QVERIFY_SAME(bitDifference(layer.weight(), row({1, -1, 1})));
    }

    void lsqGolden() {
        auto layer = attach("lsq", 2, row({.9, -.4, .1, -1.2}), {}, true);
        QVERIFY(std::abs(diagnostic(layer, "step_size") - 1.3) < 1e-6); // 2 · .65 / sqrt(1)
        set(layer, kStep, .5);
        QVERIFY_SAME(bitDifference(layer.weight(), row({.5, -.5, 0, -1})));
        const auto gradient = layer.gradient(row({1, 1, 1, 1}));
        QVERIFY_SAME(bitDifference(gradient, row({0, 1, 1, 0})));
        QVERIFY_SAME(difference(trainable(layer, kStep).grad(), torch::tensor({-.7F}), 1e-6));
        const std::vector<double> bySteps{1, -.2, -.2, -2};
        for (std::size_t i = 0; i < bySteps.size(); ++i) {
            layer.gradient(torch::one_hot(torch::tensor({std::int64_t(i)}), 4).to(torch::kFloat32));
            const auto slope = trainable(layer, kStep).grad() * 2; // without 1 / sqrt(4 · 1)
            QVERIFY_SAME(difference(slope, torch::tensor({float(bySteps[i])}), 1e-6));
        }
    }

    void lsqGradientsAreThoseOfTheForward_data() {
        QTest::addColumn<int>("bits");
        for (int bits = 2; bits <= 8; ++bits)
            QTest::addRow("%d bits", bits) << bits;
    }
    void lsqGradientsAreThoseOfTheForward() {
        QFETCH(int, bits);
        const auto w = randomTensor({6, 2, 3, 3}, 4, torch::kFloat64);
        const auto g = randomTensor({6, 2, 3, 3}, 5, torch::kFloat64);
        const double qn = std::ldexp(1.0, bits - 1);
        const double qp = qn - 1;
        auto layer = attach("lsq", bits, w, {}, true);
        set(layer, kStep, 1.5 / qn); // some are clipped at both ends
        const auto latent = w.clone().requires_grad_();
        const auto step = torch::full({1}, 1.5 / qn, torch::kFloat64).requires_grad_();
        const auto q = straightRound((latent / step).clamp(-qn, qp)) * step;
        QVERIFY_SAME(difference(layer.weight(), q.detach(), 1e-12));
        (g * q).sum().backward();
        QVERIFY_SAME(difference(layer.gradient(g), latent.grad(), 1e-12));
        QVERIFY_SAME(
            difference(trainable(layer, kStep).grad(), step.grad() / std::sqrt(w.numel() * qp), 1e-9));
        auto plain = attach("lsq", bits, w, {{"gradient_scale", false}}, true);
        set(plain, kStep, 1.5 / qn);
        plain.gradient(g);
        QVERIFY_SAME(difference(trainable(plain, kStep).grad(), step.grad(), 1e-9));
    }

    /// The step size may not cross zero, decays not, and the range has one more negative value.
    void lsqStepStaysPositive() {
        auto layer = attach("lsq", 3, randomTensor({4, 4}, 6), {}, true);
        QVERIFY(layer.quantizer->parameterGroups().at(kStep).weightDecay == 0.0);
        const auto levels = layer.quantizer->snapshot(false).valueSpace;
        QCOMPARE(levels.size(), std::size_t{8});
        QCOMPARE(levels.front(), levels.back() * -4 / 3);
        set(layer, kStep, -.3);
        layer.quantizer->afterStep();
        QVERIFY(diagnostic(layer, "step_size") >= 1e-8 * (1 - 1e-6));
        QVERIFY(layer.weight().isfinite().all().item<bool>());
    }

    void apotLevelsGolden_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<QList<double>>("levels");
        QTest::newRow("2 bits") << 2 << QList<double>{0, 1};
        QTest::newRow("3 bits") << 3 << QList<double>{0, .25, .5, 1};
        QTest::newRow("4 bits") << 4 << QList<double>{0, .1, .2, .3, .4, .6, .8, 1};
        QList<double> five;
        for (const int part : {0, 1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 33, 36, 48})
            five << part / 48.0;
        QTest::newRow("5 bits") << 5 << five;
    }
    void apotLevelsGolden() {
        QFETCH(int, bits);
        QFETCH(QList<double>, levels);
        auto layer = attach("apot", bits, randomTensor({4, 4}, 7), {{"alpha", 1.0}}, true);
        const auto space = layer.quantizer->snapshot(false).valueSpace;
        const auto count = static_cast<std::size_t>(levels.size());
        QCOMPARE(space.size(), 2 * count - 1);
        for (std::size_t i = 0; i < count; ++i) {
            QVERIFY(std::abs(space[count - 1 + i] - levels[int(i)]) < 1e-7);
            QCOMPARE(space[count - 1 - i], -space[count - 1 + i]);
        }
    }

    /// Whatever the width, every level times the largest sum is a sum of as many powers of two as there are
    /// terms.
    void apotLevelsAreSumsOfPowers_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<double>("largest");
        QTest::newRow("6 bits") << 6 << .5 + .25 + .03125;
        QTest::newRow("7 bits") << 7 << .5 + .25 + .125;
        QTest::newRow("8 bits") << 8 << .5 + .25 + .125 + .0078125;
    }
    void apotLevelsAreSumsOfPowers() {
        QFETCH(int, bits);
        QFETCH(double, largest);
        auto layer = attach("apot", bits, randomTensor({4, 4}, 7), {{"alpha", 1.0}}, true);
        const auto space = layer.quantizer->snapshot(false).valueSpace;
        QCOMPARE(space.size(), (std::size_t{1} << bits) - 1);
        for (const double value : space) {
            const double sum = std::abs(value) * largest * std::ldexp(1.0, 16);
            QVERIFY(std::abs(sum - std::round(sum)) < 0.05);
            int powers = 0;
            for (auto rest = static_cast<std::int64_t>(std::round(sum)); rest != 0; rest &= rest - 1)
                ++powers;
            QVERIFY(powers <= bits / 2);
        }
    }

    /// x = [.95, −.52, .12, −.04, −2] with its mirror image, so that the mean is 0, and α = 1 / std.
    void apotProjectionGolden() {
        const auto half = row({.95, -.52, .12, -.04, -2});
        const auto w = torch::cat({half, -half}, 1);
        const double alpha = 1 / w.std().item<double>();
        auto layer = attach("apot", 4, w, {{"alpha", alpha}}, true);
        QVERIFY_SAME(difference(layer.weight().slice(1, 0, 5) / alpha, row({1, -.6, .1, 0, -1}), 1e-6));
        const std::vector<double> slopes{.05, -.08, -.02, .04, -1};
        for (std::size_t i = 0; i < slopes.size(); ++i) {
            layer.gradient(torch::one_hot(torch::tensor({std::int64_t(i)}), 10).to(torch::kFloat32));
            QVERIFY_SAME(
                difference(trainable(layer, kAlpha).grad(), torch::tensor({float(slopes[i])}), 1e-6));
        }
        layer.gradient(torch::cat({torch::ones({1, 5}), torch::zeros({1, 5})}, 1));
        QVERIFY_SAME(difference(trainable(layer, kAlpha).grad(), torch::tensor({-1.01F}), 1e-6));
    }

    void apotGradientsAreThoseOfTheForward_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<bool>("clipped");
        for (const int bits : {2, 3, 4, 5, 8})
            for (const bool clipped : {true, false})
                QTest::addRow("%d bits, %s", bits, clipped ? "clipped" : "straight") << bits << clipped;
    }
    void apotGradientsAreThoseOfTheForward() {
        QFETCH(int, bits);
        QFETCH(bool, clipped);
        const auto w = randomTensor({6, 2, 3, 3}, 8, torch::kFloat64) * .3 + .1;
        const auto g = randomTensor({6, 2, 3, 3}, 9, torch::kFloat64);
        auto layer =
            attach("apot", bits, w,
                   {{"alpha", 1.4}, {"gradient", clipped ? "clipped" : "straight"}, {"rescale", "on"}}, true);
        const double unit = w.std().item<double>();
        const auto latent = w.clone().requires_grad_();
        const auto alpha = torch::full({1}, 1.4, torch::kFloat64).requires_grad_();
        const auto from = clipped ? latent : latent.detach();
        const auto normalized = (latent - from.mean()) / from.std();
        const auto level = layer.weight() / (1.4 * unit); // of |x| clipped to 1
        const auto quantized = [&](const torch::Tensor& h) {
            const auto x = (h / alpha).clamp(-1, 1);
            return alpha * (x + (level - x).detach()) * unit;
        };
        auto q = quantized(normalized);
        if (!clipped) { // past the clip for the weight, but not for the clip itself
            const auto byAlpha = quantized(normalized.detach());
            q = byAlpha + (normalized - normalized.detach()) * unit;
        }
        QVERIFY_SAME(difference(layer.weight(), q.detach(), 1e-12));
        (g * q).sum().backward();
        QVERIFY_SAME(difference(layer.gradient(g), latent.grad(), 1e-9));
        QVERIFY_SAME(difference(trainable(layer, kAlpha).grad(), alpha.grad(), 1e-9));
    }

    /// Each value is the nearest one, and the quantizer writes nothing into the latent weight.
    void apotRoundsToTheNearest() {
        const auto w = randomTensor({20, 20}, 10);
        auto layer = attach("apot", 5, w, {}, true);
        const auto levels = torch::tensor(layer.quantizer->snapshot(false).valueSpace).to(torch::kFloat32);
        const auto normalized = (w - w.mean()) / w.std();
        const auto distance = (normalized.unsqueeze(-1) - levels).abs();
        QVERIFY_SAME(difference((layer.weight() - normalized).abs(), std::get<0>(distance.min(-1)), 1e-5));
        QVERIFY_SAME(bitDifference(layer.trainable().detach(), w));
        QVERIFY_SAME(difference(attach("apot", 5, -w, {}, true).weight(), -layer.weight(), 1e-6));
    }

    /// Published weights have deviation 1; behind no batch norm they keep that of the starting weights.
    void apotKeepsTheDeviationWithoutBatchNorm() {
        const auto w = randomTensor({64, 64}, 11) * .02;
        auto published = attach("apot", 5, w, {}, true);
        QVERIFY(std::abs(published.weight().std().item<double>() - 1) < .05);
        auto rescaled = attach("apot", 5, w, {{"rescale", "on"}}, true);
        const double unit = diagnostic(rescaled, "unit");
        QVERIFY(std::abs(unit - w.std().item<double>()) < 1e-6);
        QVERIFY_SAME(difference(rescaled.weight(), published.weight() * unit, 1e-7));
    }

    void degenerateLayersStayFinite_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("bits");
        QTest::addColumn<double>("value");
        for (const double value : {0.0, .3}) {
            QTest::addRow("ttq of %g", value) << "ttq" << 2 << value;
            QTest::addRow("lsq of %g", value) << "lsq" << 4 << value;
            QTest::addRow("apot of %g", value) << "apot" << 4 << value;
        }
    }
    void degenerateLayersStayFinite() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        QFETCH(double, value);
        for (const auto& shape : std::vector<std::vector<std::int64_t>>{{8, 1, 3, 3}, {4, 6}, {1, 1}}) {
            auto layer = attach(method.toStdString(), bits, torch::full(shape, value), {}, true);
            QVERIFY(layer.weight().isfinite().all().item<bool>());
            if (value == 0) QVERIFY_SAME(bitDifference(layer.weight(), torch::zeros(shape)));
            QVERIFY(layer.gradient(randomTensor(shape, 2)).isfinite().all().item<bool>());
            QVERIFY_SAME(bitDifference(layer.quantizer->freeze().decode(), layer.weight()));
        }
    }
};

QTEST_GUILESS_MAIN(TestTrainedScales)
#include "tst_trained_scales.moc"
