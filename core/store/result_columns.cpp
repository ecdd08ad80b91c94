// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/result_columns.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/run/first_and_last.h"

namespace quantarium::store {

namespace {

std::optional<double> number(const Json& value) {
    if (value.is_number()) return value.get<double>();
    if (value == "nan" || value == "inf" || value == "-inf") return numberFromJson(value, "result");
    return std::nullopt;
}

std::optional<double> member(const Json& object, const std::string& name) {
    if (!object.is_object() || !object.contains(name)) return std::nullopt;
    return number(object.at(name));
}

std::optional<double> top1(const RunRecord& run, Split split, const char* moment,
                           const std::map<std::string, double>& values) {
    if (split == Split::Test) {
        const bool ended = run.result.is_object() && run.result.contains(moment);
        return ended ? member(run.result.at(moment), "test_top1") : std::nullopt;
    }
    const auto found = values.find("validation_top1");
    return found == values.end() ? std::nullopt : std::optional(found->second);
}

bool isQuantized(const LayerReport& layer) {
    return layer.method != "float";
}

/// Whether any quantized layer has the property; of a run without quantized layers, whether any layer has.
Json anyLayer(const RunRecord& run, bool LayerReport::*property) {
    if (!run.report) return nullptr;
    const auto& layers = run.report->layers;
    const bool quantized = std::any_of(layers.begin(), layers.end(), isQuantized);
    return std::any_of(layers.begin(), layers.end(), [&](const LayerReport& layer) {
        return layer.*property && (!quantized || isQuantized(layer));
    });
}

/// Times can be compared: the same processor, device, threads, precision, layout and batch.
bool sameMachine(const RunRecord& one, const RunRecord& other) {
    const auto processor = [](const RunRecord& run) {
        return run.environment.is_object() ? run.environment.value("processor", Json()) : Json();
    };
    return one.config.machine == other.config.machine &&
           one.config.training.batch == other.config.training.batch && processor(one) == processor(other);
}

Json selection(const Selection& value) {
    return {{"id", value.id}, {"options", value.options}};
}

} // namespace

std::optional<double> bestTop1(const RunRecord& run, Split split) {
    return top1(run, split, "best", run.best);
}

std::optional<double> lastTop1(const RunRecord& run, Split split) {
    return top1(run, split, "last", run.last);
}

Split commonSplit(const std::vector<const RunRecord*>& runs) {
    const bool tested = std::all_of(runs.begin(), runs.end(),
                                    [](const RunRecord* run) { return bestTop1(*run, Split::Test); });
    return tested ? Split::Test : Split::Validation;
}

std::optional<double> resultNumber(const RunRecord& run, const std::string& name) {
    return member(run.result, name);
}

namespace {

std::optional<double> ratio(const RunRecord& run, const RunRecord* floatRun, const char* name) {
    if (!floatRun || !sameMachine(run, *floatRun)) return std::nullopt;
    const auto own = resultNumber(run, name);
    const auto reference = resultNumber(*floatRun, name);
    if (!own || !reference || !(*reference > 0)) return std::nullopt;
    return *own / *reference;
}

} // namespace

std::optional<double> relativeMemory(const RunRecord& run, const RunRecord* floatRun) {
    return ratio(run, floatRun, "tensor_bytes");
}

std::optional<double> relativeTime(const RunRecord& run, const RunRecord* floatRun) {
    // On a GPU the run's own thread only waits.
    return ratio(run, floatRun, run.config.machine.device == "cpu" ? "step_cpu_seconds" : "step_seconds");
}

namespace {

/// The policy, and what it made of the two layers once that is known: "as-published: float".
std::string firstAndLast(const RunRecord& run) {
    const auto& policy = run.config.weights.policy;
    const auto what = run.config.isFloat() || !run.report ? std::string() : firstAndLastText(*run.report);
    return what.empty() ? policy : policy + ": " + what;
}

} // namespace

namespace {

/// What the layers get: "float", "pact, 4 bits".
std::string inputs(const RunRecord& run) {
    const auto& section = run.config.activations;
    if (section.method == "none") return section.overrides.empty() ? "float" : "by layer";
    return section.method + ", " + bitsText(section.bits);
}

} // namespace

std::vector<RecordColumn> configurationColumns() {
    using R = const RunRecord&;
    return {{{"dataset", "Dataset", ""}, [](R run) -> Json { return run.config.dataset.id; }},
            {{"network", "Network", ""}, [](R run) -> Json { return run.config.network.id; }},
            {{"start", "Start", ""}, [](R run) -> Json { return run.config.start.from; }},
            {{"method", "Method", ""}, [](R run) -> Json { return run.config.weights.method; }},
            {{"bits", "Bits", ""}, [](R run) -> Json { return run.config.weights.bits; }},
            {{"first_last", "First/last layer", ""}, [](R run) -> Json { return firstAndLast(run); }},
            {{"inputs", "Inputs", ""}, [](R run) -> Json { return inputs(run); }},
            {{"epochs", "Epochs", ""}, [](R run) -> Json { return run.config.training.epochs; }}};
}

std::vector<RecordColumn> configurationDetails() {
    using R = const RunRecord&;
    return {
        {{"group", "Group", "", -1, true}, [](R run) -> Json { return run.group; }},
        {{"batch", "Batch", "", -1, true}, [](R run) -> Json { return run.config.training.batch; }},
        {{"training_images", "Training images", "", -1, true},
         [](R run) -> Json { return run.config.dataset.limit ? Json(*run.config.dataset.limit) : Json(); }},
        {{"method_options", "Method options", "", -1, true},
         [](R run) -> Json { return run.config.weights.options; }},
        {{"optimizer", "Optimizer", "", -1, true},
         [](R run) -> Json { return selection(run.config.training.optimizer); }},
        {{"schedule", "Schedule", "", -1, true},
         [](R run) -> Json { return selection(run.config.training.schedule); }},
        {{"config", "Configuration", "", -1, true}, [](R run) -> Json { return run.config.toJson(); }}};
}

std::vector<RecordColumn> reportColumns() {
    using R = const RunRecord&;
    return {
        {{"memory_reduction_weights", "Memory, weights only", "×", 2},
         [](R run) -> Json { return run.report ? Json(run.report->memory.reductionWeightsOnly) : Json(); }},
        {{"memory_reduction_all", "Memory, everything", "×", 2},
         [](R run) -> Json { return run.report ? Json(run.report->memory.reductionEverything) : Json(); }},
        {{"mac_multiplies", "Multiplies", ""},
         [](R run) { return anyLayer(run, &LayerReport::macMultiplies); }},
        {{"post_scale", "Scales after", ""}, [](R run) { return anyLayer(run, &LayerReport::postScale); }}};
}

Json cell(const std::optional<double>& value) {
    return value ? numberToJson(*value) : Json();
}

} // namespace quantarium::store
