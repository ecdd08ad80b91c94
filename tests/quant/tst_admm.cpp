// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include <torch/optim/sgd.h>

#include "core/base/error.h"
#include "core/quant/scaled_levels.h"
#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

torch::Tensor row(const std::vector<double>& values) {
    return torch::tensor(values, torch::kFloat64).view({1, -1});
}

struct State {
    torch::OrderedDict<std::string, torch::Tensor> tensors;
    Json numbers = Json::object();
};

State stateOf(const Attached& layer) {
    State state;
    layer.quantizer->save(state.tensors, state.numbers);
    return state;
}

/// A layer in the middle of the iteration, with this target and scaled dual.
Attached withDual(std::int64_t bits, const torch::Tensor& weight, const torch::Tensor& target,
                  const torch::Tensor& dual, const Json& options) {
    auto layer = attach("admm", bits, weight, options, true);
    auto state = stateOf(layer);
    state.tensors["target"] = target;
    state.tensors["dual"] = dual;
    layer.quantizer->load(state.tensors, state.numbers);
    return layer;
}

double diagnostic(Attached& layer, const std::string& name) {
    return layer.quantizer->snapshot(false).diagnostics.at(name);
}

/// Steps on ‖W − center‖² / 2 with torch's SGD, as the trainer makes them.
void train(Attached& layer, torch::optim::SGD& sgd, const torch::Tensor& center, std::int64_t first,
           std::int64_t last, std::int64_t epochs, int steps = 20) {
    for (std::int64_t epoch = first; epoch < last; ++epoch) {
        layer.quantizer->onEpoch({epoch, epochs});
        for (int step = 0; step < steps; ++step) {
            for (int pass = 0; pass < layer.quantizer->passes(); ++pass) {
                layer.quantizer->materialize(Mode::Train, pass);
                layer.quantizer->backward(layer.parameter.detach() - center, pass);
            }
            sgd.step();
            layer.quantizer->afterStep();
        }
    }
}

torch::optim::SGD sgdOf(Attached& layer, double rate, double momentum = 0, double decay = 0) {
    return torch::optim::SGD({layer.trainable()},
                             torch::optim::SGDOptions(rate).momentum(momentum).weight_decay(decay));
}

const Json kConstant{{"rho_schedule", "constant"}};

Json constantWith(Json more) {
    more.update(kConstant);
    return more;
}

} // namespace

/// ADMM and its progressive variant.
class TestAdmm : public QObject {
    Q_OBJECT

private slots:
    void projections_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<QString>("largest");
        QTest::addColumn<double>("scale");
        QTest::addColumn<QList<double>>("expected");
        QTest::newRow("binary") << 1 << "4" << .575 << QList<double>{.575, -.575, .575, -.575};
        QTest::newRow("ternary") << 2 << "4" << .95 << QList<double>{.95, -.95, 0, 0};
        const double a = 3.4 / 6;
        QTest::newRow("±2") << 3 << "2" << a << QList<double>{2 * a, -a, 0, -a};
    }
    void projections() {
        QFETCH(int, bits);
        QFETCH(QString, largest);
        QFETCH(double, scale);
        QFETCH(QList<double>, expected);
        auto layer =
            attach("admm", bits, row({1.2, -.7, .1, -.3}), {{"largest", largest.toStdString()}}, true);
        QVERIFY_SAME(difference(layer.weight(), row({expected.begin(), expected.end()}), 1e-12));
        QVERIFY(std::abs(diagnostic(layer, "scale") - scale) < 1e-12);
        QVERIFY_SAME(difference(stateOf(layer).tensors["target"], layer.weight(), 0)); // where it starts
        QVERIFY_SAME(bitDifference(layer.weight(Mode::Train), row({1.2, -.7, .1, -.3})));
    }

    /// The alternation's result is a fixed point: nearest levels, and the scale that fits them.
    void projectionIsAFixedPoint() {
        const auto weight = randomTensor({6, 4, 3, 3}, 3, torch::kFloat64);
        auto layer = attach("admm", 3, weight, {}, true);
        const double scale = diagnostic(layer, "scale");
        const auto q = (layer.weight() / scale).round();
        QVERIFY_SAME(difference(layer.weight(), q * scale, 1e-6));
        for (const double level : layer.quantizer->snapshot(false).valueSpace) {
            const double share = std::abs(level) / scale;
            QVERIFY(std::abs(share - std::round(share)) < 1e-6 && std::round(share) != 3);
        }
        const double again = ((q * weight).sum() / q.square().sum()).item<double>();
        QVERIFY(std::abs(again - scale) < 1e-3 * scale);
    }

    /// Gradient of the augmented loss: g + ρ (W − G + λ).
    void proximalGradient() {
        auto layer = withDual(1, row({1, -.6}), row({.8, -.8}), row({.1, 0}), constantWith({{"rho", .5}}));
        QVERIFY_SAME(difference(layer.gradient(row({.2, -.1})), row({.35, 0}), 1e-12));
    }

    /// Against autograd of f + ρ/2 ‖W − G + λ‖².
    void gradientIsThatOfTheAugmentedLoss() {
        const auto weight = randomTensor({4, 3, 3, 3}, 1, torch::kFloat64);
        const auto target = randomTensor({4, 3, 3, 3}, 2, torch::kFloat64);
        const auto dual = randomTensor({4, 3, 3, 3}, 3, torch::kFloat64);
        const auto c = randomTensor({4, 3, 3, 3}, 4, torch::kFloat64);
        auto layer = withDual(2, weight, target, dual, constantWith({{"rho", .3}}));
        const auto leaf = weight.clone().requires_grad_();
        ((c * leaf).sin().sum() + 0.15 * (leaf - target + dual).square().sum()).backward();
        QVERIFY_SAME(difference(layer.gradient(c * (c * weight).cos()), leaf.grad(), 1e-9));
    }

    /// λ + W − G with G = {±.8}, a scale that the progressive variant has fixed.
    void dualUpdate() {
        auto layer =
            attach("admm", 1, row({1, -.6}),
                   constantWith({{"progressive", true}, {"retrain_from", 0}, {"portions", {.01, 1}}}), true);
        auto state = stateOf(layer);
        state.tensors["dual"] = row({.1, 0});
        state.numbers["portion"] = 0;
        state.numbers["scale"] = .8;
        layer.quantizer->load(state.tensors, state.numbers);
        layer.quantizer->onEpoch({1, 10});
        state = stateOf(layer);
        QVERIFY_SAME(difference(state.tensors["target"], row({.8, -.8}), 1e-12));
        QVERIFY_SAME(difference(state.tensors["dual"], row({.3, .2}), 1e-12));
    }

    void dualIsUpdatedByEpochOrBySteps() {
        auto weight = row({1.2, -.7, .1, -.3});
        auto byEpoch = attach("admm", 2, weight, kConstant, true);
        byEpoch.quantizer->onEpoch({0, 5});
        QVERIFY_SAME(difference(stateOf(byEpoch).tensors["dual"], torch::zeros_like(weight), 0));
        byEpoch.quantizer->onEpoch({1, 5});
        const auto once = weight - byEpoch.weight();
        QVERIFY_SAME(difference(stateOf(byEpoch).tensors["dual"], once, 1e-12));
        byEpoch.quantizer->onEpoch({1, 5}); // the same epoch, after a resumption
        QVERIFY_SAME(difference(stateOf(byEpoch).tensors["dual"], once, 1e-12));

        auto bySteps = attach("admm", 2, weight, constantWith({{"update_steps", 3}}), true);
        for (int step = 1; step <= 6; ++step) {
            bySteps.quantizer->onEpoch({step, 9});
            bySteps.quantizer->afterStep();
            QCOMPARE(torch::equal(stateOf(bySteps).tensors["dual"], torch::zeros_like(weight)), step < 3);
        }
    }

    /// ρ changes from .01 to .04 to .16 to .64, and ρ λ stays what it was.
    void aChangedPenaltyRescalesTheDual() {
        const auto weight = randomTensor({4, 3, 3, 3}, 1, torch::kFloat64);
        auto layer =
            attach("admm", 2, weight, {{"rho", .01}, {"rho_last", .64}, {"update_steps", 1000}}, true);
        auto state = stateOf(layer);
        state.tensors["dual"] = randomTensor({4, 3, 3, 3}, 2, torch::kFloat64);
        layer.quantizer->load(state.tensors, state.numbers);
        const auto unscaled = state.tensors["dual"] * .01;
        for (int epoch = 0; epoch < 4; ++epoch) {
            layer.quantizer->onEpoch({epoch, 4});
            const double rho = diagnostic(layer, "rho");
            QVERIFY(std::abs(rho - .01 * std::pow(4, epoch)) < 1e-12);
            QVERIFY_SAME(difference(stateOf(layer).tensors["dual"] * rho, unscaled, 1e-12));
        }
        layer.quantizer->onEpoch({4, 4}); // after the last epoch
        QVERIFY(std::abs(diagnostic(layer, "rho") - .64) < 1e-12);
    }

    /// The target doesn't move while weights are far from it: the primal residual dominates and ρ doubles.
    void balanceWorksAgainstTheLargerResidual() {
        const auto weight = randomTensor({4, 3, 3, 3}, 1, torch::kFloat64);
        auto layer = attach("admm", 2, weight, {{"rho", .01}, {"rho_schedule", "balance"}}, true);
        layer.quantizer->onEpoch({0, 9});
        QCOMPARE(diagnostic(layer, "rho"), .01);
        layer.quantizer->onEpoch({1, 9});
        QCOMPARE(diagnostic(layer, "rho"), .02);
        QVERIFY_SAME(difference(stateOf(layer).tensors["dual"], (weight - layer.weight()) / 2, 1e-12));

        // The weights sit on the target and the target has just jumped: the dual residual dominates.
        auto jumped =
            withDual(1, row({1, -1}), row({-9, 9}), row({0, 0}), {{"rho", .01}, {"rho_schedule", "balance"}});
        jumped.quantizer->onEpoch({1, 9});
        QCOMPARE(diagnostic(jumped, "rho"), .005);
    }

    /// f = c/2 (w − w*)², c = 2, w* = .3, ρ = 1, G = .5, λ = .1, β = .1: from 1 to w_p = .8 to w_c = .86.
    void extragradientGolden() {
        auto layer = withDual(1, row({1}), row({.5}), row({.1}),
                              constantWith({{"rho", 1}, {"extragradient", true}, {"predictor_rate", .1}}));
        auto sgd = sgdOf(layer, 0.1);
        const auto gradient = [&] { return 2 * (layer.parameter.detach() - .3); };
        QCOMPARE(layer.quantizer->passes(), 2);
        layer.quantizer->materialize(Mode::Train, 0);
        QVERIFY_SAME(difference(layer.parameter.detach(), row({1}), 0));
        layer.quantizer->backward(gradient(), 0);
        layer.quantizer->materialize(Mode::Train, 1);
        QVERIFY_SAME(difference(layer.parameter.detach(), row({.8}), 1e-12));
        layer.quantizer->backward(gradient(), 1);
        sgd.step();
        layer.quantizer->afterStep();
        QVERIFY_SAME(difference(layer.trainable().detach(), row({.86}), 1e-12));
        QVERIFY_SAME(difference(layer.weight(Mode::Train), row({.86}), 1e-12)); // no predictor is left
        QCOMPARE(attach("admm", 1, row({1}), {}, true).quantizer->passes(), 1);
    }

    /// On a quadratic loss the penalty draws the weights onto their levels, by either kind of step.
    void weightsReachTheirLevels_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<bool>("extragradient");
        for (int bits = 1; bits <= 3; ++bits)
            for (const bool extragradient : {false, true})
                QTest::addRow("%d bits%s", bits, extragradient ? ", extragradient" : "")
                    << bits << extragradient;
    }
    void weightsReachTheirLevels() {
        QFETCH(int, bits);
        QFETCH(bool, extragradient);
        const auto center = randomTensor({6, 4, 3, 3}, 5, torch::kFloat64) * 0.2;
        auto layer = attach("admm", bits, center,
                            {{"rho", .1}, {"rho_last", 10}, {"extragradient", extragradient}}, true);
        auto sgd = sgdOf(layer, 0.02);
        const double before = (layer.weight(Mode::Train) - layer.weight()).norm().item<double>();
        train(layer, sgd, center, 0, 20, 20);
        const double after = (layer.weight(Mode::Train) - layer.weight()).norm().item<double>();
        QVERIFY2(after < 0.15 * before, qPrintable(QString("%1 of %2").arg(after).arg(before)));
        QVERIFY(layer.quantizer->epochValues().at("admm_residual") < 0.15);
    }

    /// Decay would pull against the penalty.
    void weightsHaveNoDecay() {
        auto layer = attach("admm", 2, row({1, 2}), {}, true);
        QCOMPARE(layer.quantizer->parameterGroups().at(0).weightDecay.value_or(-1), 0.0);
    }

    /// Growing portions, nearest weights first, bit for bit the same ever after: under momentum and a decay
    /// that the optimizer applies all the same.
    void progressiveFreezesTheNearest_data() {
        QTest::addColumn<int>("bits");
        for (int bits = 1; bits <= 3; ++bits)
            QTest::addRow("%d bits", bits) << bits;
    }
    void progressiveFreezesTheNearest() {
        QFETCH(int, bits);
        constexpr std::int64_t kEpochs = 8;
        const auto center = (randomTensor({6, 4, 3, 3}, 5) * 0.2).to(torch::kFloat32);
        auto layer =
            attach("admm", bits, center, {{"progressive", true}, {"rho", .1}, {"rho_last", 1}}, true);
        QCOMPARE(layer.quantizer->scheduleRestarts(kEpochs), (std::vector<std::int64_t>{4, 5, 6}));
        auto sgd = sgdOf(layer, 0.02, 0.9, 0.01);
        torch::Tensor held, mask;
        const std::vector<double> shares{0, 0, 0, 0, .5, .75, .875, .875, 1};
        for (std::int64_t epoch = 0; epoch <= kEpochs; ++epoch) {
            const auto distance = (layer.weight(Mode::Train) - layer.weight()).abs();
            const bool resets = layer.quantizer->onEpoch({epoch, kEpochs}).resetOptimizerState;
            const auto i = static_cast<std::size_t>(epoch);
            QCOMPARE(resets, epoch > 0 && shares[i] > shares[i - 1]);
            QCOMPARE(layer.quantizer->epochValues().at("frozen_share"), shares[i]);
            auto state = stateOf(layer);
            const auto now = state.tensors["frozen"].to(torch::kBool);
            if (held.defined()) { // what was frozen is frozen, with the same bits
                QVERIFY(now.masked_select(mask).all().item<bool>());
                QVERIFY_SAME(bitDifference(layer.weight(Mode::Train).masked_select(mask), held));
            }
            if (epoch == 4) // the nearest half: no free weight is nearer than a frozen one
                QVERIFY(distance.masked_select(now).max().item<double>() <=
                        distance.masked_select(now.logical_not()).min().item<double>() + 1e-6);
            mask = now.clone();
            held = layer.weight(Mode::Train).masked_select(mask);
            QVERIFY_SAME(bitDifference(layer.weight().masked_select(mask), held)); // on their levels
            if (epoch < kEpochs) train(layer, sgd, center, epoch, epoch + 1, kEpochs);
        }
        QVERIFY(!layer.quantizer->trainFormDiffers());
        QVERIFY_SAME(bitDifference(layer.weight(Mode::Train), layer.weight()));
        QVERIFY_SAME(bitDifference(layer.quantizer->freeze().decode(), layer.weight()));
        const auto snapshot = layer.quantizer->snapshot(false);
        QCOMPARE(snapshot.frozenShare.value_or(0), 1.0);
        QVERIFY(snapshot.latentFrozen.has_value());
    }

    void progressiveContinuesFromItsState() {
        constexpr std::int64_t kEpochs = 8;
        const Json options{{"progressive", true}, {"rho", .1}, {"rho_last", 1}};
        const auto center = randomTensor({6, 4, 3, 3}, 5) * 0.2;
        for (const std::int64_t stop : {2, 5, 7}) {
            auto whole = attach("admm", 2, center, options, true);
            auto sgd = sgdOf(whole, 0.02);
            train(whole, sgd, center, 0, stop, kEpochs);
            auto resumed = attach("admm", 2, center * 2, options, true);
            copyState(*whole.quantizer, *resumed.quantizer);
            auto resumedSgd = sgdOf(resumed, 0.02);
            train(whole, sgd, center, stop, kEpochs, kEpochs);
            train(resumed, resumedSgd, center, stop, kEpochs, kEpochs);
            for (auto* layer : {&whole, &resumed})
                layer->quantizer->onEpoch({kEpochs, kEpochs});
            QVERIFY_SAME(bitDifference(resumed.weight(Mode::Train), whole.weight(Mode::Train)));
            QVERIFY(resumed.quantizer->snapshot(false) == whole.quantizer->snapshot(false));
        }
        auto plain = attach("admm", 2, center, {}, true);
        auto progressive = attach("admm", 2, center, options, true);
        QVERIFY_THROWS_EXCEPTION(Error, copyState(*plain.quantizer, *progressive.quantizer));
    }

    void portionsAreChecked() {
        const auto& entry = builtinWeightMethods().at("admm", "test");
        const auto check = [&](const Json& portions) {
            entry.check(2,
                        Options::validated(entry.schema.options,
                                           {{"progressive", true}, {"portions", portions}}, "test"),
                        "test");
        };
        check({.3, .6, 1});
        QVERIFY_THROWS_EXCEPTION(Error, check({.5, .5, 1}));
        QVERIFY_THROWS_EXCEPTION(Error, check({.5, .9}));
    }

    void levelsCanBeFewerAtThreeBits() {
        const auto weight = randomTensor({6, 4, 3, 3}, 5);
        const auto& entry = builtinWeightMethods().at("admm", "test");
        for (const auto& [largest, levels] : std::map<std::string, std::size_t>{{"2", 5}, {"4", 7}}) {
            auto layer = attach("admm", 3, weight, {{"largest", largest}}, true);
            QCOMPARE(layer.quantizer->snapshot(false).valueSpace.size(), levels);
            const auto options = Options::validated(entry.schema.options, {{"largest", largest}}, "test");
            QCOMPARE(entry.levels(3, options), std::int64_t(levels));
        }
    }

    void aLayerOfZerosStaysFinite_data() {
        QTest::addColumn<int>("bits");
        for (int bits = 1; bits <= 3; ++bits)
            QTest::addRow("%d bits", bits) << bits;
    }
    void aLayerOfZerosStaysFinite() {
        QFETCH(int, bits);
        auto layer = attach("admm", bits, torch::zeros({4, 1, 3, 3}), {{"progressive", true}}, true);
        for (int epoch = 0; epoch <= 4; ++epoch) {
            layer.quantizer->onEpoch({epoch, 4});
            QVERIFY(layer.gradient(randomTensor({4, 1, 3, 3}, 2)).isfinite().all().item<bool>());
            QVERIFY_SAME(bitDifference(layer.weight(), torch::zeros({4, 1, 3, 3})));
        }
        QVERIFY_SAME(bitDifference(layer.quantizer->freeze().decode(), layer.weight()));
    }
};

QTEST_GUILESS_MAIN(TestAdmm)
#include "tst_admm.moc"
