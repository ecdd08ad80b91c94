// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/tasks/task.h"

using namespace quantarium;

class TestClassification : public QObject {
    Q_OBJECT
private slots:
    void countsTopOneAndTopFive();
    void weighsTheLossBySamples();
    void givesNothingForNoData();
    void squaredHingeMatchesHandComputation();
    void restoresSumsExactly();
};

namespace {

std::unique_ptr<tasks::Task> makeTask(const Json& options) {
    const auto& entry = tasks::builtinTasks().at("classification", "test");
    return entry.make(10, Options::validated(entry.schema.options, options, "test"));
}

/// Sample i has its logits descending by class, so class k has rank k.
torch::Tensor descending(std::int64_t samples) {
    return -torch::arange(10, torch::kFloat32).repeat({samples, 1});
}

} // namespace

void TestClassification::countsTopOneAndTopFive() {
    const auto sum = makeTask({})->newSum();
    sum->add(descending(4), torch::tensor({0, 4, 5, 0}, torch::kInt64), 1.0);
    const auto values = sum->values();
    QCOMPARE(values.at("top1"), 50.0);
    QCOMPARE(values.at("top5"), 75.0);
}

void TestClassification::weighsTheLossBySamples() {
    const auto sum = makeTask({})->newSum();
    sum->add(descending(3), torch::zeros({3}, torch::kInt64), 1.0);
    sum->add(descending(1), torch::zeros({1}, torch::kInt64), 5.0);
    QCOMPARE(sum->values().at("loss"), 2.0);
}

void TestClassification::givesNothingForNoData() {
    QVERIFY(std::isnan(makeTask({})->newSum()->values().at("top1")));
}

void TestClassification::squaredHingeMatchesHandComputation() {
    // Targets ±1; class 0 is true: (1-2)+ = 0, others 1 + (-0.5) = 0.5 and 1 + 3 = 4: mean(0, 0.25, 16)
    const auto loss = makeTask({{"loss", "squared-hinge"}})
                          ->loss(torch::tensor({{2.0F, -0.5F, 3.0F}}), torch::zeros({1}, torch::kInt64));
    QVERIFY(std::abs(loss.item<double>() - 16.25 / 3.0) < 1e-6);
}

void TestClassification::restoresSumsExactly() {
    const auto task = makeTask({});
    const auto sum = task->newSum();
    sum->add(descending(7), torch::tensor({0, 4, 5, 0, 1, 2, 9}, torch::kInt64), 0.1);
    const auto copy = task->newSum();
    copy->load(sum->save());
    QVERIFY(copy->values() == sum->values());
}

QTEST_GUILESS_MAIN(TestClassification)
#include "tst_classification.moc"
