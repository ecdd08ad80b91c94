// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include "core/quant/rounding_error.h"
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

double squaredError(Attached& layer, const torch::Tensor& w) {
    return (layer.weight() - w).to(torch::kFloat64).square().sum().item<double>();
}

/// Records what a method's procedure asks for.
class RecordingContext final : public CalibrationContext {
public:
    void forEachBatch(std::int64_t,
                      const std::function<void(const torch::Tensor&, const torch::Tensor&)>&) override {}
    torch::Tensor siteInput(const std::string&, const torch::Tensor&) override { return {}; }
    torch::Tensor siteOutput(const std::string&, const torch::Tensor&) override { return {}; }
    double evaluate() override { return 0; }
    void reestimateBatchNorm(std::int64_t count) override { batches.push_back(count); }

    std::vector<std::int64_t> batches;
};

} // namespace

/// Rounding after training.
class TestPtq : public QObject {
    Q_OBJECT

private slots:
    void goldens_data() {
        QTest::addColumn<QString>("rule");
        QTest::addColumn<int>("bits");
        QTest::addColumn<QList<double>>("weights");
        QTest::addColumn<QList<double>>("expected");
        const QList<double> w{.1, -.2, .3, .4, -.5, 2};
        const double two = 2.0 / 3;
        QTest::newRow("min-max") << "minmax" << 3 << w << QList<double>{0, 0, 0, two, -two, 2};
        QTest::newRow("mse") << "mse" << 3 << w << QList<double>{0, 0, 0, 1.88 / 3, -1.88 / 3, 1.88};
        QTest::newRow("powers of two")
            << "pow2" << 4 << QList<double>{.9, -.6, .31, -.2, .05, .25, .75, -.2499}
            << QList<double>{1, -.5, .25, -.25, 0, .25, 1, -.25};
    }
    void goldens() {
        QFETCH(QString, rule);
        QFETCH(int, bits);
        QFETCH(QList<double>, weights);
        QFETCH(QList<double>, expected);
        const auto w = row({weights.begin(), weights.end()});
        auto layer = attach("ptq", bits, w, {{"rule", rule.toStdString()}}, true);
        QVERIFY_SAME(difference(layer.weight(), row({expected.begin(), expected.end()}), 1e-6));
        if (rule == "minmax") QVERIFY(std::abs(squaredError(layer, w) - .2388889) < 1e-6);
        if (rule == "mse") QVERIFY(std::abs(squaredError(layer, w) - .2218222) < 1e-6);
        if (rule == "mse") QVERIFY(std::abs(diagnostic(layer, "clip") - 1.88) < 1e-6); // i = 94
        if (rule == "pow2") QVERIFY(diagnostic(layer, "n1") == 0 && diagnostic(layer, "n2") == -3);
    }

    /// Sorted sums give the error that rounding each magnitude gives.
    void roundingErrorIsThatOfEachWeight() {
        const auto size = randomTensor({3000}, 7, torch::kFloat64).abs();
        const RoundingError error({size.data_ptr<double>(), size.data_ptr<double>() + size.numel()});
        QCOMPARE(error.largest(), size.max().item<double>());
        for (const auto& levels : std::vector<std::vector<double>>{
                 {0}, {0, 1}, {.3, .4, 2.2}, {0, .01, .02, .04, .08, .16, .32, .64, 1.28}}) {
            const auto distance = (size.unsqueeze(1) - torch::tensor(levels, torch::kFloat64)).abs();
            const double expected = std::get<0>(distance.min(1)).square().sum().item<double>();
            QVERIFY(std::abs(error.of(levels) - expected) < 1e-9 * (1 + expected));
        }
        QCOMPARE(RoundingError({}).of({0, 1}), 0.0);
    }

    /// The clip of "mse" is the best of the hundred, the first of those as good.
    void findsTheBestClip_data() {
        QTest::addColumn<int>("bits");
        for (int bits = 2; bits <= 8; ++bits)
            QTest::addRow("%d bits", bits) << bits;
    }
    void findsTheBestClip() {
        QFETCH(int, bits);
        const auto w = randomTensor({40, 25}, 8, torch::kFloat64);
        auto layer = attach("ptq", bits, w, {{"rule", "mse"}}, true);
        const double n = std::ldexp(1.0, bits - 1) - 1;
        const double largest = w.abs().max().item<double>();
        double least = INFINITY;
        double clip = 0;
        for (int i = 1; i <= 100; ++i) {
            const double scale = largest * i / 100 / n;
            const auto q = (w / scale).clamp(-n, n).round() * scale;
            const double error = (w - q).square().sum().item<double>();
            if (error < least) {
                least = error;
                clip = largest * i / 100;
            }
        }
        QVERIFY(std::abs(diagnostic(layer, "clip") - clip) < 1e-9);
        QVERIFY(std::abs(squaredError(layer, w) - least) < 1e-9);
        auto whole = attach("ptq", bits, w, {}, true);
        QVERIFY(least <= squaredError(whole, w));
    }

    /// With a scale of its own, a filter is a layer of its own.
    void perFilterIsALayerPerFilter_data() {
        QTest::addColumn<QString>("rule");
        QTest::newRow("min-max") << "minmax";
        QTest::newRow("mse") << "mse";
    }
    void perFilterIsALayerPerFilter() {
        QFETCH(QString, rule);
        auto w = randomTensor({6, 4, 3, 3}, 9);
        w[2] *= 30;
        w[4].zero_();
        const Json options{{"rule", rule.toStdString()}, {"per", "filter"}};
        auto layer = attach("ptq", 4, w, options, true);
        const auto frozen = layer.quantizer->freeze();
        QCOMPARE(frozen.codebooks, std::int64_t{6});
        QCOMPARE(frozen.sideBits, std::int64_t{6 * 32});
        const auto& entry = builtinWeightMethods().at("ptq", "test");
        LayerContext context;
        context.shape = {6, 4, 3, 3};
        QCOMPARE(entry.sideBits(context, 4, Options::validated(entry.schema.options, options, "test")),
                 frozen.sideBits);
        QVERIFY_SAME(bitDifference(frozen.decode(), layer.weight()));
        for (std::int64_t filter = 0; filter < 6; ++filter) {
            auto alone =
                attach("ptq", 4, w.slice(0, filter, filter + 1), {{"rule", rule.toStdString()}}, true);
            QVERIFY_SAME(bitDifference(layer.weight().slice(0, filter, filter + 1), alone.weight()));
        }
    }

    void powersAreInqsRounding_data() {
        QTest::addColumn<int>("bits");
        for (int bits = 2; bits <= 8; ++bits)
            QTest::addRow("%d bits", bits) << bits;
    }
    void powersAreInqsRounding() {
        QFETCH(int, bits);
        const auto w = randomTensor({12, 5, 3, 3}, 10) * .2;
        auto powers = attach("ptq", bits, w, {{"rule", "pow2"}}, true);
        auto inq = attach("inq", bits, w, {}, true);
        QVERIFY_SAME(bitDifference(powers.weight(), inq.weight()));
        QCOMPARE(powers.quantizer->freeze().sideBits, std::int64_t{8});
        auto scaled = attach("ptq", bits, w, {{"rule", "pow2_mse"}}, true);
        QCOMPARE(scaled.quantizer->freeze().sideBits, std::int64_t{32});
        QVERIFY(squaredError(scaled, w) <= squaredError(powers, w) * (1 + 1e-6));
        QVERIFY(diagnostic(scaled, "scale") >= 1 && diagnostic(scaled, "scale") < 2);
        const auto space = scaled.quantizer->snapshot(false).valueSpace;
        for (std::size_t i = space.size() / 2 + 1; i + 1 < space.size(); ++i)
            QVERIFY(std::abs(space[i + 1] / space[i] - 2) < 1e-6);
    }

    /// q(q(w)) = q(w) with the same scales, and q(−w) = −q(w).
    void isIdempotentAndOdd_data() {
        QTest::addColumn<QString>("rule");
        QTest::addColumn<QString>("per");
        for (const char* rule : {"minmax", "mse"})
            for (const char* per : {"layer", "filter"})
                QTest::addRow("%s per %s", rule, per) << rule << per;
        for (const char* rule : {"pow2", "pow2_mse"})
            QTest::addRow("%s", rule) << rule << "layer";
    }
    void isIdempotentAndOdd() {
        QFETCH(QString, rule);
        QFETCH(QString, per);
        const Json options{{"rule", rule.toStdString()}, {"per", per.toStdString()}};
        const auto w = randomTensor({8, 4, 3, 3}, 11);
        for (int bits = 2; bits <= 8; ++bits) {
            auto layer = attach("ptq", bits, w, options, true);
            const auto once = layer.weight();
            auto mirrored = attach("ptq", bits, -w, options, true);
            QVERIFY_SAME(difference(mirrored.weight(), -once, 0));
            torch::OrderedDict<std::string, torch::Tensor> tensors;
            Json numbers = Json::object();
            layer.quantizer->save(tensors, numbers);
            tensors["latent"] = once;
            layer.quantizer->load(tensors, numbers);
            QVERIFY_SAME(bitDifference(layer.weight(), once));
        }
    }

    /// No group reaches the optimizer, and what a step does leaves the weights alone.
    void trainsNothing() {
        auto layer = attach("ptq", 4, randomTensor({8, 4, 3, 3}, 12), {}, true);
        QVERIFY(layer.quantizer->parameterGroups().empty());
        const auto before = layer.weight(Mode::Train);
        layer.quantizer->onEpoch({0, 5});
        layer.quantizer->backward(randomTensor({8, 4, 3, 3}, 13));
        layer.quantizer->afterStep();
        QVERIFY_SAME(bitDifference(layer.weight(Mode::Train), before));
        QVERIFY_SAME(bitDifference(layer.weight(), before));
        QCOMPARE(*layer.quantizer->snapshot(true).flips, std::int64_t{0});
    }

    void asksForBatchNormStatistics() {
        const auto& entry = builtinWeightMethods().at("ptq", "test");
        const auto w = randomTensor({4, 4}, 14);
        auto with = attach("ptq", 4, w, {{"batch_norm_batches", 7}}, true);
        auto without = attach("ptq", 4, w, {{"batch_norm_batches", 0}}, true);
        RecordingContext context;
        entry.after(context, {without.quantizer.get()});
        QVERIFY(context.batches.empty());
        entry.after(context, {without.quantizer.get(), with.quantizer.get()});
        QCOMPARE(context.batches, std::vector<std::int64_t>{7});
    }

    void multipliersFollowTheRule() {
        const auto& entry = builtinWeightMethods().at("ptq", "test");
        const auto flags = [&](const char* rule) {
            const auto now =
                entry.multiplications(4, Options::validated(entry.schema.options, {{"rule", rule}}, "test"));
            return std::pair(now.mac, now.postScale);
        };
        QCOMPARE(flags("minmax"), std::pair(true, true));
        QCOMPARE(flags("pow2"), std::pair(false, false));
        QCOMPARE(flags("pow2_mse"), std::pair(false, true));
    }

    void degenerateLayersStayFinite_data() {
        QTest::addColumn<QString>("rule");
        for (const char* rule : {"minmax", "mse", "pow2", "pow2_mse"})
            QTest::addRow("%s", rule) << rule;
    }
    void degenerateLayersStayFinite() {
        QFETCH(QString, rule);
        for (const double value : {0.0, .3, -2.0})
            for (const auto& shape : std::vector<std::vector<std::int64_t>>{{8, 1, 3, 3}, {4, 6}, {1, 1}}) {
                auto layer =
                    attach("ptq", 4, torch::full(shape, value), {{"rule", rule.toStdString()}}, true);
                QVERIFY(layer.weight().isfinite().all().item<bool>());
                QVERIFY_SAME(bitDifference(layer.quantizer->freeze().decode(), layer.weight()));
                if (value == 0) QVERIFY_SAME(bitDifference(layer.weight(), torch::zeros(shape)));
            }
    }
};

QTEST_GUILESS_MAIN(TestPtq)
#include "tst_ptq.moc"
