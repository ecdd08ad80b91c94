// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/quant/quantizers.h"

#include <stdexcept>

#include <ATen/CPUGeneratorImpl.h>

namespace quantarium::testing {

torch::Tensor Attached::weight(quant::Mode mode) {
    quantizer->materialize(mode);
    return parameter.detach().clone(torch::MemoryFormat::Contiguous);
}

torch::Tensor Attached::gradient(const torch::Tensor& g) {
    quantizer->backward(g);
    return trainable().grad().clone();
}

void Attached::setLogits(const torch::Tensor& logits) {
    torch::OrderedDict<std::string, torch::Tensor> tensors;
    Json numbers = Json::object();
    quantizer->save(tensors, numbers);
    tensors["logits"] = logits.to(parameter.scalar_type()).contiguous();
    quantizer->load(tensors, numbers);
}

Attached attach(const std::string& method, std::int64_t bits, const torch::Tensor& weight,
                const Json& options, bool pretrained, std::uint64_t seed) {
    const auto& entry = quant::builtinWeightMethods().at(method, "test");
    if (bits < entry.minimumBits || bits > entry.maximumBits)
        throw std::invalid_argument(method + " has no " + std::to_string(bits) + " bits");
    quant::QuantizerArguments arguments;
    arguments.parameter = weight.detach().clone().requires_grad_();
    arguments.layer.name = "layer.weight";
    arguments.layer.shape = weight.sizes().vec();
    arguments.layer.fanIn = weight.numel() / std::max<std::int64_t>(1, weight.size(0));
    arguments.layer.fanOut = weight.dim() > 1 ? weight.numel() / weight.size(1) : weight.size(0);
    arguments.layer.followedByBatchNorm = true;
    arguments.bits = bits;
    arguments.options = Options::validated(entry.schema.options, options, "test");
    arguments.seed = seed;
    arguments.pretrained = pretrained;
    return {arguments.parameter, entry.make(arguments)};
}

std::unique_ptr<quant::ActivationQuantizer> attachActivation(const std::string& method, std::int64_t bits,
                                                             const Json& options) {
    const auto& entry = quant::builtinActivationMethods().at(method, "test");
    quant::ActivationArguments arguments;
    arguments.layer.name = "layer.weight";
    arguments.bits = bits;
    arguments.options = Options::validated(entry.schema.options, options, "test");
    auto quantizer = entry.make(arguments);
    quantizer->setMode(quant::Mode::Train);
    return quantizer;
}

void copyState(const quant::WeightQuantizer& from, quant::WeightQuantizer& to) {
    torch::OrderedDict<std::string, torch::Tensor> tensors;
    Json numbers = Json::object();
    from.save(tensors, numbers);
    to.load(tensors, parseJson(dumpJson(numbers), "test"));
}

torch::Tensor randomTensor(torch::IntArrayRef shape, std::uint64_t seed, torch::ScalarType type) {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    return torch::empty(shape, torch::kFloat64).normal_(0, 1, generator).to(type);
}

} // namespace quantarium::testing
