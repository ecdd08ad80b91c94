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

void addMethods() {
    QTest::addColumn<QString>("method");
    QTest::addColumn<int>("bits");
    for (const auto& method : builtinActivationMethods().entries())
        for (std::int64_t bits = method.minimumBits; bits <= method.maximumBits; ++bits)
            QTest::addRow("%s, %d bits", method.schema.id.c_str(), int(bits))
                << QString::fromStdString(method.schema.id) << int(bits);
}

} // namespace

/// Activation quantizers: the contract over the registry.
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
        // Behind a ReLU, and with values of both signs.
        for (const auto& values : {input.clamp_min(0), input}) {
            if (entry.needsNegative && !values.lt(0).any().item<bool>()) continue;
            const auto other = attachActivation(method.toStdString(), bits);
            const auto output = other->before(values);
            QCOMPARE(output.sizes().vec(), input.sizes().vec());
            const auto levels = std::get<0>(torch::_unique(output)).numel();
            QVERIFY2(levels >= 2, qPrintable(QString::number(levels)));
            QVERIFY(levels <=
                    entry.levels(bits, Options::validated(entry.schema.options, Json::object(), "test")));
        }
        quantizer->before(input);
        QVERIFY_SAME(bitDifference(input, kept)); // never in place
        // Evaluation is deterministic and changes nothing.
        quantizer->setMode(Mode::Eval);
        const auto first = quantizer->before(input);
        QVERIFY_SAME(bitDifference(quantizer->before(input), first));
        // Its output depends on values alone, not on their layout in memory.
        QVERIFY_SAME(bitDifference(
            quantizer->before(input.contiguous(torch::MemoryFormat::ChannelsLast)).contiguous(), first));
        // The next convolution would have to turn another layout round again.
        QVERIFY(quantizer->before(input.contiguous(torch::MemoryFormat::ChannelsLast))
                    .is_contiguous(torch::MemoryFormat::ChannelsLast));
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

    void doublePrecisionAgrees_data() { addMethods(); }
    /// The vectorized loops (float32) against ATen's operations (float64): values and every gradient.
    void doublePrecisionAgrees() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        const auto g = randomTensor({8, 4, 6, 5}, 4);
        const auto pass = [&](torch::ScalarType type) {
            const auto quantizer = attachActivation(method.toStdString(), bits);
            quantizer->before(randomTensor({8, 4, 6, 5}, 2) * 3); // both start from the same batch
            auto x = (randomTensor({8, 4, 6, 5}, 3) * 2).to(type).requires_grad_();
            const auto y = quantizer->before(x);
            y.backward(g.to(type));
            std::vector<torch::Tensor> all{y.detach(), x.grad()};
            for (const auto& group : quantizer->parameterGroups())
                all.push_back(group.tensors.at(0).grad());
            for (auto& tensor : all)
                tensor = tensor.to(torch::kFloat64);
            return all;
        };
        const auto loops = pass(torch::kFloat32);
        const auto exact = pass(torch::kFloat64);
        for (std::size_t i = 0; i < exact.size(); ++i) {
            const double scale = std::max(1.0, exact[i].abs().max().item<double>());
            // L = ln(2/α − 1) and α's own gradient lose digits where intervals are many
            const double tolerance = method == "dsq" && i > 0 ? 1e-3 : 2e-5;
            QVERIFY_SAME(difference(loops[i], exact[i], tolerance * scale));
        }
    }

    void halfPrecisionIsQuantizedInFloat_data() { addMethods(); }
    void halfPrecisionIsQuantizedInFloat() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        auto given = randomTensor({8, 4, 5, 5}, 3) * 2;
        given.view({-1}).slice(0, 0, 2).copy_(torch::tensor({0.0, -0.0}));
        const auto x = given.to(torch::kBFloat16);
        const auto g = randomTensor({8, 4, 5, 5}, 4).to(torch::kBFloat16);
        const auto half = attachActivation(method.toStdString(), bits);
        const auto full = attachActivation(method.toStdString(), bits);
        auto one = x.clone().requires_grad_();
        auto two = x.to(torch::kFloat32).requires_grad_();
        const auto output = half->before(one);
        const auto expected = full->before(two);
        QVERIFY(output.scalar_type() == torch::kBFloat16);
        QVERIFY_SAME(bitDifference(output, expected.to(torch::kBFloat16)));
        output.backward(g);
        expected.backward(g.to(torch::kFloat32));
        QVERIFY_SAME(bitDifference(one.grad(), two.grad().to(torch::kBFloat16)));
        const auto groups = half->parameterGroups();
        for (std::size_t i = 0; i < groups.size(); ++i)
            QVERIFY_SAME(bitDifference(groups[i].tensors.at(0).grad(),
                                       full->parameterGroups()[i].tensors.at(0).grad()));
    }

    void whatIsNoNumberIsSeen_data() { addMethods(); }
    void whatIsNoNumberIsSeen() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        const auto quantizer = attachActivation(method.toStdString(), bits);
        const auto x = randomTensor({8, 4, 5, 5}, 3);
        quantizer->before(x);
        auto broken = x.clone();
        broken.view({-1})[7] = std::nan("");
        QVERIFY(quantizer->before(broken).isnan().any().item<bool>());
    }

    /// Before any training the batch at hand stands for the first one, and nothing of it stays.
    void evaluationBeforeTrainingChangesNothing_data() { addMethods(); }
    void evaluationBeforeTrainingChangesNothing() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        const auto one = attachActivation(method.toStdString(), bits);
        const auto two = attachActivation(method.toStdString(), bits);
        const auto input = randomTensor({8, 4, 5, 5}, 3);
        one->setMode(Mode::Eval);
        const auto evaluated = one->before(input * 100);
        QVERIFY(std::get<0>(torch::_unique(evaluated)).numel() >= 2);
        one->setMode(Mode::Train);
        QVERIFY_SAME(bitDifference(one->before(input), two->before(input)));
    }
};

QTEST_GUILESS_MAIN(TestActivations)
#include "tst_activations.moc"
