// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <optional>

#include "tests/study/convergence.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

// For methods that three short epochs leave far below float: about a minute each.
constexpr Band kBands[] = {
    {"inq", 3, "{}", kRate, -10, "zero and four powers of two, to which half of the weights go at once"},
    {"rdhs", 1, "{}", kSearchRate, kNoise, "±1 only"},
    {"sgt", 1, "{}", kSearchRate, kNoise, "±1 only"},
    {"binaryconnect", 1, "{}", kRate, kNoise, "±1 only"},
    {"bwn", 1, "{}", kRate, kNoise, "one bit with a scale"},
    {"dsq", 2, "{}", kRate, kNoise, "four levels"},
    {"admm", 3, "{}", kRate, kNoise, "zero and six powers of two"},
    {"tsq", 2, "{}", kRate, -8, "solved, not trained"},
};

constexpr std::int64_t kEpochs = 10;

} // namespace

class TestLongConvergence : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_convergence.emplace(); }

    void reachesItsBand_data() { addBands(kBands); }
    void reachesItsBand() {
        QFETCH(int, row);
        const auto& band = kBands[row];
        auto config = m_convergence->fromFloat(band.rate);
        config.dataset.limit = 4000;
        config.training.epochs = kEpochs;
        config.weights.method = band.method;
        config.weights.bits = band.bits;
        config.weights.options = Json::parse(band.options);
        const auto top1 = m_convergence->trained("run-" + std::to_string(row), config);
        const auto problem = outsideOf(band, top1, m_convergence->floatTop1());
        QVERIFY2(problem.empty(), problem.c_str());
    }

private:
    std::optional<Convergence> m_convergence;
};

QTEST_GUILESS_MAIN(TestLongConvergence)
#include "tst_long_convergence.moc"
