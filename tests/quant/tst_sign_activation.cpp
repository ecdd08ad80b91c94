// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/quant/activation_methods.h"
#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

std::unique_ptr<ActivationQuantizer> signOf(const LayerContext& layer, const Json& options) {
    const auto& entry = builtinActivationMethods().at("sign", "test");
    ActivationArguments arguments;
    arguments.layer = layer;
    arguments.bits = 1;
    arguments.options = Options::validated(entry.schema.options, options, "test");
    auto quantizer = entry.make(arguments);
    quantizer->setMode(Mode::Train);
    return quantizer;
}

LayerContext convolution(std::vector<std::int64_t> shape, std::int64_t stride, std::int64_t padding) {
    LayerContext layer;
    layer.name = "conv.weight";
    layer.shape = std::move(shape);
    layer.stride = stride;
    layer.padding = padding;
    return layer;
}

torch::Tensor values(const std::vector<double>& list, torch::IntArrayRef shape) {
    return torch::tensor(list, torch::kFloat64).to(torch::kFloat32).view(shape);
}

} // namespace

/// Binary activations of BNN and XNOR-Net: the published numbers, gradients, chance.
class TestSignActivation : public QObject {
    Q_OBJECT

private slots:
    void publishedNumbers() {
        auto input = values({-1.2, -0.3, 0.0, 0.4, 1.0}, {1, 5}).requires_grad_();
        const auto output = signOf({}, Json::object())->before(input);
        QVERIFY_SAME(bitDifference(output, values({-1, -1, 1, 1, 1}, {1, 5})));
        output.sum().backward();
        QVERIFY_SAME(bitDifference(input.grad(), values({0, 1, 1, 1, 1}, {1, 5})));
    }

    void xnorScale() {
        const auto input = values({1, -2, 3, 0, -1, 4, 1, -2}, {1, 2, 2, 2});
        const auto weight = values({0.5, -0.5, 1, -1, -0.25, 0.25, 0.75, -0.75}, {1, 2, 2, 2});
        const auto layer = convolution({1, 2, 2, 2}, 1, 0);
        const auto scale = meanAbsoluteInput(input, layer);
        QCOMPARE(scale.sizes().vec(), (std::vector<std::int64_t>{1, 1, 1, 1}));
        QCOMPARE(scale.item<double>(), 1.75);
        const auto quantizer = signOf(layer, {{"scale", true}});
        const auto alpha = weight.abs().mean();
        const auto output =
            quantizer->after(torch::conv2d(quantizer->before(input), torch::sign(weight) * alpha));
        QCOMPARE(output.item<double>(), 6.5625); // 6 · 0.625 · 1.75
    }

    void scaleFollowsStrideAndPadding() {
        const auto layer = convolution({3, 2, 3, 3}, 2, 1);
        const auto input = randomTensor({2, 2, 5, 5}, 3);
        const auto scale = meanAbsoluteInput(input, layer);
        QCOMPARE(scale.sizes().vec(), (std::vector<std::int64_t>{2, 1, 3, 3}));
        // At the corner four of nine positions lie inside the image.
        const auto corner = input[1].abs().mean(0).slice(0, 0, 2).slice(1, 0, 2).sum() / 9;
        QVERIFY(std::abs(scale[1][0][0][0].item<double>() - corner.item<double>()) < 1e-6);
        // A linear layer has one position.
        LayerContext linear;
        linear.shape = {4, 6};
        const auto row = randomTensor({2, 6}, 4);
        QVERIFY_SAME(bitDifference(meanAbsoluteInput(row, linear), row.abs().mean(1, true)));
    }

    void chanceIsThePublishedOne() {
        const auto quantizer = signOf({}, {{"stochastic", true}});
        for (const double x : {-1.5, -0.4, 0.0, 0.5, 1.0}) {
            constexpr std::int64_t kCount = 40000;
            const auto drawn = quantizer->before(torch::full({1, kCount}, x));
            const double expected = std::clamp((x + 1) / 2, 0.0, 1.0);
            const double share = (drawn.mean().item<double>() + 1) / 2;
            const double error = 5 * std::sqrt(expected * (1 - expected) / kCount) + 1e-9;
            QVERIFY2(std::abs(share - expected) <= error, qPrintable(QString::number(share)));
        }
        // Another pass draws anew; evaluation takes the sign.
        const auto half = torch::zeros({1, 1000});
        QVERIFY(!bitDifference(quantizer->before(half), quantizer->before(half)).empty());
        quantizer->setMode(Mode::Eval);
        QVERIFY_SAME(bitDifference(quantizer->before(half), torch::ones({1, 1000})));
    }

    void savedStateGoesOnWithTheSameDraws() {
        const auto first = signOf({}, {{"stochastic", true}});
        const auto input = randomTensor({4, 50}, 5) * 0.5;
        first->before(input);
        torch::OrderedDict<std::string, torch::Tensor> state;
        first->save(state);
        const auto second = signOf({}, {{"stochastic", true}});
        second->load(state);
        QVERIFY_SAME(bitDifference(first->before(input), second->before(input)));
    }
};

QTEST_GUILESS_MAIN(TestSignActivation)
#include "tst_sign_activation.moc"
