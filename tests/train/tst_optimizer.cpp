// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/train/optimizer.h"
#include "tests/support/compare.h"

using namespace quantarium;
using quantarium::testing::bitDifference;
using quantarium::testing::difference;

class TestOptimizer : public QObject {
    Q_OBJECT
private slots:
    void sgdFollowsItsFormula();
    void groupsKeepTheirOwnDecayAndRate();
    void skipsParametersWithoutGradient();
    void continuesWithTheSameBits_data();
    void continuesWithTheSameBits();
    void forgetsItsState();
};

namespace {

std::unique_ptr<train::Optimizer> make(const std::string& id, std::vector<quant::ParameterGroup> groups,
                                       const Json& options) {
    const auto& entry = train::builtinOptimizers().at(id, "test");
    return entry.make(std::move(groups), Options::validated(entry.schema.options, options, "test"));
}

torch::Tensor parameter(std::vector<float> values) {
    return torch::tensor(values).set_requires_grad(true);
}

void setGradient(torch::Tensor& parameter, const torch::Tensor& gradient) {
    parameter.mutable_grad() = gradient;
}

} // namespace

void TestOptimizer::sgdFollowsItsFormula() {
    auto w = parameter({0.3F});
    auto optimizer =
        make("sgd", {{{w}, std::nullopt, 1.0}}, {{"lr", 0.1}, {"momentum", 0.9}, {"weight_decay", 0.01}});
    setGradient(w, torch::tensor({0.5F}));
    optimizer->step();
    QVERIFY_SAME(
        difference(w, torch::tensor({0.2497}), 1e-6)); // goldens.json, INQ masked_sgd, the free weight
    setGradient(w, torch::tensor({-0.2F}));
    optimizer->step();
    QVERIFY_SAME(difference(w, torch::tensor({0.2241803}), 1e-6));
}

void TestOptimizer::groupsKeepTheirOwnDecayAndRate() {
    auto a = parameter({1.0F});
    auto b = parameter({1.0F});
    auto optimizer = make("sgd", {{{a}, std::nullopt, 1.0}, {{b}, 0.0, 10.0}},
                          {{"lr", 0.1}, {"momentum", 0.0}, {"weight_decay", 0.5}});
    optimizer->setLearningRate(0.5);
    setGradient(a, torch::tensor({0.0F}));
    setGradient(b, torch::tensor({1.0F}));
    optimizer->step();
    QVERIFY_SAME(difference(a, torch::tensor({1.0 - 0.05 * 0.5}), 1e-6));
    QVERIFY_SAME(difference(b, torch::tensor({1.0 - 0.5}), 1e-6));
    QCOMPARE(optimizer->learningRate(), 0.05);
}

void TestOptimizer::skipsParametersWithoutGradient() {
    auto w = parameter({1.0F});
    auto optimizer = make("sgd", {{{w}, std::nullopt, 1.0}}, {{"weight_decay", 0.5}});
    setGradient(w, torch::tensor({1.0F}));
    optimizer->zeroGradients();
    optimizer->step();
    QVERIFY_SAME(bitDifference(w, torch::tensor({1.0F})));
}

void TestOptimizer::continuesWithTheSameBits_data() {
    QTest::addColumn<QString>("id");
    QTest::newRow("sgd") << "sgd";
    QTest::newRow("adam") << "adam";
}

void TestOptimizer::continuesWithTheSameBits() {
    QFETCH(QString, id);
    auto original = parameter({0.3F, -0.7F});
    auto optimizer = make(id.toStdString(), {{{original}, std::nullopt, 1.0}}, Json::object());
    for (int i = 0; i < 3; ++i) {
        setGradient(original, torch::tensor({0.1F * static_cast<float>(i + 1), -0.2F}));
        optimizer->step();
    }
    torch::OrderedDict<std::string, torch::Tensor> tensors;
    Json numbers = Json::object();
    optimizer->save(tensors, numbers);
    auto copy = original.detach().clone().set_requires_grad(true);
    auto second = make(id.toStdString(), {{{copy}, std::nullopt, 1.0}}, Json::object());
    second->load(tensors, parseJson(dumpJson(numbers), "test"));
    for (auto* pair : {&original, &copy})
        setGradient(*pair, torch::tensor({0.05F, 0.4F}));
    optimizer->step();
    second->step();
    QVERIFY_SAME(bitDifference(copy, original));
}

void TestOptimizer::forgetsItsState() {
    auto w = parameter({1.0F});
    auto optimizer = make("sgd", {{{w}, std::nullopt, 1.0}}, {{"lr", 0.1}, {"weight_decay", 0.0}});
    setGradient(w, torch::tensor({1.0F}));
    optimizer->step();
    optimizer->resetState();
    setGradient(w, torch::tensor({0.0F}));
    optimizer->step();
    QVERIFY_SAME(difference(w, torch::tensor({0.9}), 1e-6)); // no momentum left to move it
}

QTEST_GUILESS_MAIN(TestOptimizer)
#include "tst_optimizer.moc"
