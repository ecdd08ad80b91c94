// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/run/events.h"

#include <array>
#include <utility>

#include "core/base/error.h"

namespace quantarium {

namespace {

constexpr std::array<std::pair<RunState, const char*>, 6> kStates{{{RunState::Queued, "queued"},
                                                                   {RunState::Running, "running"},
                                                                   {RunState::Paused, "paused"},
                                                                   {RunState::Stopped, "stopped"},
                                                                   {RunState::Finished, "finished"},
                                                                   {RunState::Failed, "failed"}}};

Json numbersToJson(const std::vector<double>& values) {
    Json list = Json::array();
    for (const double value : values)
        list.push_back(numberToJson(value));
    return list;
}

Json eventToJson(const RunStarted& event) {
    return {{"event", "started"},
            {"config", event.config},
            {"environment", event.environment},
            {"report", toJson(event.report)},
            {"total_epochs", event.totalEpochs},
            {"steps_per_epoch", event.stepsPerEpoch},
            {"first_epoch", event.firstEpoch}};
}

Json eventToJson(const Progress& event) {
    return {{"event", "progress"},
            {"epochs_done", event.epoch},
            {"step", event.step},
            {"total_steps", event.totalSteps},
            {"phase", event.phase},
            {"loss", event.phase == "training" && event.step > 0 ? numberToJson(event.loss) : Json()},
            {"learning_rate", numberToJson(event.learningRate)},
            {"images_per_second", numberToJson(event.imagesPerSecond)},
            {"seconds_spent", numberToJson(event.secondsSpent)},
            {"seconds_left", event.secondsLeft >= 0 ? numberToJson(event.secondsLeft) : Json()},
            {"snapshot_share", numberToJson(event.snapshotShare)}};
}

Json eventToJson(const EpochDone& event) {
    Json document = toJson(event);
    document["event"] = "epoch";
    return document;
}

Json eventToJson(const WeightsSeen& event) {
    return {{"event", "weights"}, {"weights", event.weights ? toJson(*event.weights) : Json()}};
}

Json eventToJson(const Noted& event) {
    return {{"event", "note"}, {"notes", event.notes}};
}

Json eventToJson(const RunEnded& event) {
    return {{"event", "ended"},
            {"state", toString(event.state)},
            {"reason", event.reason},
            {"result", event.result},
            {"error", event.error ? Json(nameOf(*event.error)) : Json()}};
}

Json layerToJson(const LayerReport& layer) {
    return {{"layer", layer.layer},
            {"kind", layer.kind},
            {"weight_shape", layer.weightShape},
            {"output_shape", layer.outputShape},
            {"weights", layer.weights},
            {"macs", layer.macs},
            {"method", layer.method},
            {"bits", layer.bits},
            {"levels", layer.levels},
            {"side_bits", layer.sideBits},
            {"mac_multiplies", layer.macMultiplies},
            {"post_scale", layer.postScale},
            {"remark", layer.remark},
            {"activation_method", layer.activationMethod},
            {"activation_bits", layer.activationBits},
            {"activation_levels", layer.activationLevels}};
}

LayerReport layerFromJson(const Json& document) {
    LayerReport layer;
    document.at("layer").get_to(layer.layer);
    document.at("kind").get_to(layer.kind);
    document.at("weight_shape").get_to(layer.weightShape);
    document.at("output_shape").get_to(layer.outputShape);
    document.at("weights").get_to(layer.weights);
    document.at("macs").get_to(layer.macs);
    document.at("method").get_to(layer.method);
    document.at("bits").get_to(layer.bits);
    document.at("levels").get_to(layer.levels);
    document.at("side_bits").get_to(layer.sideBits);
    document.at("mac_multiplies").get_to(layer.macMultiplies);
    document.at("post_scale").get_to(layer.postScale);
    document.at("remark").get_to(layer.remark);
    // absent in records from before activations could be quantized
    layer.activationMethod = document.value("activation_method", layer.activationMethod);
    layer.activationBits = document.value("activation_bits", layer.activationBits);
    layer.activationLevels = document.value("activation_levels", layer.activationLevels);
    return layer;
}

} // namespace

std::string toString(RunState state) {
    for (const auto& [candidate, text] : kStates)
        if (candidate == state) return text;
    return "unknown";
}

RunState runStateFromString(const std::string& text, const std::string& where) {
    for (const auto& [state, candidate] : kStates)
        if (text == candidate) return state;
    throw Error(ErrorKind::Data, "\"" + text + "\" is not a run state", where);
}

Json toJson(const RunEvent& event) {
    return std::visit([](const auto& one) { return eventToJson(one); }, event);
}

Json toJson(const EpochDone& epoch) {
    Json values = Json::object();
    for (const auto& [name, value] : epoch.values)
        values[name] = numberToJson(value);
    return {{"epoch", epoch.epoch},
            {"step", epoch.step},
            {"values", values},
            {"step_losses", numbersToJson(epoch.stepLosses)},
            {"weights", epoch.weights ? toJson(*epoch.weights) : Json()},
            {"best", epoch.best}};
}

EpochDone epochDoneFromJson(const Json& document, const std::string& where) {
    try {
        EpochDone epoch;
        document.at("epoch").get_to(epoch.epoch);
        document.at("step").get_to(epoch.step);
        for (const auto& [name, value] : document.at("values").items())
            epoch.values[name] = numberFromJson(value, where);
        for (const auto& loss : document.at("step_losses"))
            epoch.stepLosses.push_back(numberFromJson(loss, where));
        if (!document.at("weights").is_null())
            epoch.weights =
                std::make_shared<const WeightSnapshot>(weightSnapshotFromJson(document.at("weights"), where));
        document.at("best").get_to(epoch.best);
        return epoch;
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Data, std::string("not an epoch record: ") + error.what(), where);
    }
}

Json toJson(const RunReport& report) {
    Json layers = Json::array();
    for (const auto& layer : report.layers)
        layers.push_back(layerToJson(layer));
    const auto& memory = report.memory;
    return {{"layers", layers},
            {"memory",
             {{"parameters", memory.parameters},
              {"quantized_weights", memory.quantizedWeights},
              {"float_bits", memory.floatBits},
              {"stored_bits", memory.storedBits},
              {"reduction_weights_only", memory.reductionWeightsOnly},
              {"reduction_everything", memory.reductionEverything}}},
            {"macs", report.macs},
            {"training_bytes", report.trainingBytes},
            {"notes", report.notes}};
}

RunReport runReportFromJson(const Json& document, const std::string& where) {
    try {
        RunReport report;
        for (const auto& layer : document.at("layers"))
            report.layers.push_back(layerFromJson(layer));
        const auto& memory = document.at("memory");
        memory.at("parameters").get_to(report.memory.parameters);
        memory.at("quantized_weights").get_to(report.memory.quantizedWeights);
        memory.at("float_bits").get_to(report.memory.floatBits);
        memory.at("stored_bits").get_to(report.memory.storedBits);
        memory.at("reduction_weights_only").get_to(report.memory.reductionWeightsOnly);
        memory.at("reduction_everything").get_to(report.memory.reductionEverything);
        document.at("macs").get_to(report.macs);
        document.at("training_bytes").get_to(report.trainingBytes);
        document.at("notes").get_to(report.notes);
        return report;
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Data, std::string("not a run report: ") + error.what(), where);
    }
}

} // namespace quantarium
