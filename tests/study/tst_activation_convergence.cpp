// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <optional>

#include "core/train/registries.h"
#include "tests/study/convergence.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

constexpr Band kBands[] = {
    {"dorefa", 4, "{}", kRate, -42,
     "clips to [0, 1], which the float network exceeds by far; published from scratch"},
    {"dorefa", 4, R"({"gradient_bits": 6})", kRate, -42, "the same, with gradients of 6 bits"},
    {"pact", 4, "{}", kRate, kNoise, "16 values under a trained clip"},
    {"lsq", 4, "{}", kRate, kNoise, "16 values with a trained step"},
    {"dsq", 4, "{}", kRate, kNoise, "16 values, soft gradient"},
    {"apot", 4, "{}", kRate, kNoise, "16 sums of powers of two"},
    {"lq", 2, "{}", kRate, -12, "four values, found by a moving average"},
    {"abc", 5, "{}", kSearchRate, -35,
     "the bases start at fixed shifts and learn slowly; less so at a high rate"},
    {"sparse", 2, "{}", kRate, -11, "four values, six of ten zero"},
    {"qnn", 4, "{}", kRate, kNoise, "16 values"},
    {"qnn", 4, R"({"rule": "log"})", kRate, -9, "powers of two: coarse where inputs are large"},
    {"ristretto", 8, "{}", kRate, kNoise, "8 bits are float but for rounding"},
    {"minmax", 8, "{}", kRate, kNoise, "8 bits are float but for rounding"},
};

constexpr Band kSign{"sign", 1, "{}", kRate, -20, "one bit of each input is left"};

} // namespace

/// The same as for weights, for what quantizes the layers' inputs: the weights stay float.
class TestActivationConvergence : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        m_convergence.emplace();
        QVERIFY2(m_convergence->floatTop1() > 70, qPrintable(QString::number(m_convergence->floatTop1())));
    }

    void reachesItsBand_data() { addBands(kBands); }
    void reachesItsBand() {
        QFETCH(int, row);
        check(*m_convergence, kBands[row], "run-" + std::to_string(row));
    }

    /// The sign needs inputs on both sides of 0: a network with hardtanh.
    void signReachesItsBand() { check(Convergence("hardtanh"), kSign, "sign"); }

    /// No method of the registry is left out.
    void coversTheRegistry() {
        for (const auto& id : train::Registries::builtin().activations.ids())
            QVERIFY2(id == kSign.method || std::any_of(std::begin(kBands), std::end(kBands),
                                                       [&](const Band& band) { return id == band.method; }),
                     id.c_str());
    }

private:
    static void check(const Convergence& convergence, const Band& band, const std::string& name) {
        auto config = convergence.fromFloat(band.rate);
        config.activations.method = band.method;
        config.activations.bits = band.bits;
        config.activations.options = Json::parse(band.options);
        const auto problem = outsideOf(band, convergence.trained(name, config), convergence.floatTop1());
        QVERIFY2(problem.empty(), problem.c_str());
    }

    std::optional<Convergence> m_convergence;
};

QTEST_GUILESS_MAIN(TestActivationConvergence)
#include "tst_activation_convergence.moc"
