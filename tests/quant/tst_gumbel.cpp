// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "core/quant/gumbel.h"

using namespace quantarium::quant;

namespace {

constexpr std::size_t kSamples = 200000;
constexpr double kSmallestPValue =
    0.001; // a right sampler fails a row with this probability; the seeds are fixed

std::vector<double> logs(const std::vector<double>& alpha) {
    std::vector<double> logits;
    for (const double a : alpha)
        logits.push_back(std::log(a));
    return logits;
}

std::vector<std::size_t> histogram(const GumbelSamples& samples, std::size_t size) {
    std::vector<std::size_t> counts(size, 0);
    for (const auto k : samples.chosen)
        ++counts[k];
    return counts;
}

double moment(const std::vector<double>& values, double about, int power) {
    double sum = 0;
    for (const double v : values)
        sum += std::pow(v - about, power);
    return sum / static_cast<double>(values.size());
}

bool near(double actual, double expected, double tolerance) {
    return std::abs(actual - expected) <= tolerance;
}

} // namespace

class TestGumbel : public QObject {
    Q_OBJECT

private slots:
    /// α = (.1, .6, .3).
    void categorical_data() {
        QTest::addColumn<double>("mu");
        QTest::addColumn<QList<double>>("p");
        QTest::addColumn<double>("h");
        QTest::addColumn<double>("maximum");
        QTest::newRow("0.1") << 0.1
                             << QList<double>{1.6522036613295832e-08, 0.9990243737379848,
                                              0.0009756097399785017}
                             << 0.0077388099361770145 << -0.4530064470263282;
        QTest::newRow("0.5") << 0.5
                             << QList<double>{0.02173913043478262, 0.7826086956521738, 0.19565217391304351}
                             << 0.5942565490880966 << -0.09965656229873171;
        QTest::newRow("1") << 1.0 << QList<double>{0.1, 0.6, 0.3} << 0.8979457248567799 << 0.5772156649015329;
        QTest::newRow("2") << 2.0
                           << QList<double>{0.19299279630882285, 0.4727338749895047, 0.3342733287016724}
                           << 1.0379713237871082 << 2.142051068006204;
        QTest::newRow("10") << 10.0
                            << QList<double>{0.3019000648559689, 0.36114227651594555, 0.3369576586280856}
                            << 1.0959326356218018 << 15.44616383045497;
    }

    void categorical() {
        QFETCH(double, mu);
        QFETCH(QList<double>, p);
        QFETCH(double, h);
        QFETCH(double, maximum);
        const auto logits = logs({0.1, 0.6, 0.3});
        const auto probabilities = argmaxProbabilities(logits, mu);
        for (int k = 0; k < 3; ++k)
            QVERIFY(near(probabilities[k], p[k], 1e-12));
        QVERIFY(near(entropy(probabilities), h, 1e-12));
        QVERIFY(near(expectedMaximum(logits, mu), maximum, 1e-12));
    }

    void withoutNoise() {
        QCOMPARE(argmaxProbabilities({1, 3, 3, 2}, 0), (std::vector<double>{0, 1, 0, 0}));
        QCOMPARE(expectedMaximum({1, 3, 2}, 0), 3.0);
        const auto samples = sampleGumbel({1, 3, 2}, 0, 1, 20, 5);
        QVERIFY(std::all_of(samples.chosen.begin(), samples.chosen.end(), [](auto k) { return k == 1; }));
        QCOMPARE(samples.largest.front(), 3.0);
    }

    /// E[y_1] for ρ = 3; the reference's quadrature is good to 4e-9.
    void binaryMean_data() {
        QTest::addColumn<double>("lambda");
        QTest::addColumn<double>("mean");
        QTest::newRow("0.01") << 0.01 << 0.7499845809622868;
        QTest::newRow("0.1") << 0.1 << 0.74847963052394;
        QTest::newRow("0.5") << 0.5 << 0.7207590935294844;
        QTest::newRow("1") << 1.0 << 0.6760407835016955;
        QTest::newRow("2") << 2.0 << 0.6159024241146428;
        QTest::newRow("10") << 10.0 << 0.5272176792603086;
    }

    void binaryMean() {
        QFETCH(double, lambda);
        QFETCH(double, mean);
        const double value = binarySoftmaxMean(1.0986122886681098, lambda);
        QVERIFY2(near(value, mean, 5e-9), qPrintable(QString::number(value, 'g', 15)));
    }

    void binaryMeanAtLambdaOne() { // closed form ρ/(ρ−1) − ρ ln ρ/(ρ−1)²
        QVERIFY(near(binarySoftmaxMean(std::log(3.0), 1), 0.6760407834989177, 1e-11));
    }

    void binaryCdfAndDensity() {
        QVERIFY(near(binarySoftmaxCdf(0.8, std::log(3.0), 0.7), 0.46799227118011016, 1e-14));
        for (const double y : {0.1, 0.5, 0.8}) {
            const double slope =
                (binarySoftmaxCdf(y + 1e-6, 0.4, 0.7) - binarySoftmaxCdf(y - 1e-6, 0.4, 0.7)) / 2e-6;
            QVERIFY(near(binarySoftmaxDensity(y, 0.4, 0.7), slope, 1e-8));
        }
    }

    void noiseHasTheLaw() {
        const auto noise = gumbelNoise(kSamples, 11);
        const double mean = std::accumulate(noise.begin(), noise.end(), 0.0) / kSamples;
        const double variance = moment(noise, mean, 2);
        QVERIFY(near(mean, 0.5772157, 5 * std::sqrt(1.6449341 / kSamples)));
        QVERIFY(near(variance, 1.6449341, 0.03));
        QVERIFY(near(moment(noise, mean, 3) / std::pow(variance, 1.5), 1.1395471, 0.05));
        const auto fit = kolmogorovSmirnovTest(noise, [](double x) { return std::exp(-std::exp(-x)); });
        QVERIFY2(fit.pValue > kSmallestPValue, qPrintable(QString::number(fit.pValue)));
    }

    void samples_data() {
        QTest::addColumn<double>("mu");
        QTest::addColumn<double>("tau");
        for (const double mu : {0.1, 0.5, 1.0, 10.0})
            for (const double tau : {1.0, 10.0})
                QTest::addRow("mu %g tau %g", mu, tau) << mu << tau;
    }

    /// Choices by chi-square, log-ratios of every pair by KS, the maximum's mean within five standard errors,
    /// sums of 1.
    void samples() {
        QFETCH(double, mu);
        QFETCH(double, tau);
        const auto logits = logs({0.1, 0.6, 0.3});
        const auto drawn = sampleGumbel(logits, mu, tau, kSamples, 7);
        const auto choice = chiSquareTest(histogram(drawn, 3), argmaxProbabilities(logits, mu));
        QVERIFY2(choice.pValue > kSmallestPValue, qPrintable(QString::number(choice.pValue)));
        if (mu / tau < 5) { // beyond, the smaller y underflows
            const auto ratio = kolmogorovSmirnovTest(logRatios(drawn, logits, mu, tau, 0, 1), logisticCdf);
            QVERIFY2(ratio.pValue > kSmallestPValue, qPrintable(QString::number(ratio.pValue)));
            QVERIFY(ratio.statistic * std::sqrt(double(kSamples)) < 1.9495);
        }
        const double mean = std::accumulate(drawn.largest.begin(), drawn.largest.end(), 0.0) / kSamples;
        QVERIFY(near(mean, expectedMaximum(logits, mu), 5 * std::sqrt(varianceOfMaximum(mu) / kSamples)));
        for (std::size_t n = 0; n < 1000; ++n)
            QVERIFY(near(std::accumulate(drawn.soft[n].begin(), drawn.soft[n].end(), 0.0), 1, 1e-12));
    }

    void choicesDoNotDependOnTemperature() {
        const auto logits = logs({0.1, 0.2, 0.3, 0.25, 0.15});
        const auto cold = sampleGumbel(logits, 1, 0.1, 5000, 3);
        const auto hot = sampleGumbel(logits, 1, 10, 5000, 3);
        QCOMPARE(cold.chosen, hot.chosen);
        QVERIFY(sampleGumbel(logits, 1, 10, 5000, 4).chosen != hot.chosen);
    }

    void binarySamplesFollowTheCdf() {
        const std::vector<double> logits{std::log(3.0), 0.0};
        const auto drawn = sampleGumbel(logits, 2.0, 1.4, kSamples, 21); // λ = 0.7
        std::vector<double> first;
        for (const auto& y : drawn.soft)
            first.push_back(y[0]);
        const auto fit = kolmogorovSmirnovTest(
            first, [](double y) { return binarySoftmaxCdf(y, std::log(3.0) / 2, 0.7); });
        QVERIFY2(fit.pValue > kSmallestPValue, qPrintable(QString::number(fit.pValue)));
        const double mean = std::accumulate(first.begin(), first.end(), 0.0) / kSamples;
        QVERIFY(near(mean, binarySoftmaxMean(std::log(3.0) / 2, 0.7), 0.003));
    }

    void testsRejectAWrongLaw() {
        const auto logits = logs({0.1, 0.6, 0.3});
        const auto drawn = sampleGumbel(logits, 1, 1, kSamples, 7);
        QVERIFY(chiSquareTest(histogram(drawn, 3), {0.11, 0.59, 0.3}).pValue < 1e-6);
        QVERIFY(chiSquareTest({10, 5}, {1, 0}).pValue == 0);
        QVERIFY(kolmogorovSmirnovTest(logRatios(drawn, logits, 1, 1, 0, 1), [](double x) {
                    return logisticCdf(x * 1.05);
                }).pValue < 1e-3);
    }

    /// P-values of published tables: χ²(1) = 3.841 and χ²(10) = 18.307 at 5 %, Kolmogorov 1.3581 at 5
    /// %, 1.9495 at 0.1 %.
    void pValues() {
        QVERIFY(near(chiSquareTest({5980, 4020}, {0.6 - 0.0, 0.4}).pValue, 0.6831,
                     1e-3)); // (−20)²(1/6000 + 1/4000) = 1/6
        const double x = std::sqrt(3.841458820694124 * 10000 * 0.25);
        const auto shift = static_cast<std::size_t>(std::lround(x)); // ±98 of 5000: χ² = 3.8416
        QVERIFY(near(chiSquareTest({5000 + shift, 5000 - shift}, {0.5, 0.5}).pValue, 0.05, 1e-4));
        std::vector<double> even;
        for (int i = 0; i < 10000; ++i)
            even.push_back((i + 0.5) / 10000);
        const auto shifted = [](double by) { return [by](double y) { return y + by; }; };
        QVERIFY(near(kolmogorovSmirnovTest(even, shifted(0.0135 - 0.00005)).pValue, 0.0521, 1e-3));
        QVERIFY(near(kolmogorovSmirnovTest(even, shifted(0)).pValue, 1, 1e-12));
    }

    void refuses() {
        QVERIFY_THROWS_EXCEPTION(quantarium::Error, sampleGumbel({}, 1, 1, 1, 1));
        QVERIFY_THROWS_EXCEPTION(quantarium::Error, sampleGumbel({1, 2}, -1, 1, 1, 1));
        QVERIFY_THROWS_EXCEPTION(quantarium::Error, sampleGumbel({1, 2}, 1, 0, 1, 1));
        QVERIFY_THROWS_EXCEPTION(quantarium::Error, argmaxProbabilities({}, 1));
    }
};

QTEST_GUILESS_MAIN(TestGumbel)
#include "tst_gumbel.moc"
