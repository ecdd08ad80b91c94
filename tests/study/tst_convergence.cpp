// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/train/resolve.h"
#include "core/train/trainer.h"
#include "tests/support/compare.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

RunConfig base() {
    RunConfig config;
    config.dataset.id = "shapes10";
    config.dataset.limit = 4000;
    config.dataset.testLimit = 1000;
    config.network.id = "resnet20";
    config.training.batch = 64;
    config.machine.threads = 1;
    return config;
}

/// What a method must reach, in percentage points below or above the float network that it starts from, and
/// why no more.
struct Band {
    const char* method;
    std::int64_t bits;
    const char* options;
    double rate; ///< learning rate
    double lowest;
    const char* reason;
};

// 1,000 test images: one measurement has a standard deviation of about 1.2 points, a difference of two 1.7; a
// band of 5 is three of those. Wider ones have their reason.
constexpr double kNoise = -5.0;
constexpr double kSearchRate = 0.1; ///< as published for the search methods
constexpr double kRate = 0.02;

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
    {"apot", 3, "{}", kRate, kNoise, "eight levels with a trained clip"},
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
        auto config = base();
        config.training.epochs = 8;
        config.training.optimizer.options = {{"lr", 0.1}};
        config.training.schedule.id = "one-cycle";
        m_float = trained("float", config, {});
        QVERIFY2(m_float > 70, qPrintable(QString::number(m_float)));
    }

    void reachesItsBand_data() {
        QTest::addColumn<int>("row");
        for (int i = 0; i < static_cast<int>(std::size(kBands)); ++i)
            QTest::addRow("%s, %d bits %s", kBands[i].method, int(kBands[i].bits), kBands[i].options) << i;
    }
    void reachesItsBand() {
        QFETCH(int, row);
        const auto& band = kBands[row];
        auto config = base();
        config.dataset.limit = 2000;
        config.start.from = "run";
        config.start.path = "float";
        config.weights.method = band.method;
        config.weights.bits = band.bits;
        config.weights.options = Json::parse(band.options);
        config.training.epochs = 3;
        config.training.optimizer.options = {{"lr", band.rate}};
        const double accuracy = trained("run-" + std::to_string(row), config, model("float"));
        const auto text =
            QString("%1 % after float's %2 %: %3 points").arg(accuracy).arg(m_float).arg(accuracy - m_float);
        qInfo().noquote() << text;
        QVERIFY2(accuracy - m_float >= band.lowest, qPrintable(text + "; " + band.reason));
    }

    /// No method of the registry is left out.
    void coversTheRegistry() {
        for (const auto& id : train::Registries::builtin().methods.ids())
            QVERIFY2(std::any_of(std::begin(kBands), std::end(kBands),
                                 [&](const Band& band) { return id == band.method; }),
                     id.c_str());
    }

private:
    std::filesystem::path model(const std::string& name) const {
        return train::RunFolder(m_temporary.path() / name).modelFile();
    }

    /// Test top-1 of the last epoch.
    double trained(const std::string& name, const RunConfig& config, const std::filesystem::path& start) {
        EventLog log;
        const auto& registries = train::Registries::builtin();
        const auto ended =
            train::runTraining(name, train::resolve(config, registries),
                               train::RunFolder(m_temporary.path() / name), start, registries, log, {});
        return ended.state == RunState::Finished ? ended.result.at("last").at("test_top1").get<double>() : 0;
    }

    TemporaryFolder m_temporary;
    double m_float = 0;
};

QTEST_GUILESS_MAIN(TestConvergence)
#include "tst_convergence.moc"
