// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/nn/tensor_file.h"
#include "core/train/resolve.h"
#include "core/train/trainer.h"
#include "tests/support/compare.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using namespace quantarium::testing;

class TestTrainer : public QObject {
    Q_OBJECT
private slots:
    void tellsItsStoryInOrder();
    void everyMethodLeavesAModel_data();
    void everyMethodLeavesAModel();
    void sameSeedSameBits();
    void resumesWithTheSameBits_data();
    void resumesWithTheSameBits();
    void endsWhenTheLossIsNotFinite();
    void clipsTheGradient();
    void bf16KeepsWeightsAndMetricsInFloat();
    void picksTheBestEpochOnValidationData();
    void startsFromAnotherRunsWeights();
    void withoutEpochsItOnlyMeasures();
    void refusesWeightsOfAnotherNetwork();
    void noisySearchGetsNewBatchNormStatistics();
    void inqShowsTheMixedFormUntilEverythingIsFrozen();

private:
    RunEnded train(const std::string& name, const RunConfig& config, RunObserver& observer,
                   const std::filesystem::path& start = {}, const train::RunControl& control = {}) {
        return train::runTraining(name, train::resolve(config, train::Registries::builtin()), folder(name),
                                  start, train::Registries::builtin(), observer, control);
    }
    train::RunFolder folder(const std::string& name) const {
        return train::RunFolder(m_temporary.path() / name);
    }

    TemporaryFolder m_temporary;
};

namespace {

/// What a run has computed, without the times that it took.
std::string outcome(const train::RunFolder& folder) {
    std::string text;
    for (auto epoch : folder.epochs()) {
        epoch.values.erase("seconds");
        text += dumpJson(toJson(epoch)) + "\n";
    }
    return text;
}

std::string modelDifference(const train::RunFolder& actual, const train::RunFolder& expected) {
    const auto a = nn::readTensorFile(actual.modelFile()).tensors;
    const auto b = nn::readTensorFile(expected.modelFile()).tensors;
    if (a.size() != b.size()) return "another number of tensors";
    for (const auto& [name, tensor] : b) {
        const auto problem = bitDifference(a.at(name), tensor);
        if (!problem.empty()) return name + ": " + problem;
    }
    return {};
}

/// Asks for a pause when a given optimizer step is done.
class PauseAt : public EventLog {
public:
    explicit PauseAt(std::int64_t step) : m_step(step) {}
    void onEvent(const std::string& id, const RunEvent& event) override {
        EventLog::onEvent(id, event);
        if (const auto* epoch = std::get_if<EpochDone>(&event); epoch != nullptr && epoch->step >= m_step)
            pause = true;
    }
    bool watchesWeights(const std::string&) const override {
        if (++m_polls >= m_step) const_cast<PauseAt*>(this)->pause = true; // polled once per step
        return false;
    }
    std::atomic<bool> pause = false;

private:
    std::int64_t m_step;
    mutable std::int64_t m_polls = 0;
};

} // namespace

void TestTrainer::tellsItsStoryInOrder() {
    EventLog log;
    const auto ended = train("story", smallRun(), log);
    QCOMPARE(QString::fromStdString(ended.reason), QString());
    QCOMPARE(toString(ended.state), std::string("finished"));
    const auto started = log.all<RunStarted>();
    QCOMPARE(started.size(), std::size_t{1});
    QCOMPARE(started[0].stepsPerEpoch, 4); // 256 training images, batches of 64
    const auto epochs = log.all<EpochDone>();
    QCOMPARE(epochs.size(), std::size_t{2});
    QCOMPARE(epochs[1].step, 8);
    QCOMPARE(epochs[1].stepLosses.size(), std::size_t{4});
    for (const char* name :
         {"train_loss", "train_top1", "validation_loss", "validation_top1", "learning_rate", "seconds"})
        QVERIFY2(epochs[1].values.contains(name), name);
    QCOMPARE(log.all<RunEnded>().size(), std::size_t{1});
    QVERIFY(ended.result.at("best").contains("test_top1"));
    QCOMPARE(folder("story").epochs().size(), std::size_t{2});
    QVERIFY(folder("story").result()->result == ended.result);
    QVERIFY(folder("story").config() == train::resolve(smallRun(), train::Registries::builtin()));
}

void TestTrainer::everyMethodLeavesAModel_data() {
    QTest::addColumn<QString>("method");
    QTest::addColumn<int>("bits");
    for (const auto& entry : quant::builtinWeightMethods().entries())
        for (const auto bits : {entry.minimumBits, std::min<std::int64_t>(3, entry.maximumBits)})
            if (bits >= entry.minimumBits)
                QTest::addRow("%s %d bits", entry.schema.id.c_str(), int(bits))
                    << QString::fromStdString(entry.schema.id) << int(bits);
}

void TestTrainer::everyMethodLeavesAModel() {
    QFETCH(QString, method);
    QFETCH(int, bits);
    const auto name = "model-" + method.toStdString() + std::to_string(bits);
    EventLog log;
    const auto ended = train(name, smallRun(method.toStdString(), bits), log);
    QVERIFY2(ended.state == RunState::Finished, ended.reason.c_str());
    const auto tensors = nn::readTensorFile(folder(name).modelFile()).tensors;
    const auto started = log.all<RunStarted>();
    for (const auto& layer : started.at(0).report.layers) {
        QVERIFY2(tensors.contains(layer.layer), layer.layer.c_str());
        if (layer.method == "float") continue;
        const auto codebooks = tensors.at("quantarium.codebook." + layer.layer).size(0);
        const auto weight = tensors.at(layer.layer).contiguous().view({codebooks, -1});
        for (std::int64_t book = 0; book < codebooks; ++book)
            QVERIFY2(std::get<0>(at::_unique(weight[book])).numel() <= layer.levels, layer.layer.c_str());
        QVERIFY(tensors.contains("quantarium.codes." + layer.layer));
    }
}

void TestTrainer::sameSeedSameBits() {
    EventLog log;
    auto config = smallRun("rdhs", 2);
    train("same-a", config, log);
    train("same-b", config, log);
    QCOMPARE(outcome(folder("same-b")), outcome(folder("same-a")));
    QVERIFY_SAME(modelDifference(folder("same-b"), folder("same-a")));
    config.seed = 2;
    train("same-c", config, log);
    QVERIFY(outcome(folder("same-c")) != outcome(folder("same-a")));
}

void TestTrainer::resumesWithTheSameBits_data() {
    QTest::addColumn<QString>("method");
    QTest::addColumn<int>("bits");
    QTest::addColumn<QString>("optimizer");
    QTest::addColumn<int>("pauseAt");
    for (const int step : {1, 4, 6, 11})
        QTest::addRow("inq, paused at step %d", step) << "inq" << 4 << "sgd" << step;
    QTest::newRow("rdhs in an epoch") << "rdhs" << 3 << "sgd" << 6;
    QTest::newRow("rdhs with Adam") << "rdhs" << 2 << "adam" << 7;
    QTest::newRow("sgt") << "sgt" << 1 << "sgd" << 5;
    QTest::newRow("float") << "float" << 32 << "adam" << 5;
    QTest::newRow("integer behind batch norms") << "integer" << 4 << "sgd" << 6;
}

void TestTrainer::resumesWithTheSameBits() {
    QFETCH(QString, method);
    QFETCH(int, bits);
    QFETCH(QString, optimizer);
    QFETCH(int, pauseAt);
    auto config = smallRun(method.toStdString(), bits, 4);
    config.training.optimizer = {optimizer.toStdString(), {{"lr", 0.01}}};
    if (method == "rdhs") config.weights.options = {{"noise", 0.01}};
    if (method == "integer") { // its weights depend on the running statistics
        config.network.id = "resnet20";
        config.activations.method = "minmax";
    }
    const std::string name = std::string("resume-") + QTest::currentDataTag();
    EventLog log;
    train(name + "-whole", config, log);
    PauseAt pausing(pauseAt);
    const auto paused = train(name + "-cut", config, pausing, {}, {{}, &pausing.pause});
    QVERIFY2(paused.state == RunState::Paused, paused.reason.c_str());
    const auto resumed = train(name + "-cut", config, log);
    QVERIFY2(resumed.state == RunState::Finished, resumed.reason.c_str());
    QCOMPARE(outcome(folder(name + "-cut")), outcome(folder(name + "-whole")));
    QVERIFY_SAME(modelDifference(folder(name + "-cut"), folder(name + "-whole")));
}

void TestTrainer::endsWhenTheLossIsNotFinite() {
    auto config = smallRun();
    config.training.optimizer.options = {{"lr", 1000.0}};
    config.training.epochs = 10;
    EventLog log;
    const auto ended = train("diverges", config, log);
    QVERIFY(ended.state == RunState::Failed);
    QVERIFY2(ended.reason.find("at step ") != std::string::npos, ended.reason.c_str());
    QVERIFY(folder("diverges").result()->state == RunState::Failed);
}

void TestTrainer::clipsTheGradient() {
    auto config = smallRun();
    config.training.epochs = 1;
    config.training.optimizer.options = {{"lr", 1.0}, {"momentum", 0.0}, {"weight_decay", 0.0}};
    config.training.schedule = {"constant", Json::object()};
    config.training.gradientClip = 1e-6;
    EventLog log;
    train("clipped", config, log);
    config.training.optimizer.options["lr"] = 0.0;
    config.training.gradientClip.reset();
    train("still", config, log);
    const auto moved = nn::readTensorFile(folder("clipped").modelFile()).tensors;
    const auto still = nn::readTensorFile(folder("still").modelFile()).tensors;
    double squares = 0;
    for (const auto& [name, tensor] : moved)
        if (name.ends_with("weight") || name.ends_with("bias"))
            squares += (tensor.to(torch::kFloat64) - still.at(name)).square().sum().item<double>();
    QVERIFY2(std::sqrt(squares) <= 4 * 1.2e-6 && squares > 0,
             qPrintable(QString::number(std::sqrt(squares)))); // four steps of norm 1e-6, float32 rounding
}

void TestTrainer::bf16KeepsWeightsAndMetricsInFloat() {
    auto config = smallRun("rdhs", 1);
    config.machine.precision = "bf16";
    EventLog log;
    const auto ended = train("bf16", config, log);
    QVERIFY2(ended.state == RunState::Finished, ended.reason.c_str());
    for (const auto& [name, tensor] : nn::readTensorFile(folder("bf16").modelFile()).tensors)
        if (name.ends_with(".weight") && !name.starts_with("quantarium."))
            QVERIFY2(tensor.dtype() == torch::kFloat32, name.c_str());
    const auto losses = log.all<EpochDone>().at(0).stepLosses;
    auto fp32 = smallRun("rdhs", 1);
    train("fp32", fp32, log);
    const auto exact = folder("fp32").epochs().at(0).stepLosses;
    QVERIFY(losses[0] != exact[0]);                            // the low precision is really used …
    QVERIFY(std::abs(losses[0] - exact[0]) < 0.05 * exact[0]); // … and close
}

void TestTrainer::picksTheBestEpochOnValidationData() {
    auto config = smallRun();
    config.training.epochs = 5;
    config.training.optimizer.options = {{"lr", 0.1}};
    EventLog log;
    const auto ended = train("best", config, log);
    std::int64_t best = 0;
    double value = -1;
    for (const auto& epoch : log.all<EpochDone>())
        if (epoch.values.at("validation_top1") > value) {
            value = epoch.values.at("validation_top1");
            best = epoch.epoch;
        }
    QCOMPARE(ended.result.at("best_epoch").get<std::int64_t>(), best);
    QCOMPARE(ended.result.at("best").at("validation_top1").get<double>(), value);
    for (const auto& epoch : log.all<EpochDone>())
        QVERIFY(!epoch.values.contains("test_top1")); // never looked at while choosing
}

void TestTrainer::startsFromAnotherRunsWeights() {
    EventLog log;
    train("parent", smallRun(), log);
    auto config = smallRun();
    config.start = {"run", "parent", 10, Json::object()};
    config.training.optimizer.options = {{"lr", 0.0}};
    config.training.epochs = 1;
    train("child", config, log, folder("parent").modelFile());
    const auto parent = nn::readTensorFile(folder("parent").modelFile()).tensors;
    const auto child = nn::readTensorFile(folder("child").modelFile()).tensors;
    QVERIFY_SAME(bitDifference(child.at("conv1.weight"), parent.at("conv1.weight")));
}

void TestTrainer::withoutEpochsItOnlyMeasures() {
    EventLog log;
    const auto trained = train("trained", smallRun(), log);
    auto config = smallRun("float", 32, 0);
    config.start = {"run", "trained", 10, Json::object()};
    const auto measured = train("measured", config, log, folder("trained").modelFile());
    QVERIFY2(measured.state == RunState::Finished, measured.reason.c_str());
    QCOMPARE(measured.result.at("epochs").get<std::int64_t>(), std::int64_t{0});
    QVERIFY(measured.result.at("last").at("test_loss") == trained.result.at("last").at("test_loss"));
    QVERIFY(measured.result.at("step_seconds").is_null());
    QVERIFY(log.all<EpochDone>("measured").empty());
    // Rounded without training, as a method's own end has it: all weights of INQ are frozen.
    config.weights = {.method = "inq", .bits = 3, .policy = "all"};
    const auto rounded = train("rounded", config, log, folder("trained").modelFile());
    QVERIFY2(rounded.state == RunState::Finished, rounded.reason.c_str());
    QVERIFY(rounded.result.at("last").at("test_loss") != trained.result.at("last").at("test_loss"));
}

void TestTrainer::refusesWeightsOfAnotherNetwork() {
    EventLog log;
    train("lenet", smallRun(), log);
    auto config = smallRun();
    config.network.id = "resnet20";
    config.start = {"run", "lenet", 10, Json::object()};
    const auto ended = train("resnet", config, log, folder("lenet").modelFile());
    QVERIFY(ended.state == RunState::Failed);
    QVERIFY2(ended.reason.find("tensors are missing (") != std::string::npos, ended.reason.c_str());
}

void TestTrainer::noisySearchGetsNewBatchNormStatistics() {
    auto config = smallRun("rdhs", 1, 1);
    config.network.id = "resnet20";
    EventLog log;
    const auto statistics = [&](const std::string& name, double noise) {
        config.weights.options = {{"noise", noise}};
        train(name, config, log);
        const auto before =
            nn::readTensorFile(folder(name).checkpointFile()).tensors.at("network/bn1.running_mean");
        const auto after = nn::readTensorFile(folder(name).modelFile()).tensors.at("bn1.running_mean");
        return torch::equal(before, after);
    };
    QVERIFY(statistics("quiet", 0.0));
    QVERIFY(!statistics("noisy", 0.1));
}

void TestTrainer::inqShowsTheMixedFormUntilEverythingIsFrozen() {
    EventLog log;
    const auto ended = train("inq", smallRun("inq", 3, 6), log);
    QVERIFY2(ended.state == RunState::Finished, ended.reason.c_str());
    const auto epochs = log.all<EpochDone>();
    QVERIFY(epochs.front().values.contains("validation_top1_mixed"));
    double share = 0;
    for (const auto& epoch : epochs) {
        QVERIFY(epoch.values.at("frozen_share") >= share);
        share = epoch.values.at("frozen_share");
    }
    QVERIFY(share >= 0.87);
}

QTEST_GUILESS_MAIN(TestTrainer)
#include "tst_trainer.moc"
