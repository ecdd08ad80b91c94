// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "core/quant/layer_statistics.h"
#include "core/quant/weight_quantizer.h"

namespace quantarium::quant {

/// What the latent-weight methods share: a float weight W that the optimizer trains, and a rule that makes
/// the network's weight from it at every step. Here are freezing, snapshots, flips and state; a method adds
/// its rule, the levels that the rule can give, and the closed-form gradient at W from g.
///
/// Levels come as a tensor [1, L] (one codebook for the layer) or [filters, L] (one per index of dimension
/// 0), ascending, and hold the very floats that deployed() gives, so that decoding a frozen weight gives the
/// same bits: write both with the same operations in the same order.
///
/// The latent weight and the g handed to latentGradient() lie in the order of indices whatever the
/// parameter's memory format is, so `view({filters(), -1})` is a matrix of filters and sums have one order.
class LatentQuantizer : public WeightQuantizer {
public:
    void materialize(Mode mode, int pass) override;
    void backward(const torch::Tensor& g, int pass) override;
    std::vector<ParameterGroup> parameterGroups() override;
    FrozenWeight freeze() const override;
    LayerSnapshot snapshot(bool markFlips) override;
    void save(torch::OrderedDict<std::string, torch::Tensor>& tensors, Json& numbers) const override;
    void load(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers) override;

protected:
    LatentQuantizer(const QuantizerArguments& arguments, std::string method);

    /// The network's weight from the latent one, deterministic: what is evaluated, frozen and counted.
    virtual torch::Tensor deployed() const = 0;
    /// The weight of a training step; methods with chance or running statistics override it.
    virtual torch::Tensor forTraining() { return deployed(); }
    /// All levels of the rule as it stands, [1, L] or [filters, L], ascending, float type of the latent
    /// weight.
    virtual torch::Tensor levels() const = 0;
    /// dL/dW from g; also writes the gradients of the method's own trainables.
    virtual torch::Tensor latentGradient(const torch::Tensor& g) = 0;
    /// Bits of scales and codebooks stored beside the codes.
    virtual std::int64_t sideBits() const = 0;
    /// The method's own scalars for displays.
    virtual std::map<std::string, double> diagnostics() const { return {}; }

    /// Registers a tensor of the method's state under a name: saved, and loaded in place.
    void keep(const std::string& name, const torch::Tensor& tensor) { m_kept.emplace_back(name, tensor); }
    /// A trainable of the method with its group's rules; kept as state, too.
    void train(const std::string& name, const torch::Tensor& tensor, std::optional<double> weightDecay,
               double learningRateMultiplier);
    /// Writes a trainable's gradient.
    static void setGradient(const torch::Tensor& trainable, const torch::Tensor& gradient);
    /// Draws the latent weight uniformly from [−half, half], by the run's seed and the layer's name.
    void startUniform(std::uint64_t seed, double half);
    /// At the end of a constructor: flips count from here.
    void startCountingFlips() { m_flips.restore(codes()); }
    /// The latent weight's learning rate relative to the optimizer's; before parameterGroups().
    void scaleLearningRate(double factor) { m_learningRateMultiplier = factor; }
    /// The latent weight's decay instead of the optimizer's.
    void setWeightDecay(double decay) { m_weightDecay = decay; }

    torch::Tensor latent() const { return m_latent.detach(); } ///< shares memory
    const LayerContext& layer() const { return m_layer; }
    std::int64_t bits() const { return m_bits; }
    std::int64_t filters() const { return m_latent.size(0); }
    std::int64_t elements() const { return m_latent.numel(); }
    /// Elements of one filter.
    std::int64_t filterElements() const { return m_latent.numel() / std::max<std::int64_t>(1, filters()); }
    /// All dimensions but the first, for statistics per filter.
    std::vector<std::int64_t> filterDims() const;

private:
    torch::Tensor codes() const; ///< int16 [N] on the CPU, of deployed()

    torch::Tensor m_parameter;
    LayerContext m_layer;
    std::string m_method;
    std::int64_t m_bits;
    torch::Tensor m_latent;
    std::optional<double> m_weightDecay;
    double m_learningRateMultiplier = 1.0;
    std::vector<std::pair<std::string, torch::Tensor>> m_kept;
    std::vector<ParameterGroup> m_groups;
    FlipCounter m_flips;
};

/// Floats per weight beside the parameter and its gradient: latent weight, its gradient, momentum.
double latentFloatsPerWeight(std::int64_t bits, const Options& options);

} // namespace quantarium::quant
