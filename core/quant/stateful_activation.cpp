// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/stateful_activation.h"

#include <cmath>

#include "core/base/error.h"
#include "core/quant/layer_statistics.h"

namespace quantarium::quant {

StatefulActivation::StatefulActivation(const ActivationArguments& arguments)
    : m_layer(arguments.layer.name), m_bits(arguments.bits), m_device(arguments.device),
      m_started(keepCount("started")) {}

torch::Tensor StatefulActivation::before(const torch::Tensor& given) {
    const bool half = given.scalar_type() == torch::kBFloat16 || given.scalar_type() == torch::kHalf;
    return half ? exactly(given.to(torch::kFloat32)).to(given.scalar_type()) : exactly(given);
}

torch::Tensor StatefulActivation::exactly(const torch::Tensor& input) {
    if (m_started.item<std::int64_t>() != 0) return quantize(input);
    torch::OrderedDict<std::string, torch::Tensor> untouched;
    save(untouched);
    {
        const torch::NoGradGuard guard;
        start(input);
        m_started.fill_(1);
    }
    auto output = quantize(input);
    if (!training()) load(untouched);
    return output;
}

torch::Tensor StatefulActivation::keep(const std::string& name, double value, std::int64_t size) {
    auto tensor = torch::full({size}, value, torch::TensorOptions().device(m_device));
    m_state.insert(name, tensor);
    return tensor;
}

torch::Tensor StatefulActivation::keepCount(const std::string& name) {
    auto tensor = torch::zeros({1}, torch::kInt64); // read at each pass: on the CPU
    m_state.insert(name, tensor);
    return tensor;
}

torch::Tensor StatefulActivation::train(const std::string& name, double value,
                                        std::optional<double> weightDecay, std::int64_t size) {
    auto tensor = keep(name, value, size).requires_grad_();
    m_groups.push_back({{tensor}, weightDecay, 1.0});
    return tensor;
}

void StatefulActivation::save(torch::OrderedDict<std::string, torch::Tensor>& tensors) const {
    for (const auto& item : m_state)
        tensors.insert(item.key(), item.value().detach().cpu().clone());
}

void StatefulActivation::load(const torch::OrderedDict<std::string, torch::Tensor>& tensors) {
    const torch::NoGradGuard guard;
    const StateReader reader(tensors, Json::object(), m_layer);
    for (const auto& item : m_state)
        item.value().detach().copy_(
            reader.tensor(item.key(), item.value().sizes().vec(), item.value().scalar_type()));
}

CodeRange CodeRange::of(std::int64_t bits, bool isSigned) {
    const double codes = std::ldexp(1.0, static_cast<int>(bits));
    return isSigned ? CodeRange{-codes / 2, codes / 2 - 1} : CodeRange{0, codes - 1};
}

bool needsSign(const std::string& option, std::int64_t bits, const torch::Tensor& input) {
    if (option != "auto") return option == "signed";
    return bits > 1 && input.lt(0).any().item<bool>();
}

OptionSpec signOption() {
    return OptionSpec::choice("sign", "Sign", "auto", {"auto", "unsigned", "signed"},
                              "unsigned: all codes for values from 0 on, as behind a ReLU; auto: unsigned "
                              "unless the first batch has negative values")
        .asAdvanced();
}

bool hasNoSign(std::int64_t bits, const Options& options) {
    return bits == 1 || options.text("sign") == "unsigned";
}

void requireRoomForSign(std::int64_t bits, const Options& options, const std::string& where) {
    if (bits == 1 && options.text("sign") == "signed")
        throw Error(ErrorKind::Config, "one bit has no room for a sign", where,
                    "Use 2 bits or more, or sign=unsigned.");
}

} // namespace quantarium::quant
