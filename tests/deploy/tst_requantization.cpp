// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <limits>
#include <random>

#include <QTest>

#include "core/deploy/fixed_point.h"

using namespace quantarium::deploy;

namespace {

constexpr auto kMost = std::numeric_limits<std::int32_t>::max();
constexpr auto kLeast = std::numeric_limits<std::int32_t>::min();

} // namespace

class TestRequantization : public QObject {
    Q_OBJECT

private slots:
    /// M = .0072474: M0 = 1992150143, shift 7; ±12345 -> ±89.
    void golden() {
        const auto factor = FixedPointFactor::of(.0072474);
        QCOMPARE(factor.mantissa, 1992150143);
        QCOMPARE(factor.shift, 7);
        QCOMPARE(factor.times(12345), 89);
        QCOMPARE(factor.times(-12345), -89);
    }

    void highProductRoundsHalvesUp() {
        QCOMPARE(doublingHighProduct(kLeast, kLeast), kMost);
        QCOMPARE(doublingHighProduct(kLeast, kMost), -kMost);
        QCOMPARE(doublingHighProduct(1 << 30, 1), 1);   // 1/2
        QCOMPARE(doublingHighProduct(1 << 30, -1), 0);  // −1/2
        QCOMPARE(doublingHighProduct(1 << 30, -3), -1); // −3/2
        QCOMPARE(doublingHighProduct(1 << 30, 5), 3);   // 5/2
        std::mt19937 random(1);
        std::uniform_int_distribution<std::int32_t> any(kLeast + 1, kMost);
        for (int i = 0; i < 100000; ++i) {
            const auto a = any(random);
            const auto b = any(random);
            const long double exact = static_cast<long double>(a) * b / 2147483648.0L; // 64 bits of mantissa
            QCOMPARE(std::int64_t{doublingHighProduct(a, b)}, std::int64_t(std::floor(exact + 0.5L)));
        }
    }

    void divisionRoundsHalvesAwayFromZero() {
        QCOMPARE(dividedByPowerOfTwo(5, 1), 3);
        QCOMPARE(dividedByPowerOfTwo(-5, 1), -3);
        QCOMPARE(dividedByPowerOfTwo(-4, 3), -1);
        QCOMPARE(dividedByPowerOfTwo(-3, 3), 0);
        QCOMPARE(dividedByPowerOfTwo(kLeast, 31), -1);
        QCOMPARE(dividedByPowerOfTwo(kMost, 31), 1);
        std::mt19937 random(2);
        std::uniform_int_distribution<std::int32_t> any(kLeast, kMost);
        for (int exponent = 0; exponent <= 31; ++exponent)
            for (int i = 0; i < 2000; ++i) {
                const auto x = any(random);
                QCOMPARE(std::int64_t{dividedByPowerOfTwo(x, exponent)},
                         std::int64_t(std::llroundl(std::ldexp(static_cast<long double>(x), -exponent))));
            }
    }

    void factorsAreWithinTheirPrecision_data() {
        QTest::addColumn<double>("real");
        for (const double real :
             {1.0, .5, .25, .9999999999, 1 - 0x1p-40, .0072474, 1e-6, 3e-9, 1.7, 12.0, 900.0})
            QTest::addRow("%g", real) << real;
    }

    /// The mantissa has 31 bits, and each of the two roundings errs by one half at most.
    void factorsAreWithinTheirPrecision() {
        QFETCH(double, real);
        const auto factor = FixedPointFactor::of(real);
        QVERIFY(factor.mantissa >= 1 << 30);
        const double means = std::ldexp(static_cast<double>(factor.mantissa), -31 - factor.shift);
        QVERIFY(std::abs(means / real - 1) <= 0x1p-31);
        std::mt19937 random(3);
        std::uniform_int_distribution<std::int32_t> any(-1000000, 1000000);
        for (int i = 0; i < 10000; ++i) {
            const auto x = any(random);
            QVERIFY(std::abs(factor.times(x) - x * real) <= 1 + std::abs(x * real) * 0x1p-31);
        }
        QCOMPARE(factor.times(0), 0);
    }

    void factorsAtTheEnds() {
        QCOMPARE(FixedPointFactor::of(0).times(kMost), 0);
        QCOMPARE(FixedPointFactor::of(1e-12).times(kMost), 0);    // less than one half
        QVERIFY(FixedPointFactor::of(4).times(kMost) >= 1 << 30); // doesn't wrap around
        QVERIFY(FixedPointFactor::of(4).times(kLeast) <= -(1 << 30));
        QCOMPARE(FixedPointFactor::of(1).times(123456789), 123456789);
    }
};

QTEST_GUILESS_MAIN(TestRequantization)
#include "tst_requantization.moc"
