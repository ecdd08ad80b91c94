// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/run/snapshot.h"

#include "core/base/error.h"

namespace quantarium {

namespace {

Json histogramToJson(const Histogram& histogram) {
    return {{"low", numberToJson(histogram.low)},
            {"high", numberToJson(histogram.high)},
            {"counts", histogram.counts},
            {"below", histogram.below},
            {"above", histogram.above}};
}

Histogram histogramFromJson(const Json& document, const std::string& where) {
    return {numberFromJson(document.at("low"), where), numberFromJson(document.at("high"), where),
            document.at("counts").get<std::vector<std::int64_t>>(), document.at("below").get<std::int64_t>(),
            document.at("above").get<std::int64_t>()};
}

Json numbersToJson(const std::vector<double>& values) {
    Json list = Json::array();
    for (const double value : values)
        list.push_back(numberToJson(value));
    return list;
}

std::vector<double> numbersFromJson(const Json& list, const std::string& where) {
    std::vector<double> values;
    for (const auto& item : list)
        values.push_back(numberFromJson(item, where));
    return values;
}

Json searchToJson(const SearchState& search) {
    Json examples = Json::array();
    for (const auto& example : search.examples)
        examples.push_back({{"index", example.index}, {"logits", numbersToJson(example.logits)}});
    return {{"temperature", search.temperature ? numberToJson(*search.temperature) : Json()},
            {"noise", numberToJson(search.noise)},
            {"mean_path_entropy", numberToJson(search.meanPathEntropy)},
            {"mean_largest_probability", numberToJson(search.meanLargestProbability)},
            {"flip_rate", numberToJson(search.flipRate)},
            {"values", numbersToJson(search.values)},
            {"examples", examples}};
}

SearchState searchFromJson(const Json& document, const std::string& where) {
    SearchState search;
    if (!document.at("temperature").is_null())
        search.temperature = numberFromJson(document.at("temperature"), where);
    search.noise = numberFromJson(document.at("noise"), where);
    search.meanPathEntropy = numberFromJson(document.at("mean_path_entropy"), where);
    search.meanLargestProbability = numberFromJson(document.at("mean_largest_probability"), where);
    search.flipRate = numberFromJson(document.at("flip_rate"), where);
    search.values = numbersFromJson(document.at("values"), where);
    for (const auto& example : document.at("examples"))
        search.examples.push_back(
            {example.at("index").get<std::int64_t>(), numbersFromJson(example.at("logits"), where)});
    return search;
}

Json scalarsToJson(const std::map<std::string, double>& scalars) {
    Json document = Json::object();
    for (const auto& [name, value] : scalars)
        document[name] = numberToJson(value);
    return document;
}

std::map<std::string, double> scalarsFromJson(const Json& document, const std::string& where) {
    std::map<std::string, double> scalars;
    for (const auto& [name, value] : document.items())
        scalars[name] = numberFromJson(value, where);
    return scalars;
}

Json layerToJson(const LayerSnapshot& layer) {
    Json levels = Json::array();
    for (const auto& level : layer.levels)
        levels.push_back(Json::array({numberToJson(level.value), level.count}));
    return {{"layer", layer.layer},
            {"method", layer.method},
            {"bits", layer.bits},
            {"elements", layer.elements},
            {"levels", levels},
            {"value_space", numbersToJson(layer.valueSpace)},
            {"codebooks", layer.codebooks},
            {"latent", histogramToJson(layer.latent)},
            {"latent_frozen", layer.latentFrozen ? histogramToJson(*layer.latentFrozen) : Json()},
            {"frozen_share", layer.frozenShare ? numberToJson(*layer.frozenShare) : Json()},
            {"zero_share", numberToJson(layer.zeroShare)},
            {"level_entropy_bits", numberToJson(layer.levelEntropyBits)},
            {"sqnr_db", layer.sqnrDb ? numberToJson(*layer.sqnrDb) : Json()},
            {"flips", layer.flips ? Json(*layer.flips) : Json()},
            {"search", layer.search ? searchToJson(*layer.search) : Json()},
            {"diagnostics", scalarsToJson(layer.diagnostics)},
            {"input_diagnostics", scalarsToJson(layer.inputDiagnostics)}};
}

LayerSnapshot layerFromJson(const Json& document, const std::string& where) {
    LayerSnapshot layer;
    layer.layer = document.at("layer").get<std::string>();
    layer.method = document.at("method").get<std::string>();
    layer.bits = document.at("bits").get<std::int64_t>();
    layer.elements = document.at("elements").get<std::int64_t>();
    for (const auto& level : document.at("levels"))
        layer.levels.push_back({numberFromJson(level.at(0), where), level.at(1).get<std::int64_t>()});
    layer.valueSpace = numbersFromJson(document.at("value_space"), where);
    layer.codebooks = document.value("codebooks", std::int64_t{1}); // absent before there were several
    layer.latent = histogramFromJson(document.at("latent"), where);
    if (!document.at("latent_frozen").is_null())
        layer.latentFrozen = histogramFromJson(document.at("latent_frozen"), where);
    if (!document.at("frozen_share").is_null())
        layer.frozenShare = numberFromJson(document.at("frozen_share"), where);
    layer.zeroShare = numberFromJson(document.at("zero_share"), where);
    layer.levelEntropyBits = numberFromJson(document.at("level_entropy_bits"), where);
    if (!document.at("sqnr_db").is_null()) layer.sqnrDb = numberFromJson(document.at("sqnr_db"), where);
    if (!document.at("flips").is_null()) layer.flips = document.at("flips").get<std::int64_t>();
    if (!document.at("search").is_null()) layer.search = searchFromJson(document.at("search"), where);
    layer.diagnostics = scalarsFromJson(document.at("diagnostics"), where);
    if (document.contains("input_diagnostics")) // absent before inputs had them
        layer.inputDiagnostics = scalarsFromJson(document.at("input_diagnostics"), where);
    return layer;
}

} // namespace

Json toJson(const WeightSnapshot& snapshot) {
    Json layers = Json::array();
    for (const auto& layer : snapshot.layers)
        layers.push_back(layerToJson(layer));
    return {{"epoch", snapshot.epoch}, {"step", snapshot.step}, {"layers", layers}};
}

WeightSnapshot weightSnapshotFromJson(const Json& document, const std::string& where) {
    try {
        WeightSnapshot snapshot{
            document.at("epoch").get<std::int64_t>(), document.at("step").get<std::int64_t>(), {}};
        for (const auto& layer : document.at("layers"))
            snapshot.layers.push_back(layerFromJson(layer, where));
        return snapshot;
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Data, std::string("not a weight snapshot: ") + error.what(), where);
    }
}

} // namespace quantarium
