// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/train/registries.h"
#include "core/train/training_step.h"

using namespace quantarium;

class TestSchedule : public QObject {
    Q_OBJECT
private slots:
    void hasTheseFactors_data();
    void hasTheseFactors();
    void beginsAnewAtRestarts();
};

namespace {

train::Schedule make(const QString& id, const QString& options) {
    const auto& entry = train::builtinSchedules().at(id.toStdString(), "test");
    return entry.make(Options::validated(entry.schema.options, Json::parse(options.toStdString()), "test"));
}

} // namespace

void TestSchedule::hasTheseFactors_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("options");
    QTest::addColumn<qint64>("step");
    QTest::addColumn<double>("factor");
    const auto row = [](const char* id, const char* options, qint64 step, double factor) {
        QTest::addRow("%s %s step %lld", id, options, step) << id << options << step << factor;
    };
    row("constant", "{}", 99, 1.0);
    row("cosine", "{}", 0, 1.0);
    row("cosine", "{}", 50, 0.5);
    row("cosine", R"({"final_factor": 0.2})", 50, 0.6);
    row("step", "{}", 49, 1.0);
    row("step", "{}", 50, 0.1);
    row("step", "{}", 75, 0.01);
    row("step", R"({"unit": "epochs", "milestones": [2, 7]})", 19, 1.0);
    row("step", R"({"unit": "epochs", "milestones": [2, 7]})", 20, 0.1);
    row("step", R"({"milestones": [0.2, 0.6], "factors": [0.5, 0.2]})", 59, 0.5);
    row("step", R"({"milestones": [0.2, 0.6], "factors": [0.5, 0.2]})", 60, 0.1);
    row("exponential", R"({"final_factor": 0.01})", 9, 1.0);
    row("exponential", R"({"final_factor": 0.01})", 10, std::pow(0.01, 0.1));
    row("exponential", R"({"final_factor": 0.01})", 99, std::pow(0.01, 0.9));
    row("one-cycle", R"({"peak": 0.5, "start_factor": 0.04})", 0, 0.04);
    row("one-cycle", "{}", 99, 4e-6);
    row("time-decay", R"({"decay": 0.01})", 100, 0.5);
}

void TestSchedule::hasTheseFactors() {
    QFETCH(QString, id);
    QFETCH(QString, options);
    QFETCH(qint64, step);
    QFETCH(double, factor);
    const double actual = make(id, options)({step, 100, 10});
    QVERIFY2(std::abs(actual - factor) < 1e-12, qPrintable(QString::number(actual, 'g', 17)));
}

void TestSchedule::beginsAnewAtRestarts() {
    const std::vector<std::int64_t> restarts{0, 2, 5};
    const auto first = train::schedulePoint(restarts, 9, 10, 19);
    QCOMPARE(first.step, 19);
    QCOMPARE(first.steps, 20);
    const auto second = train::schedulePoint(restarts, 9, 10, 20);
    QCOMPARE(second.step, 0);
    QCOMPARE(second.steps, 30);
    const auto last = train::schedulePoint(restarts, 9, 10, 89);
    QCOMPARE(last.step, 39);
    QCOMPARE(last.steps, 40);
}

QTEST_GUILESS_MAIN(TestSchedule)
#include "tst_schedule.moc"
