// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/store/records.h"

namespace quantarium::testing {

RunConfig sampleConfig(std::uint64_t seed, const std::string& method, std::int64_t bits) {
    return RunConfig::fromJson({{"format", "quantarium-run/1"},
                                {"name", method + " " + std::to_string(bits) + " bit"},
                                {"seed", seed},
                                {"dataset", {{"id", "shapes10"}, {"limit", 1000}}},
                                {"network", {{"id", "mlp"}}},
                                {"weights", {{"method", method}, {"bits", bits}}},
                                {"training", {{"epochs", 3}, {"batch", 50}}}},
                               "test");
}

store::RunRecord sampleRun(const std::string& id, const RunConfig& config) {
    store::RunRecord run;
    run.id = id;
    run.name = config.name;
    run.config = config;
    run.identity = config.toJson();
    run.identity.erase("name");
    return run;
}

RunReport sampleReport(const std::string& method, std::int64_t bits) {
    RunReport report;
    LayerReport first;
    first.layer = "fc1.weight";
    first.kind = "linear";
    first.weightShape = {300, 784};
    first.outputShape = {300};
    first.weights = 235200;
    first.macs = 235200;
    first.method = "float";
    first.remark = "kept: first layer";
    LayerReport second = first;
    second.layer = "fc2.weight";
    second.method = method;
    second.bits = bits;
    second.levels = std::int64_t{1} << std::min<std::int64_t>(bits, 20);
    second.sideBits = 64;
    second.macMultiplies = method == "float";
    second.postScale = method != "float";
    report.layers = {first, second};
    report.memory = {470400, 235200, 32.0 * 470400, 8e6, 32.0 / static_cast<double>(bits), 1.8816};
    report.macs = 470400;
    report.trainingBytes = 1.25e7;
    report.notes = {"a note"};
    return report;
}

EpochDone sampleEpoch(std::int64_t epoch, bool best) {
    EpochDone done;
    done.epoch = epoch;
    done.step = epoch * 20;
    done.best = best;
    const auto e = static_cast<double>(epoch);
    done.values = {
        {"train_loss", 1 / e}, {"validation_loss", 1 / (e + 0.1)}, {"validation_top1", 50 + e / 3}};
    for (int i = 0; i < 20; ++i)
        done.stepLosses.push_back(1 / (e + i / 20.0));
    WeightSnapshot snapshot;
    snapshot.epoch = epoch;
    snapshot.step = done.step;
    LayerSnapshot layer;
    layer.layer = "fc2.weight";
    layer.method = "inq";
    layer.bits = 3;
    layer.elements = 235200;
    layer.levels = {{-0.25, 10 + epoch}, {0, 5}, {0.25, 7}};
    layer.valueSpace = {-0.5, -0.25, 0, 0.25, 0.5};
    layer.latent = {-1, 1, {1, 2, 3, epoch}, 4, 5};
    layer.latentFrozen = Histogram{-1, 1, {9, 8, 7, 6}, 0, 0};
    layer.frozenShare = 0.1 * e;
    layer.zeroShare = 1.0 / 3;
    layer.levelEntropyBits = 1.5;
    layer.sqnrDb = 12.5;
    layer.flips = epoch;
    layer.search = SearchState{0.5, 1, 0.3, 0.9, 0.01, {-0.25, 0, 0.25}, {{7, {0.1, 0.2, 0.7}}}};
    layer.diagnostics = {{"n1", -2}};
    snapshot.layers = {layer};
    done.weights = std::make_shared<const WeightSnapshot>(snapshot);
    return done;
}

store::RunRecord addFinished(store::Workspace& workspace, const std::string& id, const RunConfig& config,
                             double testTop1, double stepSeconds, const std::string& startRun) {
    auto run = sampleRun(id, config);
    run.startRun = startRun;
    workspace.addRun(run);
    RunStarted started;
    started.config = config.toJson();
    started.environment = {{"threads", 2}};
    started.report = sampleReport(config.weights.method, config.weights.bits);
    workspace.recordStarted(id, started);
    workspace.recordEpoch(id, sampleEpoch(1, true));
    workspace.recordEpoch(id, sampleEpoch(2));
    const Json result = {{"last", {{"test_top1", testTop1 - 0.5}, {"test_top5", 99.0}, {"test_loss", 0.4}}},
                         {"best", {{"test_top1", testTop1}, {"test_top5", 99.5}, {"test_loss", 0.3}}},
                         {"best_epoch", 1},
                         {"seconds", 12.25},
                         {"peak_bytes", 1048576},
                         {"tensor_bytes", 524288},
                         {"step_seconds", stepSeconds},
                         {"step_cpu_seconds", stepSeconds},
                         {"snapshot_share", 0.001}};
    workspace.recordEnded(id, {RunState::Finished, "", result});
    return workspace.at(id);
}

} // namespace quantarium::testing
