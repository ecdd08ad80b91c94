// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>
#include <functional>

#include "core/quant/activation_methods.h"
#include "core/quant/soft_staircase.h"
#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

torch::Tensor row(const std::vector<double>& values) {
    return torch::tensor(values, torch::kFloat64).to(torch::kFloat32).view({1, -1});
}

void setValue(const torch::Tensor& tensor, const torch::Tensor& value) {
    const torch::NoGradGuard guard;
    tensor.detach().copy_(value);
}
void setValue(const torch::Tensor& tensor, double value) {
    setValue(tensor, torch::full_like(tensor.detach(), value));
}

} // namespace

/// Activation quantizers: each method's published numbers and its own traps.
class TestActivationGoldens : public QObject {
    Q_OBJECT

private slots:
    void dorefaGoldens() {
        const auto quantizer = attachActivation("dorefa", 2);
        auto input = row({-.3, .2, .6, .9, 1.4}).requires_grad_();
        const auto output = quantizer->before(input);
        QVERIFY(torch::allclose(output, row({0, 1.0 / 3, 2.0 / 3, 1, 1}), 0, 1e-6));
        output.sum().backward();
        QVERIFY_SAME(bitDifference(input.grad(), row({0, 1, 1, 1, 0})));
        const auto gradient = quantizedGradient(row({.5, -1, .25, 0}), 3, {});
        QVERIFY(torch::allclose(gradient, row({1.0 / 3, -1, 1.0 / 3, 1.0 / 3}), 0, 1e-6));
    }

    /// Noise of ± half a step makes the quantized gradient right in the mean.
    void dorefaGradientsAreUnbiased() {
        const auto g = row({.5, -1, .25, 0, -.4});
        torch::Tensor sum = torch::zeros({1, 5}, torch::kFloat64);
        constexpr int kDraws = 20000;
        for (int draw = 0; draw < kDraws; ++draw)
            sum += quantizedGradient(g, 3, gradientNoise(g, 3, static_cast<std::uint64_t>(draw)))
                       .to(torch::kFloat64);
        // A step is 2/3, so a draw deviates by at most 1/3; −1 is the clipped end.
        const auto mean = (sum / kDraws).to(torch::kFloat32);
        const double tolerance = 5 * (1.0 / 3) / std::sqrt(double{kDraws});
        for (const int i : {0, 2, 3, 4})
            QVERIFY(std::abs(mean[0][i].item<double>() - g[0][i].item<double>()) < tolerance);
    }

    void dorefaQuantizesGradientsOnlyWhereAsked() {
        auto output = randomTensor({4, 3}, 1).requires_grad_();
        const auto g = randomTensor({4, 3}, 2);
        attachActivation("dorefa", 2)->after(output).backward(g);
        QVERIFY_SAME(bitDifference(output.grad(), g));
        auto quantized = output.detach().clone().requires_grad_();
        attachActivation("dorefa", 2, {{"gradient_bits", 2}})->after(quantized).backward(g);
        QVERIFY(std::get<0>(torch::_unique(quantized.grad()[0])).numel() <= 4);
        QVERIFY(!torch::equal(quantized.grad(), g));
    }

    void pactGoldens() {
        const auto quantizer = attachActivation("pact", 2, {{"clip", 3.0}});
        auto clip = quantizer->parameterGroups().at(0).tensors.at(0);
        auto input = row({-1, .6, 1.9, 5}).requires_grad_();
        const auto output = quantizer->before(input);
        QVERIFY_SAME(bitDifference(output, row({0, 1, 2, 3})));
        output.backward(row({1, 1, 1, 1}));
        QVERIFY_SAME(bitDifference(input.grad(), row({0, 1, 1, 0})));
        QCOMPARE(clip.grad().item<double>(), 1.0);
        QVERIFY(torch::allclose(attachActivation("pact", 2, {{"clip", 2.0}})->before(row({.3, 1.2, 2.6})),
                                row({0, 4.0 / 3, 2}), 0, 1e-6));
    }

    void lsqGoldens() {
        const auto quantizer = attachActivation("lsq", 2, {{"sign", "unsigned"}});
        auto input = row({.05, .4, 1.3, 2.9}).requires_grad_();
        quantizer->before(input); // the first batch sets the step
        const auto step = quantizer->parameterGroups().at(0).tensors.at(0);
        QVERIFY(std::abs(step.item<double>() - 2 * 1.1625 / std::sqrt(3.0)) < 1e-6);
        setValue(step, 0.5);
        const auto output = quantizer->before(input);
        QVERIFY_SAME(bitDifference(output, row({0, .5, 1.5, 1.5})));
        output.backward(row({.1, .2, .3, .4}));
        QVERIFY_SAME(bitDifference(input.grad(), row({.1, .2, .3, 0})));
        QVERIFY(std::abs(step.grad().item<double>() - 0.3897114) < 1e-6);
    }

    void dsqGoldens() {
        const auto quantizer = attachActivation("dsq", 2);
        auto input = row({-1, .5, 1}).requires_grad_(); // l = −1, u = 1
        const auto output = quantizer->before(input);
        QVERIFY(torch::allclose(output, row({-1, 1.0 / 3, 1}), 0, 1e-6));
        output.backward(row({0, 1, 0}));
        QVERIFY(std::abs(input.grad()[0][1].item<double>() - 1.0299490) < 1e-5);
    }

    /// Against autograd through the soft function, whose values the hard ones replace.
    void dsqGradientsAreTheSoftFunctions() {
        const auto options = torch::TensorOptions().dtype(torch::kFloat64);
        const auto input = torch::tensor({-1.4, -.93, -.2, .1, .77, 1.3}, options);
        const auto g = torch::tensor({.3, -.5, 1.1, .7, -.2, .9}, options);
        const auto make = [&](double value) { return torch::full({1}, value, options).requires_grad_(); };
        const auto lower = make(-1);
        const auto upper = make(1.2);
        const auto gap = make(0.3);
        auto x = input.clone().requires_grad_();
        const auto width = (upper - lower) / 3;
        const auto place = (x - lower) / width;
        const auto interval = place.detach().floor().clamp(0, 2);
        const auto bend = ((place - interval - 0.5) * (2 / gap - 1).log()).tanh() / (1 - gap);
        const auto soft = lower + width * (interval + 0.5 + bend / 2);
        const auto within = torch::where(x < lower, lower, torch::where(x > upper, upper, soft));
        within.backward(g);
        const SoftStaircase staircase{lower.detach(), upper.detach(), gap.detach(), 3};
        const auto found = staircase.backward(input, g, true);
        QVERIFY(torch::allclose(found.input, x.grad(), 1e-10, 1e-12));
        QVERIFY(torch::allclose(found.lower, lower.grad(), 1e-10, 1e-12));
        QVERIFY(torch::allclose(found.upper, upper.grad(), 1e-10, 1e-12));
        QVERIFY(torch::allclose(found.gap, gap.grad(), 1e-10, 1e-12));
    }

    void lqGoldens() {
        const auto quantizer = attachActivation("lq", 2);
        torch::OrderedDict<std::string, torch::Tensor> state;
        quantizer->save(state);
        state["basis"] = torch::tensor({.5F, 1.0F});
        quantizer->load(state);
        auto input = row({.1, .5, 1.2, 2.5}).requires_grad_();
        const auto output = quantizer->before(input);
        QVERIFY_SAME(bitDifference(output, row({0, .5, 1, 1.5})));
        output.backward(row({1, 1, 1, 1}));
        QVERIFY_SAME(bitDifference(input.grad(), row({1, 1, 1, 0})));
        // codes 00, 10, 01, 11: BBᵀ = [[2, 1], [1, 2]], Bx = [3, 3.7], v* = [0.7667, 1.4667]
        QVERIFY(std::abs(quantizer->diagnostics().at("basis_1") - (.45 + .1 * 2.3 / 3)) < 1e-4);
        QVERIFY(std::abs(quantizer->diagnostics().at("basis_2") - (.9 + .1 * 4.4 / 3)) < 1e-4);
    }

    void lqLearnsTheLevelsOfItsInputs() {
        const auto quantizer = attachActivation("lq", 2);
        const auto input = row({0, .3, .9, 1.2}).repeat({50, 4});
        for (int step = 0; step < 100; ++step)
            quantizer->before(input);
        quantizer->setMode(Mode::Eval);
        QVERIFY(torch::allclose(quantizer->before(input), input, 0, 1e-3));
    }

    void abcIsTheSumOfItsBases() {
        const auto quantizer = attachActivation("abc", 2);
        const auto groups = quantizer->parameterGroups();
        setValue(groups.at(0).tensors.at(0), torch::tensor({.25F, -.25F})); // thresholds 0.25, 0.75
        setValue(groups.at(1).tensors.at(0), torch::tensor({.5F, .25F}));
        auto input = row({0, .25, .5, .8, 1.5}).requires_grad_();
        const auto output = quantizer->before(input);
        QVERIFY_SAME(bitDifference(output, row({-.75, .25, .25, .75, .75})));
        output.backward(row({1, 1, 1, 1, 1}));
        // 0 ≤ x + 0.25 ≤ 1 for the first three, 0 ≤ x − 0.25 ≤ 1 for the second to fourth
        QVERIFY_SAME(bitDifference(input.grad(), row({.5, .75, .75, .25, 0})));
        QVERIFY_SAME(bitDifference(groups.at(0).tensors.at(0).grad(), torch::tensor({1.5F, .75F})));
        QVERIFY_SAME(bitDifference(groups.at(1).tensors.at(0).grad(), torch::tensor({3.0F, -1.0F})));
    }

    void apotTakesTheLevelsOfItsBits() {
        const auto quantizer = attachActivation("apot", 3, {{"clip", 2.0}, {"sign", "unsigned"}});
        const auto input = torch::linspace(0, 2.5, 1001).view({1, -1});
        const auto levels = std::get<0>(torch::_unique(quantizer->before(input)));
        QVERIFY(
            torch::allclose(levels / 2, torch::tensor({0.F, .1F, .2F, .3F, .4F, .6F, .8F, 1.F}), 0, 1e-6));
        auto x = row({1.9, 3}).requires_grad_();
        quantizer->before(x).backward(row({1, 1}));
        QVERIFY_SAME(bitDifference(x.grad(), row({1, 0})));
        // 1 − 0.95 inside, 1 beyond the clip
        const auto slope = quantizer->parameterGroups().at(0).tensors.at(0).grad().item<double>();
        QVERIFY(std::abs(slope - 1.05) < 1e-6);
    }

    void minMaxGoldens() {
        const auto quantizer = attachActivation("minmax", 8, {{"decay", 0.0}});
        quantizer->before(row({-.5, 1.5}));
        quantizer->setMode(Mode::Eval);
        auto input = row({.3, 0, -.5, 1.5, -.6}).requires_grad_();
        const auto output = quantizer->before(input);
        QVERIFY(torch::allclose(output, row({.2980392, 0, -.5019608, 1.4980392, -.5019608}), 0, 1e-6));
        output.sum().backward();
        QVERIFY_SAME(bitDifference(input.grad(), row({1, 1, 1, 0, 0}))); // 1.5 is above the nudged 1.498
        // A range away from 0 is widened to hold it.
        const auto positive = attachActivation("minmax", 4, {{"decay", 0.0}});
        positive->before(row({.2, 1}));
        positive->setMode(Mode::Eval);
        QVERIFY(torch::allclose(positive->before(row({0, .04, 1})), row({0, 1.0 / 15, 1}), 0, 1e-6));
        const auto grid = *quantizer->grid();
        QVERIFY(std::abs(grid.step - 2.0 / 255) < 1e-9);
        QCOMPARE(grid.zeroPoint, std::int64_t{64});
        QCOMPARE(grid.highest, std::int64_t{255});
        QCOMPARE(positive->grid()->highest, std::int64_t{15});
    }

    void minMaxWaitsAndFollows() {
        const auto quantizer = attachActivation("minmax", 2, {{"decay", 0.5}, {"delay", 2}});
        const auto input = row({-1, .1, .2, 1});
        QVERIFY(!quantizer->grid());
        QVERIFY_SAME(bitDifference(quantizer->before(input), input));
        QVERIFY_SAME(bitDifference(quantizer->before(input), input));
        QVERIFY(!quantizer->grid()); // inputs are float so far
        QVERIFY(!torch::equal(quantizer->before(input), input));
        QVERIFY(quantizer->grid());
        quantizer->before(row({0, 3}));
        QVERIFY(std::abs(quantizer->diagnostics().at("high") - 2) < 1e-6);
        QVERIFY(std::abs(quantizer->diagnostics().at("low") + .5) < 1e-6);
        quantizer->setMode(Mode::Eval);
        quantizer->before(row({0, 99})); // evaluation moves nothing
        QVERIFY(std::abs(quantizer->diagnostics().at("high") - 2) < 1e-6);
    }

    void qnnGoldens() {
        const auto linear = attachActivation("qnn", 2, {{"range", 1.0}, {"sign", "unsigned"}});
        auto input = row({-.2, .1, .3, .7, 2}).requires_grad_();
        const auto output = linear->before(input);
        QVERIFY_SAME(bitDifference(output, row({0, 0, .25, .75, .75})));
        output.sum().backward();
        QVERIFY_SAME(bitDifference(input.grad(), row({0, 1, 1, 1, 0})));
        const auto logarithmic =
            attachActivation("qnn", 8, {{"rule", "log"}, {"range", 4.0}, {"sign", "signed"}});
        QVERIFY_SAME(bitDifference(logarithmic->before(row({.3, -.7, 1.5, -3, .05, 0, 9})),
                                   row({.25, -.5, 2, -4, .0625, 0, 4})));
    }

    void fixedPointSaturatesAtHalfItsRange() {
        // max 1.5: il 1, fl 7; [−1, 0.9921875]
        const auto quantizer = attachActivation("ristretto", 8);
        auto input = row({.7, -2, 1.5, .0078}).requires_grad_();
        quantizer->before(row({1.5, 0, 0, 0}));
        quantizer->setMode(Mode::Eval);
        const auto output = quantizer->before(input);
        QVERIFY_SAME(bitDifference(output, row({.703125, -1, .9921875, .0078125})));
        output.sum().backward();
        QVERIFY_SAME(bitDifference(input.grad(), row({1, 0, 0, 1})));
        QCOMPARE(quantizer->diagnostics().at("fractional_length"), 7.0);
        const auto published = attachActivation("ristretto", 8, {{"in_training", false}});
        QVERIFY_SAME(bitDifference(published->before(input), input));
    }

    void sparseZeroesItsShare() {
        const auto quantizer = attachActivation("sparse", 2, {{"zeros", 0.7}});
        const auto input = randomTensor({64, 100}, 5);
        const auto output = quantizer->before(input);
        const double zeros = output.eq(0).to(torch::kFloat64).mean().item<double>();
        QVERIFY2(std::abs(zeros - 0.7) < 0.01, qPrintable(QString::number(zeros)));
        const double step = quantizer->diagnostics().at("step");
        // No other step of the same pattern does better.
        const auto error = [&](double scale) {
            const auto kept = input.gt(quantizer->diagnostics().at("threshold"));
            const auto value = input.div(step * scale).round().clamp(1, 3).mul(step * scale);
            return torch::where(kept, value - input, 0.0).square().sum().item<double>();
        };
        QVERIFY(error(1.0) < error(1.02) && error(1.0) < error(0.98));
    }

    /// Against autograd, with round(x) = x + (round(x) − x), the bracket without gradient, in float64.
    void gradientsAreTheStraightThroughOnes() {
        const auto through = [](const torch::Tensor& x, const torch::Tensor& value) {
            return x + (value - x).detach();
        };
        const auto input = randomTensor({4, 50}, 3, torch::kFloat64) * 2;
        const auto g = randomTensor({4, 50}, 4, torch::kFloat64);
        const auto compare =
            [&](const char* method, std::int64_t bits, std::vector<torch::Tensor> scales,
                const std::function<torch::Tensor(const torch::Tensor&, const std::vector<torch::Tensor>&)>&
                    reference) {
                const auto quantizer = attachActivation(method, bits, Json::object());
                quantizer->before(input);
                const auto groups = quantizer->parameterGroups();
                for (std::size_t i = 0; i < groups.size(); ++i)
                    setValue(groups[i].tensors.at(0), scales[i].to(torch::kFloat32));
                auto x = input.clone().requires_grad_();
                quantizer->before(x).backward(g);
                auto exact = input.clone().requires_grad_();
                for (auto& scale : scales)
                    scale.requires_grad_();
                reference(exact, scales).backward(g);
                QVERIFY_SAME(difference(x.grad(), exact.grad(), 1e-6));
                for (std::size_t i = 0; i < groups.size(); ++i)
                    QVERIFY_SAME(difference(groups[i].tensors.at(0).grad().to(torch::kFloat64),
                                            scales[i].grad(), 1e-5));
            };
        const auto value = [](std::vector<double> numbers) {
            return torch::tensor(numbers, torch::kFloat64);
        };
        compare("pact", 3, {value({1.5})}, [&](const auto& x, const auto& s) {
            const auto y = torch::where(x >= s[0], s[0], torch::where(x < 0, x.detach() * 0, x));
            return through(y, (y * 7 / s[0]).round() * s[0] / 7);
        });
        compare("lsq", 3, {value({0.375})}, [&](const auto& x, const auto& s) {
            const double share = 1 / std::sqrt(50.0 * 3);
            const auto step = s[0] * share + (s[0] * (1 - share)).detach();
            const auto place = (x / step).clamp(-4, 3);
            return through(place, place.round()) * step;
        });
        compare("apot", 3, {value({1.25})}, [&](const auto& x, const auto& s) {
            const auto levels =
                value({-1, -0.5, -0.25, 0, 0.25, 0.5, 1}); // 3 bits: a sign and {0, 1/4, 1/2, 1}
            const auto place = (x / s[0]).clamp(-1, 1);
            const auto nearest = (place.unsqueeze(-1) - levels).abs().argmin(-1);
            return through(place, levels.index_select(0, nearest.view({-1})).view_as(place)) * s[0];
        });
        compare(
            "abc", 3, {value({0.5, 0, -0.25}), value({0.5, 0.25, 0.125})}, [&](const auto& x, const auto& s) {
                auto sum = torch::zeros_like(x);
                for (std::int64_t n = 0; n < 3; ++n) {
                    const auto t = (x + s[0][n]).clamp(0, 1);
                    sum = sum + s[1][n] * through(t, torch::where(t >= 0.5, 1.0, -1.0).to(torch::kFloat64));
                }
                return sum;
            });
    }

    void sparseSeesAllColumnsAndChannels() {
        // columns and channels that differ: a sample of some of them alone would find another threshold
        const auto noise = randomTensor({8, 24, 28, 28}, 5);
        const auto input =
            noise.abs() * (1 + torch::arange(28) % 7) * (1 + torch::arange(24).view({24, 1, 1}) % 3);
        for (const auto& given : {input, input.contiguous(torch::MemoryFormat::ChannelsLast)}) {
            const auto quantizer = attachActivation("sparse", 2);
            const double zeros = quantizer->before(given).eq(0).to(torch::kFloat64).mean().item<double>();
            QVERIFY2(std::abs(zeros - 0.6) < 0.02, qPrintable(QString::number(zeros)));
        }
        const auto plain = attachActivation("sparse", 2);
        const auto last = attachActivation("sparse", 2);
        QVERIFY_SAME(
            bitDifference(last->before(input.contiguous(torch::MemoryFormat::ChannelsLast)).contiguous(),
                          plain->before(input)));
    }

    void lsqSurvivesAFirstBatchOfZeros() {
        const auto quantizer = attachActivation("lsq", 4);
        quantizer->before(torch::zeros({4, 10}));
        QCOMPARE(quantizer->diagnostics().at("step"), 1.0);
        QVERIFY_SAME(bitDifference(quantizer->before(row({0.2, 1.4, 2.6})), row({0, 1, 3})));
    }

    void pactsLevelStaysPositive() {
        const auto quantizer = attachActivation("pact", 2);
        {
            const torch::NoGradGuard guard;
            quantizer->parameterGroups().at(0).tensors.at(0).fill_(-2);
        }
        quantizer->afterStep();
        QVERIFY(quantizer->diagnostics().at("clip") > 0);
        QVERIFY(quantizer->before(row({-1, 0, 1})).isfinite().all().item<bool>());
    }
};

QTEST_GUILESS_MAIN(TestActivationGoldens)
#include "tst_activation_goldens.moc"
