// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/quant/conv_expanded.h"
#include "core/quant/value_space.h"
#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

/// The search by composed weights against paper B's Figure 3, where every value has a convolution of its own.
class TestExpandedConvolution : public QObject {
    Q_OBJECT

private slots:
    void convolutionGolden() { // X, choices [[+1, −1], [−1, +1]], valid
        const auto input =
            torch::tensor({1.0, 2.0, 0.0, 0.0, 1.0, 3.0, 2.0, 1.0, 1.0}, torch::kFloat64).view({1, 1, 3, 3});
        auto layer = attach("rdhs", 1, torch::zeros({1, 1, 2, 2}, torch::kFloat64));
        layer.setLogits(
            torch::tensor({0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0}, torch::kFloat64).view({2, 1, 1, 2, 2}));
        QVERIFY_SAME(difference(torch::conv2d(input, layer.weight()).view({-1}),
                                torch::tensor({0.0, 4.0, -2.0, -2.0}, torch::kFloat64), 1e-12));
    }

    /// The path-expanded convolution equals the composed one in values and gradients.
    void expandedConvolutionIsComposed_data() {
        QTest::addColumn<int>("stride");
        QTest::addColumn<int>("padding");
        QTest::newRow("stride 1") << 1 << 1;
        QTest::newRow("stride 2") << 2 << 0;
    }

    void expandedConvolutionIsComposed() {
        QFETCH(int, stride);
        QFETCH(int, padding);
        const auto values = torch::tensor(ValueSpace::published(3).values()).to(torch::kFloat64);
        const auto choice = randomTensor({8, 4, 3, 3, 3}, 1, torch::kFloat64).argmax(0);
        const auto paths = torch::one_hot(choice, 8).movedim(-1, 0).to(torch::kFloat64);
        torch::Tensor results[2][3];
        for (const bool expanded : {false, true}) {
            auto input = randomTensor({2, 3, 8, 8}, 2, torch::kFloat64).requires_grad_();
            auto trained = paths.clone().requires_grad_();
            const auto output = expanded ? convExpanded(input, trained, values, stride, padding)
                                         : convComposed(input, trained, values, stride, padding);
            (output * randomTensor(output.sizes(), 3, torch::kFloat64)).sum().backward();
            results[expanded][0] = output.detach();
            results[expanded][1] = input.grad();
            results[expanded][2] = trained.grad();
        }
        for (int i = 0; i < 3; ++i)
            QVERIFY_SAME(difference(results[1][i], results[0][i], 1e-9));
    }
};

QTEST_GUILESS_MAIN(TestExpandedConvolution)
#include "tst_expanded_convolution.moc"
