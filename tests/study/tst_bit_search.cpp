// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/base/error.h"
#include "core/study/bit_search.h"
#include "core/train/resolve.h"
#include "core/train/session.h"
#include "core/train/trainer.h"
#include "tests/support/compare.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

const train::Registries& registries() {
    return train::Registries::builtin();
}

} // namespace

/// Ristretto's bit search over a small trained network.
class TestBitSearch : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        EventLog log;
        m_config = train::resolve(smallRun("float", 32, 6), registries());
        const train::RunFolder folder(m_temporary.path() / "float");
        const auto ended = train::runTraining("float", m_config, folder, {}, registries(), log, {});
        QVERIFY(ended.state == RunState::Finished);
        m_model = folder.modelFile();
        m_validation = ended.result.at("best").at("validation_top1").get<double>();
    }

    void stopsAtTheMargin() {
        const auto result = search(3.0);
        QCOMPARE(result.reference, m_validation); // the weights that were stored
        std::string group;
        bool open = true;
        for (const auto& trial : result.trials) {
            if (trial.group != group) open = true;
            group = trial.group;
            QVERIFY(open); // nothing is tried below a width that lost too much
            QCOMPARE(trial.withinMargin, trial.metric >= result.reference - 3.0);
            open = trial.withinMargin;
        }
        QCOMPARE(result.trials.back().group, std::string("all together"));
        QCOMPARE(result.trials.back().metric, result.chosenMetric);
        QVERIFY(result.trials.front().withinMargin); // eight bits are near enough to float
    }

    void givesTheSmallestWidthsWhereAllIsAllowed() {
        const auto result = search(100.0);
        const auto report = train::planRun(result.chosen, registries());
        for (const auto& layer : report.layers) {
            QCOMPARE(layer.bits, std::int64_t{1});
            QCOMPARE(layer.method, std::string("ristretto"));
            QCOMPARE(layer.activationBits, std::int64_t{2}); // inputs need two
        }
    }

    void keepsFloatWhatCantBeQuantized() {
        study::BitSearchSettings settings;
        settings.activations = "none";
        settings.margin = -100.0; // no width gains that much
        const auto result = study::searchBits(m_config, m_model, settings, registries(), [](const auto&) {});
        for (const auto& layer : train::planRun(result.chosen, registries()).layers)
            QCOMPARE(layer.method, std::string("float"));
        QCOMPARE(result.chosenMetric, result.reference);
    }

    void needsValidationImages() {
        auto config = m_config;
        config.dataset.validation = 0;
        QVERIFY_THROWS_EXCEPTION(Error,
                                 study::searchBits(config, m_model, {}, registries(), [](const auto&) {}));
    }

private:
    study::BitSearchResult search(double margin) const {
        study::BitSearchSettings settings;
        settings.margin = margin;
        return study::searchBits(m_config, m_model, settings, registries(), [](const auto&) {});
    }

    TemporaryFolder m_temporary;
    RunConfig m_config;
    std::filesystem::path m_model;
    double m_validation = 0;
};

QTEST_GUILESS_MAIN(TestBitSearch)
#include "tst_bit_search.moc"
