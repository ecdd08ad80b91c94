// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/latent_quantizer.h"

#include <numeric>

#include <ATen/CPUGeneratorImpl.h>

#include "core/base/random.h"

namespace quantarium::quant {

namespace {

/// Levels as a flat list of floats, codebook after codebook.
std::vector<float> codebookOf(const torch::Tensor& levels) {
    const auto flat = plainFloats(levels);
    return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

/// The index of the level nearest to each value; levels ascend within each of the `codebooks`.
torch::Tensor nearestLevels(const torch::Tensor& values, const std::vector<float>& levels,
                            std::int64_t codebooks) {
    auto codes = torch::empty({values.numel()}, torch::kInt16);
    auto* out = codes.data_ptr<std::int16_t>();
    const auto* value = values.data_ptr<float>();
    const auto count = static_cast<std::int64_t>(levels.size()) / codebooks;
    const std::int64_t perBook = values.numel() / codebooks;
    for (std::int64_t i = 0; i < values.numel(); ++i) {
        const auto* first = levels.data() + (i / perBook) * count;
        const auto* above = std::lower_bound(first, first + count, value[i]);
        if (above == first + count || (above != first && value[i] - above[-1] < *above - value[i])) --above;
        out[i] = static_cast<std::int16_t>(above - first);
    }
    return codes;
}

} // namespace

LatentQuantizer::LatentQuantizer(const QuantizerArguments& arguments, std::string method)
    : m_parameter(arguments.parameter), m_layer(arguments.layer), m_method(std::move(method)),
      m_bits(arguments.bits),
      m_latent(arguments.parameter.detach().clone(torch::MemoryFormat::Contiguous).requires_grad_()),
      m_flips(torch::zeros({arguments.parameter.numel()}, torch::kInt16)) {}

void LatentQuantizer::materialize(Mode mode, int) {
    const torch::NoGradGuard guard;
    m_parameter.detach().copy_(mode == Mode::Train ? forTraining() : deployed());
}

void LatentQuantizer::backward(const torch::Tensor& g, int) {
    const torch::NoGradGuard guard;
    setGradient(m_latent, latentGradient(g.detach().contiguous()));
}

std::vector<ParameterGroup> LatentQuantizer::parameterGroups() {
    std::vector<ParameterGroup> groups{{{m_latent}, m_weightDecay, m_learningRateMultiplier}};
    groups.insert(groups.end(), m_groups.begin(), m_groups.end());
    return groups;
}

void LatentQuantizer::train(const std::string& name, const torch::Tensor& tensor,
                            std::optional<double> weightDecay, double learningRateMultiplier) {
    keep(name, tensor.detach());
    m_groups.push_back({{tensor}, weightDecay, learningRateMultiplier});
}

void LatentQuantizer::setGradient(const torch::Tensor& trainable, const torch::Tensor& gradient) {
    if (!trainable.grad().defined()) trainable.mutable_grad() = torch::empty_like(trainable);
    trainable.mutable_grad().copy_(gradient);
}

std::vector<std::int64_t> LatentQuantizer::filterDims() const {
    std::vector<std::int64_t> dims(static_cast<std::size_t>(m_latent.dim() - 1));
    std::iota(dims.begin(), dims.end(), 1);
    return dims;
}

torch::Tensor LatentQuantizer::codes() const {
    const auto now = levels();
    return nearestLevels(plainFloats(deployed()), codebookOf(now), now.size(0));
}

FrozenWeight LatentQuantizer::freeze() const {
    const torch::NoGradGuard guard;
    FrozenWeight frozen;
    frozen.shape = m_parameter.sizes().vec();
    frozen.bits = m_bits;
    frozen.codes = codes();
    const auto now = levels();
    frozen.codebook = codebookOf(now);
    frozen.codebooks = now.size(0);
    frozen.sideBits = sideBits();
    return frozen;
}

LayerSnapshot LatentQuantizer::snapshot(bool markFlips) {
    const torch::NoGradGuard guard;
    auto snapshot = emptySnapshot(m_method, m_bits, m_layer, m_parameter);
    const auto frozen = freeze();
    const auto latent = plainFloats(m_latent);
    describeLevels(snapshot, frozen, latent);
    snapshot.latent = histogramOf(latent, robustReach(latent));
    snapshot.flips = m_flips.count(frozen.codes, markFlips);
    snapshot.diagnostics = diagnostics();
    return snapshot;
}

void LatentQuantizer::save(torch::OrderedDict<std::string, torch::Tensor>& tensors, Json&) const {
    tensors.insert("latent", m_latent.detach().contiguous().clone());
    for (const auto& [name, tensor] : m_kept)
        tensors.insert(name, tensor.detach().contiguous().clone());
    tensors.insert("marked", m_flips.marked().clone());
}

void LatentQuantizer::load(const torch::OrderedDict<std::string, torch::Tensor>& tensors,
                           const Json& numbers) {
    const torch::NoGradGuard guard;
    const StateReader state(tensors, numbers, m_layer.name);
    const auto latent = state.tensor("latent", m_latent.sizes(), m_latent.scalar_type());
    const auto marked = state.tensor("marked", {m_latent.numel()}, torch::kInt16);
    std::vector<torch::Tensor> kept; // all of it is there before anything is changed
    for (const auto& [name, tensor] : m_kept)
        kept.push_back(state.tensor(name, tensor.sizes(), tensor.scalar_type()));
    m_latent.detach().copy_(latent);
    for (std::size_t i = 0; i < kept.size(); ++i)
        m_kept[i].second.detach().copy_(kept[i]);
    m_flips.restore(marked.cpu());
}

void LatentQuantizer::startUniform(std::uint64_t seed, double half) {
    const torch::NoGradGuard guard;
    auto generator =
        at::detail::createCPUGenerator(deriveSeed(deriveSeed(seed, streams::kInitialization), m_layer.name));
    latent().copy_(torch::empty(m_latent.sizes(), torch::kFloat32).uniform_(-half, half, generator));
}

double latentFloatsPerWeight(std::int64_t, const Options&) {
    return 3;
}

} // namespace quantarium::quant
