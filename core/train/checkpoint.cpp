// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/checkpoint.h"

#include "core/base/error.h"
#include "core/nn/tensor_file.h"
#include "core/quant/bit_packing.h"
#include "core/train/resolve.h"

namespace quantarium::train {

namespace {

constexpr const char* kFormat = "quantarium-checkpoint/1";
constexpr const char* kKey = "quantarium.state";

using Tensors = torch::OrderedDict<std::string, torch::Tensor>;

torch::Tensor stored(const torch::Tensor& tensor) {
    return tensor.detach().to(torch::kCPU).contiguous();
}

void put(nn::TensorFile& file, const std::string& prefix, const Tensors& tensors) {
    for (const auto& item : tensors)
        file.tensors[prefix + item.key()] = stored(item.value());
}

Tensors take(const nn::TensorFile& file, const std::string& prefix) {
    Tensors tensors;
    for (auto found = file.tensors.lower_bound(prefix);
         found != file.tensors.end() && found->first.starts_with(prefix); ++found)
        tensors.insert(found->first.substr(prefix.size()), found->second);
    return tensors;
}

Tensors networkState(const torch::nn::Module& network) {
    Tensors state;
    for (const auto& item : network.named_parameters())
        state.insert(item.key(), item.value());
    for (const auto& item : network.named_buffers())
        state.insert(item.key(), item.value());
    return state;
}

std::string quantizerPrefix(const QuantizedLayer& layer) {
    return "quantizer/" + layer.node.parameter + "/";
}

std::string activationPrefix(const QuantizedLayer& layer) {
    return "activation/" + layer.node.layer + "/";
}

Json stateToJson(const TrainingState& state) {
    Json losses = Json::array();
    for (const double loss : state.partialLosses)
        losses.push_back(numberToJson(loss));
    return {{"epoch", state.epoch},
            {"batch", state.batch},
            {"step", state.step},
            {"best_epoch", state.bestEpoch},
            {"best_metric", numberToJson(state.bestMetric)},
            {"seconds", state.seconds},
            {"epoch_began", state.epochBegan},
            {"step_seconds", state.stepSeconds},
            {"step_cpu_seconds", state.stepCpuSeconds},
            {"snapshot_seconds", state.snapshotSeconds},
            {"partial_sums", state.partialSums},
            {"partial_losses", losses}};
}

TrainingState stateFromJson(const Json& document, const std::string& where) {
    TrainingState state;
    document.at("epoch").get_to(state.epoch);
    document.at("batch").get_to(state.batch);
    document.at("step").get_to(state.step);
    document.at("best_epoch").get_to(state.bestEpoch);
    state.bestMetric = numberFromJson(document.at("best_metric"), where);
    document.at("seconds").get_to(state.seconds);
    document.at("epoch_began").get_to(state.epochBegan);
    document.at("step_seconds").get_to(state.stepSeconds);
    document.at("step_cpu_seconds").get_to(state.stepCpuSeconds);
    document.at("snapshot_seconds").get_to(state.snapshotSeconds);
    state.partialSums = document.at("partial_sums");
    for (const auto& loss : document.at("partial_losses"))
        state.partialLosses.push_back(numberFromJson(loss, where));
    return state;
}

[[noreturn]] void fail(const std::string& problem, const std::filesystem::path& file) {
    throw Error(ErrorKind::Data, problem, file.string(),
                "Delete this file to train the run anew; the epochs recorded so far stay in the workspace.");
}

nn::TensorFile readCheckpoint(const std::filesystem::path& file) {
    try {
        return nn::readTensorFile(file);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Data) throw;
        fail(error.problem(), file); // with a remedy that fits a checkpoint
    }
}

void restoreNetwork(const nn::TensorFile& content, Session& session, const std::filesystem::path& file) {
    const auto saved = take(content, "network/");
    torch::NoGradGuard guard;
    for (const auto& item : networkState(*session.network)) {
        const auto* found = saved.find(item.key());
        if (found == nullptr || found->sizes() != item.value().sizes() ||
            found->dtype() != item.value().dtype())
            fail("the tensor " + item.key() + " is missing or has another shape", file);
        torch::Tensor(item.value()).copy_(*found);
    }
}

} // namespace

void saveCheckpoint(const std::filesystem::path& file, const Session& session, const TrainingState& state) {
    nn::TensorFile content;
    put(content, "network/", networkState(*session.network));
    Json quantizers = Json::object();
    for (const auto& layer : session.layers) {
        Tensors tensors;
        Json numbers = Json::object();
        layer.quantizer->save(tensors, numbers);
        put(content, quantizerPrefix(layer), tensors);
        quantizers[layer.node.parameter] = numbers;
        if (!layer.activation) continue;
        Tensors activation;
        layer.activation->save(activation);
        put(content, activationPrefix(layer), activation);
    }
    Tensors tensors;
    Json optimizer = Json::object();
    session.optimizer->save(tensors, optimizer);
    put(content, "optimizer/", tensors);
    content.texts[kKey] = dumpJson({{"format", kFormat},
                                    {"identity", identity(session.config)},
                                    {"state", stateToJson(state)},
                                    {"quantizers", quantizers},
                                    {"optimizer", optimizer}});
    nn::writeTensorFile(file, content);
}

TrainingState loadCheckpoint(const std::filesystem::path& file, Session& session) {
    const auto content = readCheckpoint(file);
    const auto text = content.texts.find(kKey);
    if (text == content.texts.end()) fail("this is no checkpoint of a run", file);
    const auto document = parseJson(text->second, file.string());
    try {
        if (document.at("format") != kFormat)
            fail("the checkpoint's format is " + dumpJson(document.at("format")) + "; this version reads " +
                     kFormat,
                 file);
        if (document.at("identity") != identity(session.config))
            fail("the checkpoint belongs to another configuration", file);
        restoreNetwork(content, session, file);
        for (auto& layer : session.layers) {
            layer.quantizer->load(take(content, quantizerPrefix(layer)),
                                  document.at("quantizers").at(layer.node.parameter));
            if (layer.activation) layer.activation->load(take(content, activationPrefix(layer)));
        }
        session.optimizer->load(take(content, "optimizer/"), document.at("optimizer"));
        return stateFromJson(document.at("state"), file.string());
    } catch (const nlohmann::json::exception& error) {
        fail(std::string("the checkpoint lacks something: ") + error.what(), file);
    }
}

void saveModel(const std::filesystem::path& file, Session& session) {
    nn::TensorFile content;
    session.materialize(quant::Mode::Eval);
    put(content, "", networkState(*session.network));
    for (const auto& layer : session.layers) {
        if (layer.activation) {
            Tensors activation;
            layer.activation->save(activation);
            put(content, "quantarium.activation." + layer.node.layer + ".", activation);
        }
        if (!layer.quantized()) continue;
        const auto frozen = layer.quantizer->freeze();
        const auto codes = frozen.codes.contiguous();
        const auto packed = quant::packCodes(
            {codes.data_ptr<std::int16_t>(), static_cast<std::size_t>(codes.numel())}, frozen.bits);
        content.tensors["quantarium.codes." + layer.node.parameter] = torch::tensor(packed, torch::kUInt8);
        content.tensors["quantarium.codebook." + layer.node.parameter] =
            torch::tensor(frozen.codebook).view({frozen.codebooks, -1});
        content.texts["quantarium.bits." + layer.node.parameter] = std::to_string(frozen.bits);
    }
    content.texts["quantarium.config"] = dumpJson(session.config.toJson());
    nn::writeTensorFile(file, content);
}

} // namespace quantarium::train
