// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

#include "core/quant/layer_statistics.h"
#include "core/quant/search_passes.h"
#include "core/quant/value_space.h"
#include "core/quant/weight_quantizer.h"

namespace quantarium::quant {

/// What RDHS and SGT share: trainables that say, for each weight, which of m values it takes; the weight is
/// the value with the largest logit. Here are the choice, freezing, snapshots, the fused step's momentum, and
/// the state.
///
/// Logits lie as m planes of N weights ([m, out, in, kH, kW]), in the order of indices whatever the
/// parameter's memory format is.
class SearchQuantizer : public WeightQuantizer {
public:
    void materialize(Mode mode, int pass) override;
    std::vector<ParameterGroup> parameterGroups() override { return {{{m_trainable}, 0.0, 1.0}}; }
    void resetFusedState() override { m_momentum = torch::Tensor(); }
    FrozenWeight freeze() const override;
    LayerSnapshot snapshot(bool markFlips) override;
    void save(torch::OrderedDict<std::string, torch::Tensor>& tensors, Json& numbers) const override;
    void load(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers) override;

protected:
    /// @param trainable what the method trains, of the parameter's type and device
    SearchQuantizer(const QuantizerArguments& arguments, std::string method, const ValueSpace& space,
                    const torch::Tensor& trainable);

    /// Logits by value, [m, N], detached.
    virtual torch::Tensor logits() const { return planes(m_trainable); }
    /// Writes the chosen weight into a flat tensor: in training by the logits with this step's noise.
    virtual void chooseInto(const torch::Tensor& flat, Mode mode) const;
    virtual torch::Tensor codes() const; ///< int16 [N] on the CPU, deterministic

    virtual void drawNoise() {} ///< before a step's first choice
    virtual torch::Tensor noise() const { return {}; }
    virtual double noiseWeight() const { return 0; }
    virtual std::optional<double> temperature() const { return std::nullopt; }

    SearchLogits search() const { return {logits(), noise(), noiseWeight(), m_values}; }
    const LayerContext& layer() const { return m_layer; }
    const torch::Tensor& trainable() const { return m_trainable; }
    torch::Tensor planes(const torch::Tensor& tensor) const {
        return tensor.detach().view({-1, m_parameter.numel()});
    }
    const std::vector<float>& codebook() const { return m_codebook; }

    /// The choice now is what flips count from; at the end of a constructor.
    void startCountingFlips() { m_flips.restore(codes()); }

    /// g as the loops want it: flat, in the order of indices.
    torch::Tensor flatGradient(const torch::Tensor& g) const { return g.detach().contiguous().view({-1}); }
    /// The trainables' gradient, made when it isn't there.
    torch::Tensor gradient();
    bool canFuse(const torch::Tensor& g) const { return runsKernels(m_trainable) && runsKernels(g); }
    /// The fused step's momentum, or null when the rule has none.
    float* momentum(const SgdSettings& settings);

private:
    torch::Tensor m_parameter;
    LayerContext m_layer;
    std::string m_method;
    std::int64_t m_bits;
    std::vector<float> m_codebook;
    torch::Tensor m_values; ///< codebook, of the parameter's type and device
    torch::Tensor m_trainable;
    torch::Tensor m_momentum; ///< of fused steps, or undefined
    FlipCounter m_flips;
};

/// The fixed power of two that brings pre-activations to a size of 1 where no batch norm follows:
/// 2^round(−log2(fanIn · E[q²]) / 2). 1 where a batch norm is known to follow.
float fixedScale(const LayerContext& layer, const ValueSpace& space);

/// The value space that a method's options and bits mean: the listed values or the published ones.
ValueSpace spaceOf(std::int64_t bits, const Options& options);
/// Throws Error(Config) with `where` when the listed values don't need exactly `bits` bits, or none are
/// listed above 3.
void checkSpace(std::int64_t bits, const Options& options, const std::string& where);

/// None where all values are 0 or powers of two; one scale afterwards where they are so times a common
/// factor.
MultiplicationFlags multiplicationsOf(const ValueSpace& space);

/// The options that RDHS and SGT share: values, init, init_deviation.
std::vector<OptionSpec> searchOptions();

/// Starting logits [m, ...]: random ones ~ N(0, 0.01²) from the initialization stream and the layer's name,
/// or −(w / c − q_k)² / (2 · init_deviation²) with c = bestScale, so that the nearest value wins.
torch::Tensor startingLogits(const QuantizerArguments& arguments, const ValueSpace& space);

/// argmin_{c > 0} ‖w − c Q(w / c)‖ with Q the nearest value; 1 for a weight of zeros.
double bestScale(const torch::Tensor& weight, const ValueSpace& space);

} // namespace quantarium::quant
