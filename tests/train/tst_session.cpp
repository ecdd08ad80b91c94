// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/train/evaluation.h"
#include "core/train/resolve.h"
#include "core/train/session.h"
#include "tests/support/compare.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using namespace quantarium::testing;
using train::LoaderUse;

namespace {

train::Session sessionOf(const RunConfig& config) {
    const auto& registries = train::Registries::builtin();
    return train::openSession(train::resolve(config, registries), registries);
}

RunConfig croppedRun() {
    auto config = smallRun();
    config.dataset.augment = {{"pad", 4}, {"crop", true}};
    return config;
}

/// All images that a loader gives out, [N, …].
torch::Tensor imagesOf(const train::Session& session, LoaderUse use) {
    const auto loader = session.loader(session.splits.train, use);
    loader->start(0);
    std::vector<torch::Tensor> images;
    while (const auto batch = loader->next())
        images.push_back(batch->images);
    return torch::cat(images);
}

/// Images of `some` that are among `all`, bit for bit.
std::int64_t among(const torch::Tensor& some, const torch::Tensor& all) {
    const auto distance = torch::cdist(some.flatten(1), all.flatten(1), 2.0, /*exact, without products*/ 2);
    return distance.amin(1).eq(0).sum().item<std::int64_t>();
}

} // namespace

class TestSession : public QObject {
    Q_OBJECT

private slots:
    /// Files may lie class by class: what calibrates must see a mixture, but the images themselves.
    void calibrationIsShuffledNotAugmented() {
        const auto session = sessionOf(croppedRun());
        const auto inOrder = imagesOf(session, LoaderUse::Evaluate);
        const auto calibration = imagesOf(session, LoaderUse::Calibrate);
        const auto training = imagesOf(session, LoaderUse::Train);
        const auto count = calibration.size(0);
        QVERIFY(count > 100 && training.size(0) == count);
        QCOMPARE(among(calibration, inOrder), count);
        QVERIFY(!torch::equal(calibration.slice(0, 0, 32), inOrder.slice(0, 0, 32)));
        QVERIFY(among(training, inOrder) < count / 2); // moved by the crop
    }

    /// A network that nothing stochastic has trained keeps its batch norms.
    void batchNormsOfUntrainedWeightsStay_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("bits");
        QTest::addColumn<QString>("options");
        QTest::newRow("ristretto") << "ristretto" << 8 << R"({"training_rounding": "stochastic"})";
        QTest::newRow("binaryconnect") << "binaryconnect" << 1 << R"({"stochastic": true})";
    }
    void batchNormsOfUntrainedWeightsStay() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        QFETCH(QString, options);
        auto config = smallRun(method.toStdString(), bits);
        config.weights.options = Json::parse(options.toStdString());
        auto session = sessionOf(config);
        QVERIFY(!train::anyBlursBatchNorm(session));
        session.materialize(quant::Mode::Train);
        QVERIFY(train::anyBlursBatchNorm(session));
    }
};

QTEST_GUILESS_MAIN(TestSession)
#include "tst_session.moc"
