// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/base/error.h"
#include "core/study/integer_check.h"
#include "core/train/finished_run.h"
#include "core/train/resolve.h"
#include "core/train/trainer.h"
#include "tests/support/compare.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

const train::Registries& registries() {
    return train::Registries::builtin();
}

RunConfig integerRun(std::int64_t epochs) {
    auto config = smallRun("integer", 8, epochs);
    config.activations.method = "minmax";
    config.activations.bits = 8;
    return config;
}

} // namespace

/// Finished runs, opened again and computed in integers.
class TestIntegerCheck : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_float = run("float", smallRun("float", 32, 6)); }

    /// The session that is opened is the one whose test accuracy was stored.
    void measuresWhatTheRunHasStored() {
        const auto ended = run("trained", integerRun(3));
        auto session = train::openFinishedRun(folder("trained"), registries());
        std::int64_t last = 0;
        const auto check = study::checkIntegers(session, [&](std::int64_t images) { last = images; });
        QCOMPARE(check.images, std::int64_t{100});
        QCOMPARE(last, check.images);
        QCOMPARE(check.simulatedTop1, ended.result.at("best").at("test_top1").get<double>());
        QVERIFY(check.shakenAgreement >= 97 && check.shakenAgreement <= 100);
        QVERIFY(check.agreement >= 97 && std::abs(check.integerTop1 - check.simulatedTop1) <= 3);
        QVERIFY(check.largestDifference > 0 && check.largestDifference <= 3 * check.outputStep);
        QVERIFY(check.meanDifference <= check.largestDifference);
        QCOMPARE(check.weightBytes, quantizedWeights(session));
        QCOMPARE(check.toJson().at("agreement").get<double>(), check.agreement);
    }

    /// Ranges from a few batches, nothing trained.
    void runsWithoutEpochsAreMeasuredAnew() {
        auto config = integerRun(0);
        config.start.from = "run";
        config.start.path = "float";
        const auto ended = run("measured", config, folder("float").modelFile());
        auto session = train::openFinishedRun(folder("measured"), registries(), folder("float").modelFile());
        const auto check = study::checkIntegers(session);
        QCOMPARE(check.simulatedTop1, ended.result.at("last").at("test_top1").get<double>());
        QVERIFY(check.agreement >= 97);
        const auto before = m_float.result.at("best").at("test_top1").get<double>();
        QVERIFY(std::abs(check.integerTop1 - before) <= 6); // 8 bits are float but for rounding
    }

    void floatLayersAreNamed() {
        auto session = train::openFinishedRun(folder("float"), registries());
        try {
            study::checkIntegers(session);
            QFAIL("not refused");
        } catch (const Error& error) {
            QVERIFY(error.kind() == ErrorKind::Config);
            QVERIFY2(std::string(error.what()).find("conv1, conv2, fc1, fc2, fc3") != std::string::npos,
                     error.what());
        }
    }

    void unfinishedRunsAreRefused() {
        folder("begun").create(train::resolve(integerRun(3), registries()));
        QVERIFY_THROWS_EXCEPTION(Error, train::openFinishedRun(folder("begun"), registries()));
    }

private:
    RunEnded run(const std::string& name, const RunConfig& config, const std::filesystem::path& start = {}) {
        EventLog log;
        const auto ended = train::runTraining(name, train::resolve(config, registries()), folder(name), start,
                                              registries(), log, {});
        if (ended.state != RunState::Finished) qWarning("%s", ended.reason.c_str());
        return ended;
    }
    train::RunFolder folder(const std::string& name) const {
        return train::RunFolder(m_temporary.path() / name);
    }
    static std::int64_t quantizedWeights(const train::Session& session) {
        std::int64_t weights = 0;
        for (const auto& layer : session.layers)
            weights += layer.parameter.numel();
        return weights;
    }

    TemporaryFolder m_temporary;
    RunEnded m_float;
};

QTEST_GUILESS_MAIN(TestIntegerCheck)
#include "tst_integer_check.moc"
