// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/options.h"
#include "core/base/registry.h"
#include "core/quant/calibration.h"
#include "core/run/snapshot.h"

namespace quantarium::quant {

enum class Mode {
    Train, ///< may draw from the sampling stream and advance state
    Eval   ///< deterministic, changes nothing: what would be deployed
};

/// The batch norm behind a layer. Its tensors are the network's own: they move while it trains.
struct FollowingBatchNorm {
    torch::Tensor weight;          ///< γ, [out]
    torch::Tensor runningVariance; ///< [out]
    double epsilon = 1e-5;
};

/// What a quantizer may know of its layer.
struct LayerContext {
    std::string name;                ///< parameter name, "layer1.0.conv1.weight"
    std::vector<std::int64_t> shape; ///< [out, in / groups, kH, kW] or [out, in]
    std::int64_t fanIn = 0;          ///< in / groups × kH × kW, or in
    std::int64_t fanOut = 0;         ///< out / groups × kH × kW, or out
    bool first = false;
    bool last = false;
    bool depthwise = false;
    std::int64_t stride = 1;                       ///< of a convolution
    std::int64_t padding = 0;                      ///< of a convolution
    std::optional<bool> followedByBatchNorm;       ///< unknown without a layer graph
    std::optional<FollowingBatchNorm> batchNorm{}; ///< that one, where the network is at hand: not in plans
};

/// Where training stands when onEpoch is called (before the epoch), and how long it will be.
struct TrainingPoint {
    std::int64_t epoch = 0;  ///< epochs finished
    std::int64_t epochs = 0; ///< epochs in total
};

/// What the method wants from the trainer at an epoch's start. Restarts of the schedule are known beforehand:
/// scheduleRestarts.
struct EpochRequests {
    bool resetOptimizerState = false; ///< momentum and second moments of everything
};

/// Trainables of a method with their own rules.
struct ParameterGroup {
    std::vector<torch::Tensor> tensors;
    std::optional<double> weightDecay; ///< instead of the optimizer's; search logits use 0
    double learningRateMultiplier = 1.0;
};

/// Plain SGD as torch::optim::SGD defines it (dampening 0): v = momentum·v + (g + decay·w); w −= lr·(nesterov
/// ? g + momentum·v : v).
struct SgdSettings {
    double learningRate = 0.1;
    double momentum = 0.0;
    double weightDecay = 0.0; ///< of the optimizer; a group's own value takes precedence
    bool nesterov = false;
};

/// Weights as integers on a grid, for layers that compute with integers only: scale · (integer − zeroPoint)
/// is the weight times the factor γ / √(σ² + ε) of the batch norm behind the layer, or the weight itself when
/// there is none.
struct IntegerWeight {
    torch::Tensor integers; ///< int8, in the weight's shape, on the CPU
    double scale = 1;       ///< above 0
    std::int64_t zeroPoint = 0;
    bool foldsBatchNorm = false;
};

/// Quantized weights as they are stored: one code per weight and the values the codes mean.
struct FrozenWeight {
    std::vector<std::int64_t> shape;
    std::int64_t bits =
        32; ///< bits a code occupies when packed, 1 … 9; 32: `codes` is empty, `values` holds floats
    torch::Tensor codes;         ///< int16, flat
    std::vector<float> codebook; ///< value of code i; several codebooks lie one after the other
    std::int64_t codebooks = 1;  ///< 1: one for the layer; else one per index of dimension 0 (per filter)
    std::int64_t sideBits = 0;   ///< bits of scales and codebooks that have to be stored beside the codes
    torch::Tensor values;        ///< float layers only
    std::optional<IntegerWeight> integer{}; ///< of methods made for integer arithmetic

    /// The weight tensor, float32, on the CPU; equals materialize(Eval) bit for bit.
    torch::Tensor decode() const;
};

/// One quantizer for one weight tensor (the network's parameter), which it writes in place.
///
/// It owns what its method trains: a latent weight, or logits over the value space, scales, masks, duals. The
/// parameter keeps requires_grad, so autograd leaves g = dL/d(quantized weight) in its .grad(); the optimizer
/// never sees the parameter itself, only parameterGroups(). Thread: the run's thread.
class WeightQuantizer {
public:
    virtual ~WeightQuantizer() = default;

    /// Writes the quantized weight into the parameter, in place, under NoGradGuard. Train: once per pass and
    /// optimizer step. Eval: any time; changes nothing but the parameter.
    virtual void materialize(Mode mode, int pass = 0) = 0;

    /// Writes the trainables' .grad() from g (same shape as the weight, after clipping). Not called when
    /// tryFusedStep did the step.
    virtual void backward(const torch::Tensor& g, int pass = 0) = 0;

    /// The method's trainables. Called once, after construction.
    virtual std::vector<ParameterGroup> parameterGroups() = 0;

    /// Gradient, momentum and update in one pass over the trainables, in place of backward() and the
    /// optimizer. False when not offered (another device, another pass count); the caller then takes the
    /// plain path. The quantizer keeps the momentum. A test holds it equal to the plain path.
    virtual bool tryFusedStep(const torch::Tensor& g, const SgdSettings& settings) {
        (void)g;
        (void)settings;
        return false;
    }

    /// Forgets momentum kept by tryFusedStep (an EpochRequests::resetOptimizerState of any quantizer reaches
    /// all).
    virtual void resetFusedState() {}

    /// Called at each epoch's start, before the first materialize of that epoch.
    virtual EpochRequests onEpoch(const TrainingPoint& point) {
        (void)point;
        return {};
    }

    /// The epochs at which onEpoch will ask for a schedule restart, ascending, without the first (0).
    virtual std::vector<std::int64_t> scheduleRestarts(std::int64_t epochs) const {
        (void)epochs;
        return {};
    }

    /// After each optimizer step: clip, centre, restore frozen weights, dual update.
    virtual void afterStep() {}

    /// Forward and backward passes a step needs; only the last one steps and updates batch-norm statistics.
    virtual int passes() const { return 1; }

    /// True while materialize(Train) and materialize(Eval) give different networks that are both worth
    /// measuring (INQ before its last portion, noisy search).
    virtual bool trainFormDiffers() const { return false; }

    /// True while training steps use other weights than the deployed ones (noise, chance), so that the
    /// running batch-norm statistics belong to those; evaluation then re-estimates them first.
    virtual bool blursBatchNorm() const { return false; }

    virtual FrozenWeight freeze() const = 0;

    /// Everything about this layer's weights now: exact level counts, latent histogram, diagnostics. Draws no
    /// random numbers, changes nothing that training sees. `markFlips`: count flips since the last call that
    /// had it and start counting anew (once per epoch).
    virtual LayerSnapshot snapshot(bool markFlips) = 0;

    /// All of its state, for checkpoints: tensors and numbers, keyed within this layer.
    virtual void save(torch::OrderedDict<std::string, torch::Tensor>& tensors, Json& numbers) const = 0;
    /// Throws Error(Data) when the state doesn't fit this layer.
    virtual void load(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers) = 0;

    /// Scalars for the epoch record, averaged over layers by the trainer: "temperature", "noise",
    /// "frozen_share".
    virtual std::map<std::string, double> epochValues() const { return {}; }
};

/// Everything a method is built from.
struct QuantizerArguments {
    torch::Tensor parameter; ///< the network's weight, float32, requires_grad, holding the starting weights
    LayerContext layer;
    std::int64_t bits = 32;
    Options options;         ///< validated against the method's schema
    std::uint64_t seed = 1;  ///< the run's seed; draw from deriveSeed(seed, streams::kSampling or
                             ///< kInitialization, …) and the layer's name
    bool pretrained = false; ///< the parameter holds trained weights (start.from is not "scratch")
};

/// Whether inference needs multipliers (quantizers.md section 0).
struct MultiplicationFlags {
    bool mac = true;        ///< the inner loop multiplies
    bool postScale = false; ///< one real scale per layer or output channel after accumulation
};

/// Something a method does around training, over all layers that have it: calibration, layerwise solving, bit
/// search, batch-norm re-estimation.
using Procedure = std::function<void(CalibrationContext&, const std::vector<WeightQuantizer*>&)>;

/// What a method's authors did with the first and the last layer.
enum class FirstAndLast { Quantized, Float, EightBits };

/// One weight quantization method: its description and how to build it.
struct WeightMethod {
    EntrySchema schema;
    std::int64_t minimumBits = 32;
    std::int64_t maximumBits = 32;
    std::int64_t defaultBits = 32;
    bool wantsPretrained =
        false; ///< published from a trained float network; Setup proposes start.from = float
    FirstAndLast firstAndLast = FirstAndLast::Quantized; ///< what policy "as-published" means
    std::function<MultiplicationFlags(std::int64_t bits, const Options&)> multiplications;
    /// Values usable at this width (INQ, 3 bits: 5); what "bits" really means. 0: no fixed number.
    std::function<std::int64_t(std::int64_t bits, const Options&)> levels;
    /// Side data in bits for one layer.
    std::function<std::int64_t(const LayerContext&, std::int64_t bits, const Options&)> sideBits;
    /// Floats kept per weight while training besides the parameter itself and its gradient (latent, logits,
    /// momentum …).
    std::function<double(std::int64_t bits, const Options&)> trainingFloatsPerWeight;
    /// Throws Error(Config) with `where` for combinations that the schema can't express; may be empty.
    std::function<void(std::int64_t bits, const Options&, const std::string& where)> check;
    /// A sentence when this setting is practically another one (INQ at 6 … 9 bits); may be empty.
    std::function<std::string(std::int64_t bits, const Options&)> remark;
    /// A sentence when so few epochs cut the method's lifecycle short; may be empty.
    std::function<std::string(std::int64_t epochs, const Options&)> epochsRemark;
    std::function<std::unique_ptr<WeightQuantizer>(const QuantizerArguments&)> make;
    Procedure before; ///< once before the first epoch; may be empty
    Procedure after;  ///< after the last epoch, before the network is measured and stored; may be empty
};

using WeightMethods = Registry<WeightMethod>;

/// All methods of this program. core/quant/builtin.cpp lists them.
const WeightMethods& builtinWeightMethods();

} // namespace quantarium::quant
