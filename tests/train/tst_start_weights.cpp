// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/base/error.h"
#include "core/nn/tensor_file.h"
#include "core/train/evaluation.h"
#include "core/train/resolve.h"
#include "core/train/start_weights.h"
#include "tests/support/compare.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

std::shared_ptr<nn::Network> makeNetwork(const std::string& id, std::uint64_t seed) {
    const auto& entry = train::Registries::builtin().networks.at(id, "test");
    return entry.make({3, 32, 32}, 10, Options::validated(entry.schema.options, Json::object(), "test"),
                      seed);
}

std::map<std::string, torch::Tensor> stateOf(const nn::Network& network) {
    std::map<std::string, torch::Tensor> state;
    for (const auto& item : network.named_parameters())
        state.emplace(item.key(), item.value().detach().clone());
    for (const auto& item : network.named_buffers())
        state.emplace(item.key(), item.value().clone());
    return state;
}

std::string stateDifference(const nn::Network& network,
                            const std::map<std::string, torch::Tensor>& expected) {
    for (const auto& [name, tensor] : stateOf(network))
        if (const auto problem = bitDifference(tensor, expected.at(name)); !problem.empty())
            return name + ": " + problem;
    return {};
}

} // namespace

/// Weights from elsewhere: what fits is taken whole, what doesn't is listed and changes nothing.
class TestStartWeights : public QObject {
    Q_OBJECT

private slots:
    void weightsThatFitAreTaken();
    void countersMayBeMissing();
    void everythingThatDoesNotFitIsListed();
    void longListsAreCut();
    void othersNumbersAreRefused();
    void theFitIsKnownBeforeTheRun();
    void publishedResNetClassifiesAsPublished();

private:
    std::filesystem::path write(const std::map<std::string, torch::Tensor>& tensors) const {
        nn::writeTensorFile(file(), {tensors, {}});
        return file();
    }
    std::filesystem::path file() const { return m_folder.path() / "weights"; }

    TemporaryFolder m_folder;
};

void TestStartWeights::weightsThatFitAreTaken() {
    const auto wanted = stateOf(*makeNetwork("resnet20", 1));
    auto network = makeNetwork("resnet20", 2);
    QVERIFY(!stateDifference(*network, wanted).empty());
    auto given = wanted;
    given["quantarium.codes"] = torch::zeros({3}, torch::kUInt8); // a run's own additions
    train::loadStart(*network, write(given));
    QVERIFY_SAME(stateDifference(*network, wanted));
}

void TestStartWeights::countersMayBeMissing() {
    auto given = stateOf(*makeNetwork("resnet20", 1));
    std::erase_if(given, [](const auto& item) { return item.first.ends_with("num_batches_tracked"); });
    auto network = makeNetwork("resnet20", 2);
    train::loadStart(*network, write(given));
    const auto state = stateOf(*network);
    QVERIFY(state.size() > given.size());
    for (const auto& [name, tensor] : given)
        QVERIFY_SAME(bitDifference(state.at(name), tensor));
}

void TestStartWeights::everythingThatDoesNotFitIsListed() {
    auto given = stateOf(*makeNetwork("resnet20", 1));
    given.erase("bn1.bias");
    given.erase("linear.bias");
    given["linear.weight"] = torch::zeros({100, 64});
    given["head\x1b[2J"] = torch::zeros({1});
    auto network = makeNetwork("resnet20", 2);
    const auto before = stateOf(*network);
    try {
        train::loadStart(*network, write(given));
        QFAIL("weights that don't fit were taken");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Data);
        QCOMPARE(error.where(), file().string());
        QCOMPARE(
            error.problem(),
            std::string("the weights don't fit this network: 2 tensors are missing (bn1.bias, linear.bias); "
                        "1 tensor is not in this network (head?[2J); 1 tensor is of another shape "
                        "(linear.weight [100, 64] instead of [10, 64])"));
        QVERIFY(!error.remedy().empty());
    }
    QVERIFY_SAME(stateDifference(*network, before));
}

void TestStartWeights::longListsAreCut() {
    auto network = makeNetwork("resnet20", 1);
    try {
        train::loadStart(*network, write({{"a", torch::zeros({1})}}));
        QFAIL("weights that don't fit were taken");
    } catch (const Error& error) {
        const auto problem = QString::fromStdString(error.problem());
        QVERIFY2(problem.contains("97 tensors are missing (bn1.bias, ") && problem.contains(", and 91 more)"),
                 qPrintable(problem));
    }
}

void TestStartWeights::othersNumbersAreRefused() {
    auto given = stateOf(*makeNetwork("resnet20", 1));
    given["linear.bias"] = torch::zeros({10}, torch::kInt64);
    auto network = makeNetwork("resnet20", 2);
    try {
        train::loadStart(*network, write(given));
        QFAIL("weights that don't fit were taken");
    } catch (const Error& error) {
        QVERIFY2(error.problem().find("of another kind of number (linear.bias Long instead of Float)") !=
                     std::string::npos,
                 error.what());
    }
}

void TestStartWeights::theFitIsKnownBeforeTheRun() {
    auto config = smallRun();
    config.network.id = "resnet20";
    const auto& registries = train::Registries::builtin();
    const auto resolved = train::resolve(config, registries);
    const auto dataset = train::describeData(resolved, registries);
    const auto& entry = registries.networks.at("resnet20", "test");
    const auto network =
        entry.make({dataset.imageShape[0], dataset.imageShape[1], dataset.imageShape[2]}, dataset.classes,
                   Options::validated(entry.schema.options, Json::object(), "test"), 1);
    train::requireStartFits(resolved, registries, write(stateOf(*network)));
    QVERIFY_EXCEPTION_THROWN(train::requireStartFits(resolved, registries, write({{"a", torch::zeros({1})}})),
                             Error);
    QVERIFY_EXCEPTION_THROWN(train::requireStartFits(resolved, registries, m_folder.path() / "none"), Error);
}

/// akamaster's ResNet-20 (legacy format, names behind "module.") on the 761 CIFAR-10 test images.
void TestStartWeights::publishedResNetClassifiesAsPublished() {
    const auto weights = realData() / "weights" / "resnet20-12fca82f.th";
    RunConfig config;
    config.dataset.id = "cifar10";
    config.dataset.normalization = "imagenet";
    config.network.id = "resnet20";
    config.start = {"file", weights.string(), 10, Json::object()};
    const auto& registries = train::Registries::builtin();
    if (realData().empty() || !std::filesystem::exists(weights) ||
        !registries.datasets.at("cifar10", "test").available({}))
        QSKIP("QUANTARIUM_DATA has no weights/resnet20-12fca82f.th or no CIFAR-10");
    auto session = train::openSession(train::resolve(config, registries), registries, weights);
    if (session.splits.test->size() != 761) QSKIP("the accuracy is known for 761 of the test images");
    const auto values = train::evaluate(session, session.splits.test, quant::Mode::Eval, "test_");
    QVERIFY2(std::abs(values.at("test_top1") - 91.72) < 0.005,
             std::to_string(values.at("test_top1")).c_str());
}

QTEST_GUILESS_MAIN(TestStartWeights)
#include "tst_start_weights.moc"
