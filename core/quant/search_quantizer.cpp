// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/search_quantizer.h"

#include <algorithm>
#include <cmath>

namespace quantarium::quant {

namespace {

constexpr std::int64_t kExamples = 16;

std::vector<WeightLogits> exampleLogits(const torch::Tensor& logits) {
    const std::int64_t weights = logits.size(1);
    const std::int64_t count = std::min(kExamples, weights);
    std::vector<std::int64_t> places;
    for (std::int64_t j = 0; j < count; ++j)
        places.push_back((2 * j + 1) * weights / (2 * count));
    const auto index = torch::tensor(places, torch::TensorOptions(torch::kInt64).device(logits.device()));
    const auto taken = logits.index_select(1, index).to(torch::kCPU, torch::kFloat64).t().contiguous();
    const auto* data = taken.data_ptr<double>();
    std::vector<WeightLogits> examples;
    for (std::int64_t j = 0; j < count; ++j)
        examples.push_back(
            {places[j], std::vector<double>(data + j * logits.size(0), data + (j + 1) * logits.size(0))});
    return examples;
}

} // namespace

SearchQuantizer::SearchQuantizer(const QuantizerArguments& arguments, std::string method,
                                 const ValueSpace& space, const torch::Tensor& trainable)
    : m_parameter(arguments.parameter), m_layer(arguments.layer), m_method(std::move(method)),
      m_bits(space.bits()), m_codebook(space.values()),
      m_values(torch::tensor(m_codebook).to(arguments.parameter.device(), arguments.parameter.scalar_type())),
      m_trainable(trainable.detach().contiguous().requires_grad_()),
      m_flips(torch::zeros({arguments.parameter.numel()}, torch::kInt16)) {}

void SearchQuantizer::materialize(Mode mode, int pass) {
    const torch::NoGradGuard guard;
    if (mode == Mode::Train && pass == 0) drawNoise();
    auto target = m_parameter.detach();
    if (target.is_contiguous()) {
        chooseInto(target.view({-1}), mode);
    } else {
        const auto flat = torch::empty({target.numel()}, target.options());
        chooseInto(flat, mode);
        target.copy_(flat.view(target.sizes()));
    }
}

void SearchQuantizer::chooseInto(const torch::Tensor& flat, Mode mode) const {
    quant::chooseInto(mode == Mode::Train ? search() : SearchLogits{logits(), {}, 0, m_values}, flat);
}

torch::Tensor SearchQuantizer::codes() const {
    const torch::NoGradGuard guard;
    return chosenCodes({logits(), {}, 0, m_values}).to(torch::kCPU);
}

torch::Tensor SearchQuantizer::gradient() {
    if (!m_trainable.grad().defined()) m_trainable.mutable_grad() = torch::empty_like(m_trainable);
    return m_trainable.mutable_grad();
}

float* SearchQuantizer::momentum(const SgdSettings& settings) {
    if (settings.momentum == 0) return nullptr;
    if (!m_momentum.defined()) m_momentum = torch::zeros_like(m_trainable.detach());
    return m_momentum.data_ptr<float>();
}

FrozenWeight SearchQuantizer::freeze() const {
    FrozenWeight frozen;
    frozen.shape = m_parameter.sizes().vec();
    frozen.bits = m_bits;
    frozen.codes = codes();
    frozen.codebook = m_codebook;
    return frozen;
}

LayerSnapshot SearchQuantizer::snapshot(bool markFlips) {
    const torch::NoGradGuard guard;
    auto snapshot = emptySnapshot(m_method, m_bits, m_layer, m_parameter);
    const auto now = freeze();
    const SearchLogits plain{logits(), {}, 0, m_values};
    const auto summary = summarize(plain, temperature().value_or(1.0));
    describeLevels(snapshot, now, summary.soft);
    snapshot.latent =
        histogramOf(summary.soft, 1.05 * std::max(std::abs(m_codebook.front()), std::abs(m_codebook.back())));
    snapshot.flips = m_flips.count(now.codes, markFlips);
    SearchState state;
    state.temperature = temperature();
    state.noise = noiseWeight();
    state.meanPathEntropy = summary.meanEntropy;
    state.meanLargestProbability = summary.meanLargest;
    state.flipRate = static_cast<double>(*snapshot.flips) / static_cast<double>(m_parameter.numel());
    state.values.assign(m_codebook.begin(), m_codebook.end());
    state.examples = exampleLogits(plain.logits);
    snapshot.search = std::move(state);
    snapshot.diagnostics["logit_gap"] = summary.meanGap;
    return snapshot;
}

void SearchQuantizer::save(torch::OrderedDict<std::string, torch::Tensor>& tensors, Json& numbers) const {
    (void)numbers;
    tensors.insert("logits", m_trainable.detach().clone());
    tensors.insert("marked", m_flips.marked().clone());
    if (m_momentum.defined()) tensors.insert("momentum", m_momentum.clone());
}

void SearchQuantizer::load(const torch::OrderedDict<std::string, torch::Tensor>& tensors,
                           const Json& numbers) {
    const torch::NoGradGuard guard;
    const StateReader state(tensors, numbers, m_layer.name);
    const auto type = m_trainable.scalar_type();
    const auto logits = state.tensor("logits", m_trainable.sizes(), type);
    const auto marked = state.tensor("marked", {m_parameter.numel()}, torch::kInt16);
    torch::Tensor momentum;
    if (state.has("momentum"))
        momentum =
            state.tensor("momentum", m_trainable.sizes(), type).to(m_trainable.device()).clone().contiguous();
    m_trainable.detach().copy_(logits);
    m_flips.restore(marked.cpu());
    m_momentum = momentum;
}

} // namespace quantarium::quant
