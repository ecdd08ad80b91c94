// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include <torch/optim/sgd.h>

#include "core/base/error.h"
#include "core/quant/gumbel.h"
#include "core/quant/search_quantizer.h"
#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

torch::Tensor doubles(const QList<double>& values) {
    return torch::tensor(std::vector<double>(values.begin(), values.end()), torch::kFloat64);
}

/// A one-weight layer with these logits, by ascending value.
Attached oneWeight(const std::string& method, std::int64_t bits, const QList<double>& logits,
                   torch::ScalarType type, const Json& options = Json::object()) {
    auto layer = attach(method, bits, torch::zeros({1}, type), options);
    layer.setLogits(doubles(logits).view({-1, 1}));
    return layer;
}

struct Composed {
    torch::Tensor weight;
    torch::Tensor gradient;
};

/// The forward as one would write it with autograd: a straight-through one-hot choice.
Composed rdhsByAutograd(const torch::Tensor& logits, const torch::Tensor& noise, double tau,
                        const torch::Tensor& q, const torch::Tensor& g) {
    const auto a = logits.detach().clone().requires_grad_();
    const auto u = noise.defined() ? a + noise : a;
    const auto y = torch::softmax(u / tau, 0);
    const auto z = torch::one_hot(u.argmax(0), q.numel()).movedim(-1, 0).to(y.scalar_type());
    const auto w = ((z + y - y.detach()) * q.view({-1, 1})).sum(0);
    (w * g).sum().backward();
    return {w.detach(), a.grad()};
}

torch::Tensor spaceValues(std::int64_t bits, torch::ScalarType type) {
    return torch::tensor(ValueSpace::published(bits).values()).to(type);
}

void addTypesAndBits() {
    QTest::addColumn<int>("bits");
    QTest::addColumn<bool>("isDouble");
    for (int bits = 1; bits <= 3; ++bits)
        for (const bool isDouble : {false, true})
            QTest::addRow("%d bits, %s", bits, isDouble ? "float64" : "float32") << bits << isDouble;
}

torch::ScalarType typeOf(bool isDouble) {
    return isDouble ? torch::kFloat64 : torch::kFloat32;
}

} // namespace

class TestSearch : public QObject {
    Q_OBJECT

private slots:
    /// The goldens list q descending; here rows are by ascending value.
    void rdhsGolden_data() {
        QTest::addColumn<QList<double>>("logits");
        QTest::addColumn<double>("tau");
        QTest::addColumn<double>("g");
        QTest::addColumn<double>("weight");
        QTest::addColumn<QList<double>>("gradient");
        QTest::newRow("binary, tau 1") << QList<double>{-0.2, 0.3} << 1.0 << 2.0 << 1.0
                                       << QList<double>{-0.9400148488063781, 0.940014848806378};
        QTest::newRow("binary, tau 0.5") << QList<double>{-0.2, 0.3} << 0.5 << 2.0 << 1.0
                                         << QList<double>{-1.572895465931855, 1.5728954659318548};
        QTest::newRow("four values") << QList<double>{-0.3, 0, 0.4, 0.1} << 1.0 << -0.4 << 0.5
                                     << QList<double>{0.07792313951947633, 0.059079062083823006,
                                                      -0.049429054573502926, -0.08757314702979638};
    }

    void rdhsGolden() {
        QFETCH(QList<double>, logits);
        QFETCH(double, tau);
        QFETCH(double, g);
        QFETCH(double, weight);
        QFETCH(QList<double>, gradient);
        for (const auto type : {torch::kFloat64, torch::kFloat32}) {
            auto layer = oneWeight("rdhs", logits.size() / 2, logits, type, {{"temperature", tau}});
            layer.quantizer->onEpoch({0, 1});
            QCOMPARE(layer.weight(Mode::Train).item<double>(), weight);
            QCOMPARE(layer.weight(Mode::Eval).item<double>(), weight);
            const auto written = layer.gradient(torch::full({1}, g, type));
            QVERIFY_SAME(
                difference(written.view({-1}), doubles(gradient), type == torch::kFloat64 ? 1e-12 : 1e-6));
        }
    }

    /// a = [.3, −.2] for q = [1, −1], noise [−.5, .6]: another value wins.
    void rdhsGoldenWithNoise() {
        const SearchLogits search{doubles({-0.2, 0.3}).view({2, 1}), doubles({0.6, -0.5}).view({2, 1}), 1.0,
                                  doubles({-1, 1})};
        QCOMPARE(chosenValues(search).item<double>(), -1.0);
        auto gradient = torch::empty({2, 1}, torch::kFloat64);
        rdhsGradient(search, 1.0, doubles({2}), gradient);
        QVERIFY_SAME(
            difference(gradient.view({-1}), doubles({-0.9151369618266293, 0.9151369618266292}), 1e-12));
        const auto y = torch::softmax(search.logits + search.noise, 0).view({-1});
        QVERIFY_SAME(difference(y, doubles({0.6456563062257954, 0.35434369377420455}), 1e-12));
    }

    void temperatureSchedule() {
        auto layer = attach("rdhs", 1, torch::zeros({2}));
        const auto at = [&](std::int64_t epoch) {
            layer.quantizer->onEpoch({epoch, 400});
            return layer.quantizer->epochValues().at("temperature");
        };
        QCOMPARE(at(0), 1.0);
        QVERIFY(std::abs(at(10) - 0.7374241268949281) < 1e-12);
        QVERIFY(std::abs(at(100) - 0.04755250792540563) < 1e-12);
        QVERIFY(at(302) > 1e-4);
        QCOMPARE(at(303), 1e-4);
        QCOMPARE(at(399), 1e-4);
        layer.quantizer->onEpoch({11, 11}); // over: what the last epoch was trained with
        QVERIFY(std::abs(layer.quantizer->epochValues().at("temperature") - 0.7374241268949281) < 1e-12);
    }

    void rdhsBackwardIsAutograd_data() { addTypesAndBits(); }

    void rdhsBackwardIsAutograd() {
        QFETCH(int, bits);
        QFETCH(bool, isDouble);
        const auto type = typeOf(isDouble);
        for (const double tau : {1.0, 0.3}) {
            auto layer = attach("rdhs", bits, torch::zeros({6, 5, 3, 3}, type), {{"temperature", tau}});
            const std::int64_t m = std::int64_t{1} << bits;
            const auto logits = randomTensor({m, 6, 5, 3, 3}, 4, type);
            const auto g = randomTensor({6, 5, 3, 3}, 6, type);
            layer.setLogits(logits);
            const auto expected =
                rdhsByAutograd(logits.view({m, -1}), {}, tau, spaceValues(bits, type), g.flatten());
            QVERIFY_SAME(
                difference(layer.weight(Mode::Train).flatten(), expected.weight, 1e-6)); // z + y − y rounds
            const double largest = expected.gradient.abs().max().item<double>();
            QVERIFY_SAME(difference(layer.gradient(g).view({m, -1}), expected.gradient,
                                    isDouble ? 1e-9 : 2e-6 * largest));
        }
    }

    /// α trained itself: dL/dα = dL/da / α, α ≥ 1e-6.
    void alphaClampedIsAutograd() {
        auto layer = attach("rdhs", 2, torch::zeros({50}, torch::kFloat64), {{"param", "alpha_clamped"}});
        const auto alpha = randomTensor({4, 50}, 4, torch::kFloat64).abs().add(0.01);
        const auto g = randomTensor({50}, 6, torch::kFloat64);
        layer.setLogits(alpha);
        const auto expected = rdhsByAutograd(alpha.log(), {}, 1, spaceValues(2, torch::kFloat64), g);
        QVERIFY_SAME(difference(layer.weight(), expected.weight, 1e-12));
        QVERIFY_SAME(difference(layer.gradient(g), expected.gradient / alpha, 1e-9));
        layer.setLogits(alpha - 1);
        layer.quantizer->afterStep();
        QVERIFY(layer.trainable().min().item<double>() == 1e-6);
        QVERIFY(!layer.quantizer->tryFusedStep(g, {}));
    }

    void sgtGolden() {
        const QList<QList<double>> gradients{{-0.2, 0, 0.2, 0.2}, {-0.2, 0, 0.2, 0.2}, {0, 0.2, 0.2, 0.2}};
        const QList<QList<double>> after{
            {0.3, 0.4, 0.1, -0.4}, {0.5, 0.4, -0.1, -0.6}, {0.5, 0.2, -0.3, -0.8}};
        const double weights[] = {-0.5, -0.5, -1};
        auto layer = oneWeight("sgt", 2, {0.1, 0.4, 0.3, -0.2}, torch::kFloat64);
        torch::optim::SGD optimizer({layer.trainable()}, 1.0);
        for (int step = 0; step < 3; ++step) {
            QCOMPARE(layer.weight(Mode::Train).item<double>(), weights[step]);
            QVERIFY_SAME(difference(layer.gradient(torch::full({1}, 0.2, torch::kFloat64)).view({-1}),
                                    doubles(gradients[step]), 0));
            optimizer.step();
            QVERIFY_SAME(difference(layer.trainable().view({-1}), doubles(after[step]), 1e-12));
        }
    }

    /// α = [.2, .1], g = −.3 -> [0, −.3]: the second rises.
    void sgtPositiveExtreme() {
        const SearchLogits search{doubles({0.2, 0.1}).view({2, 1}), {}, 0, doubles({-1, 1})};
        auto gradient = torch::empty({2, 1}, torch::kFloat64);
        sgtGradient(search, false, doubles({-0.3}), gradient);
        QVERIFY_SAME(difference(gradient.view({-1}), doubles({0, -0.3}), 0));
    }

    /// Least squares with binary weights: the printed sign of Eq. 6 descends.
    void sgtDescends() {
        const auto x = randomTensor({40, 6}, 1);
        const auto target = torch::tensor({1.0F, -1.0F, 1.0F, 1.0F, -1.0F, -1.0F});
        auto layer = attach("sgt", 1, torch::zeros({6}), Json::object(), false, 3);
        const auto loss = [&] { return (x.matmul(layer.weight() - target)).square().mean(); };
        const double before = loss().item<double>();
        QVERIFY(before > 0.5);
        for (int step = 0; step < 50; ++step) {
            const auto w = layer.weight(Mode::Train);
            QVERIFY(layer.quantizer->tryFusedStep(2.0 / 40 * x.t().matmul(x.matmul(w - target)),
                                                  {0.01, 0, 0, false}));
        }
        QCOMPARE(loss().item<double>(), 0.0);
    }

    /// Binary SGT is BinaryConnect on d without clipping, momentum included.
    void binarySgtIsBinaryConnect_data() {
        QTest::addColumn<bool>("fused");
        QTest::newRow("plain") << false;
        QTest::newRow("fused") << true;
    }

    void binarySgtIsBinaryConnect() {
        QFETCH(bool, fused);
        auto layer = attach("sgt", 1, torch::zeros({300}));
        auto latent = layer.trainable().detach().clone().requires_grad_();
        QCOMPARE(latent.numel(), std::int64_t{300}); // d only
        const SgdSettings settings{0.1, 0.9, 5e-4, false};
        torch::optim::SGD reference({latent}, torch::optim::SGDOptions(0.1).momentum(0.9));
        torch::optim::SGD plain({layer.trainable()}, torch::optim::SGDOptions(0.1).momentum(0.9));
        for (std::uint64_t step = 0; step < 60; ++step) {
            const auto binary = torch::where(latent > 0, torch::ones_like(latent), -torch::ones_like(latent));
            QVERIFY_SAME(bitDifference(layer.weight(Mode::Train), binary));
            const auto g = randomTensor({300}, 50 + step) * 0.1 + 0.05 * binary;
            latent.mutable_grad() = g.clone();
            reference.step();
            if (fused)
                QVERIFY(layer.quantizer->tryFusedStep(g, settings));
            else {
                layer.quantizer->backward(g);
                plain.step();
            }
            QVERIFY_SAME(difference(layer.trainable(), latent, 1e-5));
        }
    }

    /// The pair of logits moves d as the single d moves.
    void binaryDifferenceIsThePair() {
        auto layer = attach("sgt", 1, torch::zeros({100}));
        auto pair = randomTensor({2, 100}, 1);
        layer.setLogits(pair[1] - pair[0]);
        for (std::uint64_t step = 0; step < 20; ++step) {
            const SearchLogits search{pair, {}, 0, torch::tensor({-1.0F, 1.0F})};
            QVERIFY_SAME(bitDifference(layer.weight(), chosenValues(search)));
            const auto g = randomTensor({100}, 30 + step);
            auto gradient = torch::empty({2, 100});
            sgtGradient(search, false, g, gradient);
            pair -= 0.1 * gradient;
            QVERIFY(layer.quantizer->tryFusedStep(g, {0.1, 0, 0, false}));
            QVERIFY_SAME(difference(layer.trainable(), pair[1] - pair[0], 1e-5));
        }
    }

    void sgtChoosesAsRdhs_data() { addTypesAndBits(); }

    void sgtChoosesAsRdhs() {
        QFETCH(int, bits);
        QFETCH(bool, isDouble);
        const auto type = typeOf(isDouble);
        const std::int64_t m = std::int64_t{1} << bits;
        auto logits = randomTensor({m, 200}, 8, type);
        logits.slice(1, 0, 20).fill_(0.5); // ties take the lowest
        auto rdhs = attach("rdhs", bits, torch::zeros({200}, type));
        auto sgt = attach("sgt", bits, torch::zeros({200}, type));
        rdhs.setLogits(logits);
        sgt.setLogits(bits == 1 ? logits[1] - logits[0] : logits);
        QVERIFY_SAME(bitDifference(sgt.weight(), rdhs.weight()));
        QCOMPARE(rdhs.weight()[0].item<double>(), -1.0);
    }

    void fusedStepIsThePlainPath_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("bits");
        QTest::addColumn<double>("momentum");
        QTest::addColumn<bool>("nesterov");
        QTest::addColumn<QString>("options");
        for (const char* method : {"rdhs", "sgt"})
            for (int bits = 1; bits <= 3; ++bits) {
                QTest::addRow("%s %d, no momentum", method, bits) << method << bits << 0.0 << false << "{}";
                QTest::addRow("%s %d, momentum", method, bits) << method << bits << 0.9 << false << "{}";
                QTest::addRow("%s %d, nesterov", method, bits) << method << bits << 0.9 << true << "{}";
            }
        QTest::newRow("rdhs with noise") << "rdhs" << 2 << 0.9 << false << R"({"noise": 0.3})";
        QTest::newRow("sgt clipped") << "sgt" << 2 << 0.9 << false << R"({"clip": 0.05})";
        QTest::newRow("sgt 1 clipped") << "sgt" << 1 << 0.9 << false << R"({"clip": 0.05})";
        QTest::newRow("sgt by distance") << "sgt" << 3 << 0.9 << true << R"({"distance_weighted": true})";
        QTest::newRow("sgt 1 by distance") << "sgt" << 1 << 0.9 << true << R"({"distance_weighted": true})";
    }

    void fusedStepIsThePlainPath() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        QFETCH(double, momentum);
        QFETCH(bool, nesterov);
        QFETCH(QString, options);
        const auto given = parseJson(options.toStdString(), "test");
        const auto start = randomTensor({7, 5, 3, 3}, 1);
        auto fused = attach(method.toStdString(), bits, start, given);
        auto plain = attach(method.toStdString(), bits, start, given);
        const SgdSettings settings{0.1, momentum, 0.01, nesterov}; // the optimizer's decay is not the logits'
        torch::optim::SGD optimizer({plain.trainable()},
                                    torch::optim::SGDOptions(0.1).momentum(momentum).nesterov(nesterov));
        for (std::uint64_t step = 0; step < 10; ++step) {
            QVERIFY_SAME(bitDifference(fused.weight(Mode::Train), plain.weight(Mode::Train)));
            const auto g =
                randomTensor({7, 5, 3, 3}, 10 + step).contiguous(torch::MemoryFormat::ChannelsLast);
            QVERIFY(fused.quantizer->tryFusedStep(g, settings));
            plain.quantizer->backward(g);
            optimizer.step();
            fused.quantizer->afterStep();
            plain.quantizer->afterStep();
            QVERIFY_SAME(difference(fused.trainable(), plain.trainable(), 3e-6));
        }
    }

    void fusedStepLeavesOtherTypes() {
        auto layer = attach("rdhs", 2, torch::zeros({9}, torch::kFloat64));
        QVERIFY(!layer.quantizer->tryFusedStep(torch::zeros({9}, torch::kFloat64), {}));
    }

    void noiseIsThatOfItsStep() {
        const Json options{{"noise", 1.0}};
        auto first = attach("rdhs", 2, torch::zeros({4000}), options);
        auto second = attach("rdhs", 2, torch::zeros({4000}), options);
        auto other = attach("rdhs", 2, torch::zeros({4000}), options, false, 2);
        const auto one = first.weight(Mode::Train);
        QVERIFY_SAME(bitDifference(second.weight(Mode::Train), one));
        QVERIFY(!torch::equal(other.weight(Mode::Train), one));
        QVERIFY(!torch::equal(first.weight(Mode::Train), one)); // the next step's noise
        const auto calm = first.weight(Mode::Eval);
        first.quantizer->snapshot(true);
        QVERIFY_SAME(bitDifference(first.weight(Mode::Eval), calm));
        second.weight(Mode::Train);
        QVERIFY_SAME(
            bitDifference(first.weight(Mode::Train), second.weight(Mode::Train))); // evaluations draw nothing
    }

    /// The choices of many equal weights follow softmax(a / μ).
    void noiseSamplesTheSoftmax() {
        const std::vector<double> logits{0.3, -0.4, 0.1, 0.6};
        for (const double mu : {0.5, 1.0, 2.0}) {
            auto layer = attach("rdhs", 2, torch::zeros({100000}), {{"noise", mu}});
            layer.setLogits(torch::tensor(logits).view({4, 1}).expand({4, 100000}));
            const auto weight = layer.weight(Mode::Train);
            std::vector<std::size_t> counts;
            const auto space = ValueSpace::published(2);
            for (const float value : space.values())
                counts.push_back((weight == value).sum().item<std::int64_t>());
            const auto fit = chiSquareTest(counts, argmaxProbabilities(logits, mu));
            QVERIFY2(fit.pValue > 0.001, qPrintable(QString::number(fit.pValue)));
        }
    }

    /// Backward sees the noise of the step's forward.
    void noiseEntersTheGradient() {
        auto layer =
            attach("rdhs", 1, torch::zeros({500}, torch::kFloat64), {{"noise", 1.0}, {"temperature", 0.5}});
        const auto logits = layer.trainable().detach().clone();
        const auto weight = layer.weight(Mode::Train);
        const auto g = torch::ones({500}, torch::kFloat64);
        const auto gradient = layer.gradient(g); // for ±1: 4 y+ y− with sign; dL/da+ = (2 g / τ) y+ y−
        const auto product = gradient[1] * 0.5 / 2;
        const auto gap =
            ((1 + (1 - 4 * product).clamp_min(0).sqrt()) / (1 - (1 - 4 * product).clamp_min(0).sqrt()))
                .log() *
            0.5;                                    // |u+ − u−|
        QVERIFY(gap.median().item<double>() > 0.3); // noise of size 1, not logits of 0.01
        QVERIFY((logits[1] - logits[0]).abs().max().item<double>() < 0.1);
        QVERIFY((weight == 1).any().item<bool>() && (weight == -1).any().item<bool>());
    }

    void aLargerStartingDeviationOnlyFlattensTheLogits() {
        const auto weight = randomTensor({8, 6, 3, 3}, 3) * 0.07;
        for (const char* method : {"rdhs", "sgt"}) {
            auto usual = attach(method, 3, weight, Json::object(), true);
            auto flat = attach(method, 3, weight, {{"init_deviation", 1.0}}, true);
            QVERIFY_SAME(bitDifference(flat.weight(), usual.weight()));
            QVERIFY(torch::allclose(flat.trainable() * 16, usual.trainable()));
        }
    }

    void pretrainedStartTakesTheNearest_data() { addTypesAndBits(); }

    void pretrainedStartTakesTheNearest() {
        QFETCH(int, bits);
        QFETCH(bool, isDouble);
        const auto weight = randomTensor({8, 6, 3, 3}, 3, typeOf(isDouble)) * 0.07;
        const auto space = ValueSpace::published(bits);
        const double c = bestScale(weight, space);
        for (const char* method : {"rdhs", "sgt"}) {
            auto layer = attach(method, bits, weight, Json::object(), true);
            const auto quantized = layer.weight().to(torch::kFloat64).flatten();
            const auto flat = (weight.to(torch::kFloat64) / c).flatten();
            for (std::int64_t i = 0; i < flat.numel(); ++i)
                QCOMPARE(quantized[i].item<double>(),
                         static_cast<double>(space.values()[space.nearest(flat[i].item<double>())]));
        }
        double least = INFINITY; // c against a fine grid
        const auto error = [&](double scale) {
            double sum = 0;
            const auto flat = weight.to(torch::kFloat64).flatten();
            for (std::int64_t i = 0; i < flat.numel(); ++i) {
                const double w = flat[i].item<double>();
                sum += std::pow(w - scale * space.values()[space.nearest(w / scale)], 2);
            }
            return sum;
        };
        for (double scale = 0.01; scale < 0.4; scale *= 1.02)
            least = std::min(least, error(scale));
        QVERIFY(error(c) <= least * 1.0001);
    }

    void scaleWithoutBatchNorm() {
        LayerContext layer;
        layer.fanIn = 9 * 64;
        layer.followedByBatchNorm = true;
        QCOMPARE(fixedScale(layer, ValueSpace::published(1)), 1.0F);
        layer.followedByBatchNorm = false;
        QCOMPARE(fixedScale(layer, ValueSpace::published(1)), 0.03125F); // 1 / 24 -> 2^round(−4.58)
        QCOMPARE(fixedScale(layer, ValueSpace::published(2)), 0.0625F);  // E[q²] = .625
        layer.followedByBatchNorm.reset();
        QCOMPARE(fixedScale(layer, ValueSpace::published(1)), 0.03125F);
    }

    /// Powers of two need shifts alone, times a common factor one scale, all others a multiplier.
    void multiplicationsFollowTheValues() {
        for (const char* const method : {"rdhs", "sgt"}) {
            const auto& entry = builtinWeightMethods().at(method, "test");
            const auto flags = [&](std::int64_t bits, const std::vector<double>& values) {
                const auto of = entry.multiplications(
                    bits, Options::validated(entry.schema.options, {{"values", values}}, "test"));
                return std::pair(of.mac, of.postScale);
            };
            QVERIFY(flags(3, {}) == std::pair(false, false));
            QVERIFY(flags(2, {-0.25, 0, 4}) == std::pair(false, false));
            QVERIFY(flags(2, {-0.3, 0, 0.6}) == std::pair(false, true));
            QVERIFY(flags(1, {-0.3, 0.7}) == std::pair(true, false));
        }
    }

    void listedValues() {
        const Json options{{"values", {1.0, 0.0, -1.0}}};
        auto layer = attach("rdhs", 2, randomTensor({300}, 1), options, true);
        const auto snapshot = layer.quantizer->snapshot(false);
        QCOMPARE(snapshot.valueSpace, (std::vector<double>{-1, 0, 1}));
        QVERIFY(snapshot.zeroShare > 0.1 && snapshot.zeroShare < 0.9);
        const auto& method = builtinWeightMethods().at("sgt", "test");
        const auto check = [&](std::int64_t bits, const Json& given) {
            method.check(bits, Options::validated(method.schema.options, given, "test"), "weights.options");
        };
        check(2, options);
        check(3, Json::object());
        QVERIFY_THROWS_EXCEPTION(Error, check(1, options));
        QVERIFY_THROWS_EXCEPTION(Error, check(3, options));
        QVERIFY_THROWS_EXCEPTION(Error, check(4, Json::object()));
        QVERIFY_THROWS_EXCEPTION(Error, check(1, Json{{"values", {1.0, 1.0}}}));
    }

    void snapshotDescribesTheSearch() {
        auto layer = attach("rdhs", 2, torch::zeros({10, 10}), {{"temperature", 0.5}});
        const auto logits = randomTensor({4, 10, 10}, 5);
        layer.setLogits(logits);
        auto snapshot = layer.quantizer->snapshot(true);
        const auto y = torch::softmax(logits.view({4, -1}).to(torch::kFloat64) / 0.5, 0);
        QCOMPARE(*snapshot.search->temperature, 0.5);
        QVERIFY(std::abs(snapshot.search->meanPathEntropy + (y * y.log()).sum(0).mean().item<double>()) <
                1e-5);
        QCOMPARE(snapshot.search->examples.size(), std::size_t{16});
        for (const auto& example : snapshot.search->examples)
            for (std::size_t k = 0; k < 4; ++k)
                QCOMPARE(example.logits[k],
                         logits.view({4, -1})[static_cast<std::int64_t>(k)][example.index].item<double>());
        QCOMPARE(snapshot.search->examples.front().index, std::int64_t{3});
        QCOMPARE(snapshot.search->examples.back().index, std::int64_t{96});
        layer.setLogits(-logits);
        auto changed = layer.quantizer->snapshot(false);
        const auto flips = (logits.argmax(0) != (-logits).argmax(0)).sum().item<std::int64_t>();
        QCOMPARE(*changed.flips, flips);
        QCOMPARE(changed.search->flipRate, static_cast<double>(flips) / 100);
    }
};

QTEST_GUILESS_MAIN(TestSearch)
#include "tst_search.moc"
