// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include "core/store/statistics.h"

using namespace quantarium::store;

namespace {

bool near(double actual, double expected, double tolerance) {
    return std::fabs(actual - expected) <= tolerance;
}

} // namespace

class TestStatistics : public QObject {
    Q_OBJECT

private slots:
    /// Published tables have four to five digits; the closed forms for 1 and 2 degrees of freedom are exact.
    void matchesTables_data() {
        QTest::addColumn<double>("probability");
        QTest::addColumn<double>("degrees");
        QTest::addColumn<double>("expected");
        QTest::addColumn<double>("tolerance");
        const double table[][3] = {{0.975, 1, 12.7062},   {0.975, 2, 4.30265},   {0.975, 3, 3.18245},
                                   {0.975, 4, 2.77645},   {0.975, 5, 2.57058},   {0.975, 9, 2.26216},
                                   {0.975, 10, 2.22814},  {0.975, 29, 2.04523},  {0.975, 30, 2.04227},
                                   {0.975, 120, 1.97993}, {0.975, 1e7, 1.95996}, {0.95, 7, 1.89458},
                                   {0.995, 4, 4.60409},   {0.9995, 6, 5.95882},  {0.9, 15, 1.34061}};
        for (const auto& row : table)
            QTest::addRow("p %g df %g", row[0], row[1]) << row[0] << row[1] << row[2] << 6e-5;
        for (const double p : {0.6, 0.975, 0.9999, 0.02}) {
            QTest::addRow("1 df, p %g", p)
                << p << 1.0 << std::tan(M_PI * (p - 0.5)) << 1e-9 * std::fabs(std::tan(M_PI * (p - 0.5)));
            const double a = 4 * p * (1 - p);
            const double t = 2 * (p - 0.5) * std::sqrt(2 / a);
            QTest::addRow("2 df, p %g", p) << p << 2.0 << t << 1e-10 * std::fabs(t);
        }
    }
    void matchesTables() {
        QFETCH(double, probability);
        QFETCH(double, degrees);
        QFETCH(double, expected);
        QFETCH(double, tolerance);
        const double actual = studentQuantile(probability, degrees);
        QVERIFY2(near(actual, expected, tolerance), qPrintable(QString::number(actual, 'g', 12)));
        QVERIFY(near(studentCdf(actual, degrees), probability, 1e-11));
    }

    void isSymmetric() {
        for (const double degrees : {0.7, 1.0, 2.5, 13.0}) {
            QVERIFY(near(studentQuantile(0.1, degrees), -studentQuantile(0.9, degrees), 1e-9));
            QVERIFY(near(studentCdf(-1.3, degrees) + studentCdf(1.3, degrees), 1, 1e-14));
        }
        QCOMPARE(studentQuantile(0.5, 3), 0.0);
        QCOMPARE(studentCdf(0, 3), 0.5);
    }

    void summarizes() {
        QVERIFY(!summarize({}));
        QVERIFY(!summarize({4.0})->deviation);
        QCOMPARE(summarize({4.0})->mean, 4.0);
        const auto summary = summarize({2, 4, 4, 4, 5, 5, 7, 9});
        QVERIFY(near(summary->mean, 5, 1e-14));
        QVERIFY(near(*summary->deviation, std::sqrt(32.0 / 7), 1e-14));
        QCOMPARE(summary->count, 8u);
    }

    /// Mean −0.5, s = 0.5, n = 3, t(0.975; 2) = 4.302653: −0.5 ± 1.242069.
    void pairs() {
        QVERIFY(!pairedInterval({1.0}));
        const auto interval = pairedInterval({-1.0, -0.5, 0.0});
        QVERIFY(near(interval->low, -1.7420687, 1e-6));
        QVERIFY(near(interval->high, 0.7420687, 1e-6));
        QVERIFY(interval->contains(0));
        QVERIFY(!pairedInterval({1.0, 1.1, 0.9})->contains(0));
    }

    /// By hand: u = 4/4, v = 1/3, degrees = (4/3)² / (1/3 + (1/9)/2) = 32/7, difference 3; t from integrating
    /// the density.
    void welches() {
        QVERIFY(!welchInterval({1.0}, {1.0, 2.0}));
        const std::vector<double> a{10 - std::sqrt(6.0), 10, 10, 10 + std::sqrt(6.0)}; // mean 10, variance 4
        const std::vector<double> b{6, 7, 8};                                          // mean 7, variance 1
        const auto interval = welchInterval(a, b);
        const double half = (interval->high - interval->low) / 2;
        QVERIFY(near((interval->high + interval->low) / 2, 3, 1e-12));
        QVERIFY(near(integral(half / std::sqrt(4.0 / 3), 32.0 / 7), 0.475, 1e-7));
        QVERIFY(welchInterval({1, 1}, {1, 1})->contains(0));
        QVERIFY(!welchInterval({1, 1}, {2, 2})->contains(0));
    }

private:
    /// Simpson's rule over Student's density from 0 to t: a way independent of the continued fraction.
    static double integral(double t, double degrees) {
        const double scale =
            std::exp(std::lgamma((degrees + 1) / 2) - std::lgamma(degrees / 2)) / std::sqrt(degrees * M_PI);
        const auto density = [&](double x) {
            return scale * std::pow(1 + x * x / degrees, -(degrees + 1) / 2);
        };
        constexpr int kParts = 2000;
        double sum = density(0) + density(t);
        for (int i = 1; i < kParts; ++i)
            sum += density(t * i / kParts) * (i % 2 == 1 ? 4 : 2);
        return sum * t / kParts / 3;
    }
};

QTEST_GUILESS_MAIN(TestStatistics)
#include "tst_statistics.moc"
