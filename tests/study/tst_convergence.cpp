// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <optional>

#include "core/train/registries.h"
#include "tests/study/convergence.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

constexpr Band kBands[] = {
    {"float", 32, "{}", kRate, kNoise, "goes on training"},
    {"inq", 5, "{}", kRate, kNoise, "16 powers of two are near float"},
    {"inq", 3, "{}", kRate, -12, "two thirds of normally distributed weights become 0"},
    {"rdhs", 1, "{}", kSearchRate, -9, "±1 only, 84 steps"},
    {"rdhs", 3, "{}", kSearchRate, -7, "no zero among the values, 84 steps"},
    {"sgt", 1, "{}", kSearchRate, -9, "±1 only, 84 steps"},
    {"sgt", 3, "{}", kSearchRate, -7, "no zero among the values, 84 steps"},
    {"binaryconnect", 1, "{}", kRate, -12, "±1 only; weights of 0.1 have far to go to ±1"},
    {"bwn", 1, "{}", kRate, -20, "one bit; the latent weights are centred"},
    {"twn", 2, "{}", kRate, kNoise, "ternary with a scale"},
    {"ttq", 2, "{}", kRate, kNoise, "ternary with two trained scales"},
    {"dorefa", 1, "{}", kRate, -8, "one bit with a scale and no clipping"},
    {"dorefa", 3, "{}", kRate, kNoise, "eight levels"},
    {"lq", 2, "{}", kRate, kNoise, "four learned levels a filter"},
    {"lab", 1, "{}", kRate, -8, "one bit with a scale"},
    {"lab", 2, "{}", kRate, kNoise, "ternary"},
    {"dsq", 2, "{}", kRate, -8, "four levels, soft at first"},
    {"abc", 3, "{}", kRate, kNoise, "three bases"},
    {"admm", 3, "{}", kRate, -35, "the penalty pulls the weights to their levels only after some epochs"},
    {"admm", 3, R"({"progressive": true})", kRate, -12, "retrains what is frozen in portions"},
    {"tsq", 2, "{}", kRate, -11, "solved, not trained"},
    {"qnn", 4, "{}", kRate, kNoise, "16 levels"},
    {"ristretto", 8, "{}", kRate, kNoise, "8 bits are float but for rounding"},
    {"ristretto", 4, "{}", kRate, kNoise, "16 levels"},
    {"lsq", 2, "{}", kRate, kNoise, "four levels with a trained step"},
    {"apot", 3, "{}", kRate, kNoise, "seven levels with a trained clip"},
    {"minmax", 4, "{}", kRate, kNoise, "15 levels"},
    {"integer", 8, "{}", kRate, kNoise, "8 bits are float but for rounding"},
    {"ptq", 8, "{}", kRate, kNoise, "8 bits are float but for rounding"},
    {"ptq", 4, R"({"rule": "mse"})", kRate, -8, "rounded, not trained"},
};

} // namespace

/// Each method, from one shared float network on the embedded data, reaches its band in a few seconds:
/// whoever breaks a gradient or a state sees it here.
class TestConvergence : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        m_convergence.emplace();
        QVERIFY2(m_convergence->floatTop1() > 70, qPrintable(QString::number(m_convergence->floatTop1())));
    }

    void reachesItsBand_data() { addBands(kBands); }
    void reachesItsBand() {
        QFETCH(int, row);
        const auto& band = kBands[row];
        auto config = m_convergence->fromFloat(band.rate);
        config.weights.method = band.method;
        config.weights.bits = band.bits;
        config.weights.options = Json::parse(band.options);
        const auto top1 = m_convergence->trained("run-" + std::to_string(row), config);
        const auto problem = outsideOf(band, top1, m_convergence->floatTop1());
        QVERIFY2(problem.empty(), problem.c_str());
    }

    /// No method of the registry is left out.
    void coversTheRegistry() {
        for (const auto& id : train::Registries::builtin().methods.ids())
            QVERIFY2(std::any_of(std::begin(kBands), std::end(kBands),
                                 [&](const Band& band) { return id == band.method; }),
                     id.c_str());
    }

private:
    std::optional<Convergence> m_convergence;
};

QTEST_GUILESS_MAIN(TestConvergence)
#include "tst_convergence.moc"
