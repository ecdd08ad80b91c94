// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>
#include <numeric>
#include <set>

#include "core/base/random.h"

using namespace quantarium;

class TestRandom : public QObject {
    Q_OBJECT
private slots:
    void matchesTheReferenceGenerator();
    void streamsAreTheirOwn();
    void belowIsUniform();
    void normalHasItsMoments();
    void shuffleKeepsEveryElement();
};

void TestRandom::matchesTheReferenceGenerator() {
    // splitmix64 from 0 gives e220a8397b1dcdaf 6e789e6aa1b965f4 06c45d188009454f f88bb8a8724c81ec (Vigna's
    // splitmix64.c); xoshiro256** from that state begins with rotl(s1 * 5, 7) * 9.
    RandomStream random(0);
    const std::uint64_t s1 = 0x6e789e6aa1b965f4ULL;
    const std::uint64_t product = s1 * 5;
    QCOMPARE(random.next(), ((product << 7) | (product >> 57)) * 9);
}

void TestRandom::streamsAreTheirOwn() {
    std::set<std::uint64_t> seeds;
    for (const auto name : {streams::kDataOrder, streams::kAugmentation, streams::kInitialization,
                            streams::kSampling, streams::kSplit})
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            seeds.insert(deriveSeed(seed, name));
            for (std::uint64_t position = 0; position < 20; ++position)
                seeds.insert(deriveSeed(seed, name, position));
        }
    QCOMPARE(seeds.size(), std::size_t{5 * 20 * 21});
    QCOMPARE(deriveSeed(3, "x", 4), deriveSeed(3, "x", 4));
}

void TestRandom::belowIsUniform() {
    RandomStream random(11);
    std::vector<double> counts(7, 0);
    constexpr int kDraws = 70000;
    for (int i = 0; i < kDraws; ++i)
        counts[random.below(7)] += 1;
    double chiSquare = 0;
    for (const double count : counts)
        chiSquare += (count - kDraws / 7.0) * (count - kDraws / 7.0) / (kDraws / 7.0);
    QVERIFY2(chiSquare < 22.46, qPrintable(QString::number(chiSquare))); // 6 degrees of freedom, p = 0.001
}

void TestRandom::normalHasItsMoments() {
    RandomStream random(5);
    constexpr int kDraws = 100000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < kDraws; ++i) {
        const double value = random.normal();
        sum += value;
        squares += value * value;
    }
    QVERIFY(std::abs(sum / kDraws) < 5 / std::sqrt(kDraws));
    QVERIFY(std::abs(squares / kDraws - 1) < 5 * std::sqrt(2.0 / kDraws));
}

void TestRandom::shuffleKeepsEveryElement() {
    std::vector<int> values(100);
    std::iota(values.begin(), values.end(), 0);
    auto shuffled = values;
    RandomStream(3).shuffle(shuffled);
    QVERIFY(shuffled != values);
    std::sort(shuffled.begin(), shuffled.end());
    QVERIFY(shuffled == values);
}

QTEST_GUILESS_MAIN(TestRandom)
#include "tst_random.moc"
