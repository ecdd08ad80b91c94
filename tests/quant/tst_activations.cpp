// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include "core/base/error.h"
#include "core/quant/activation_methods.h"
#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

std::unique_ptr<ActivationQuantizer> attachActivation(const std::string& method, std::int64_t bits,
                                                      const Json& options = Json::object()) {
    const auto& entry = builtinActivationMethods().at(method, "test");
    ActivationArguments arguments;
    arguments.layer.name = "layer.weight";
    arguments.bits = bits;
    arguments.options = Options::validated(entry.schema.options, options, "test");
    auto quantizer = entry.make(arguments);
    quantizer->setMode(Mode::Train);
    return quantizer;
}

torch::Tensor row(const std::vector<double>& values) {
    return torch::tensor(values, torch::kFloat64).to(torch::kFloat32).view({1, -1});
}

void addMethods() {
    QTest::addColumn<QString>("method");
    QTest::addColumn<int>("bits");
    for (const auto& method : builtinActivationMethods().entries())
        for (std::int64_t bits = method.minimumBits; bits <= method.maximumBits; ++bits)
            QTest::addRow("%s, %d bits", method.schema.id.c_str(), int(bits))
                << QString::fromStdString(method.schema.id) << int(bits);
}

} // namespace

/// Activation quantizers: the contract over the registry, and each method's published numbers.
class TestActivations : public QObject {
    Q_OBJECT

private slots:
    void fewLevelsAndNothingElseChanges_data() { addMethods(); }
    void fewLevelsAndNothingElseChanges() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        const auto& entry = builtinActivationMethods().at(method.toStdString(), "test");
        const auto quantizer = attachActivation(method.toStdString(), bits);
        const auto input = randomTensor({8, 4, 5, 5}, 3) * 6; // some beyond every clipping level
        const auto kept = input.clone();
        const auto output = quantizer->before(input);
        QVERIFY_SAME(bitDifference(input, kept)); // never in place
        QCOMPARE(output.sizes().vec(), input.sizes().vec());
        const auto levels = std::get<0>(torch::_unique(output)).numel();
        QVERIFY(levels >= 2);
        QVERIFY(levels <=
                entry.levels(bits, Options::validated(entry.schema.options, Json::object(), "test")));
        // Evaluation is deterministic and changes nothing.
        quantizer->setMode(Mode::Eval);
        const auto first = quantizer->before(input);
        QVERIFY_SAME(bitDifference(quantizer->before(input), first));
        // Its output depends on values alone, not on their layout in memory.
        QVERIFY_SAME(bitDifference(
            quantizer->before(input.contiguous(torch::MemoryFormat::ChannelsLast)).contiguous(), first));
    }

    void gradientsReachInputAndTrainables_data() { addMethods(); }
    void gradientsReachInputAndTrainables() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        const auto quantizer = attachActivation(method.toStdString(), bits);
        auto input = (randomTensor({8, 4, 5, 5}, 3) * 6).requires_grad_(); // some beyond every clipping level
        const auto groups = quantizer->parameterGroups();
        const auto output = quantizer->after(quantizer->before(input));
        (output * randomTensor({8, 4, 5, 5}, 4)).sum().backward();
        QVERIFY(input.grad().isfinite().all().item<bool>() && input.grad().abs().sum().item<double>() > 0);
        for (const auto& group : groups)
            for (const auto& tensor : group.tensors)
                QVERIFY(tensor.grad().defined() && tensor.grad().isfinite().all().item<bool>());
    }

    void stateContinues_data() { addMethods(); }
    void stateContinues() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        const auto one = attachActivation(method.toStdString(), bits);
        const auto input = randomTensor({8, 4, 5, 5}, 3) * 2;
        one->after(one->before(input));
        torch::OrderedDict<std::string, torch::Tensor> tensors;
        one->save(tensors);
        const auto two = attachActivation(method.toStdString(), bits);
        two->load(tensors);
        one->setMode(Mode::Eval);
        two->setMode(Mode::Eval);
        QVERIFY_SAME(bitDifference(two->before(input), one->before(input)));
        for (const auto& item : tensors) {
            torch::OrderedDict<std::string, torch::Tensor> cut;
            for (const auto& other : tensors)
                if (other.key() != item.key()) cut.insert(other.key(), other.value());
            QVERIFY_EXCEPTION_THROWN(two->load(cut), Error);
        }
    }

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

QTEST_GUILESS_MAIN(TestActivations)
#include "tst_activations.moc"
