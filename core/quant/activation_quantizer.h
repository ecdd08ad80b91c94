// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/options.h"
#include "core/base/registry.h"
#include "core/quant/weight_quantizer.h"

namespace quantarium::quant {

/// Evenly spaced values step · (code − zeroPoint) for codes 0 … highest; 0 is one of them.
struct ActivationGrid {
    double step = 1;
    std::int64_t zeroPoint = 0;
    std::int64_t highest = 255;
};

/// One quantizer for the values that flow through one layer: as a rule its input, for some methods its output
/// (XNOR's K, DoReFa's gradients). Attached to the layer's site as a weight quantizer is attached to a
/// parameter.
///
/// Unlike a weight it stands in the middle of autograd's graph, so before() and after() are differentiable
/// functions. What they save for the backward pass is the input, some the output, too. Thread: the run's
/// thread.
class ActivationQuantizer {
public:
    virtual ~ActivationQuantizer() = default;

    /// Told before each forward pass. Train: running statistics advance, chance may be drawn. Eval:
    /// deterministic, changes nothing.
    void setMode(Mode mode) { m_mode = mode; }

    /// The layer's input [N, …], quantized; same shape.
    virtual torch::Tensor before(const torch::Tensor& input) { return input; }
    /// The layer's output [N, …]; same shape.
    virtual torch::Tensor after(const torch::Tensor& output) { return output; }

    /// What before() rounds to in evaluation; nothing while inputs stay float, or where the values are no
    /// such grid.
    virtual std::optional<ActivationGrid> grid() const { return std::nullopt; }

    /// Its trainables (clipping levels, steps); autograd fills their gradients. Called once, after
    /// construction.
    virtual std::vector<ParameterGroup> parameterGroups() { return {}; }
    /// Called at each epoch's start.
    virtual void onEpoch(const TrainingPoint& point) { (void)point; }
    /// After each optimizer step: keep trainables in their range.
    virtual void afterStep() {}

    /// Scalars for displays: "clip", "step", "low", "high".
    virtual std::map<std::string, double> diagnostics() const { return {}; }

    /// All of its state, for checkpoints and model files. Tensors that a first batch has yet to fill are
    /// saved, too.
    virtual void save(torch::OrderedDict<std::string, torch::Tensor>& tensors) const { (void)tensors; }
    /// Throws Error(Data) when the state doesn't fit this layer.
    virtual void load(const torch::OrderedDict<std::string, torch::Tensor>& tensors) { (void)tensors; }

protected:
    bool training() const { return m_mode == Mode::Train; }

private:
    Mode m_mode = Mode::Eval;
};

/// Everything an activation method is built from.
struct ActivationArguments {
    LayerContext layer; ///< whose input it is
    std::int64_t bits = 32;
    Options options; ///< validated against the method's schema
    std::uint64_t seed = 1;
    torch::Device device = torch::kCPU; ///< of its trainables
};

/// One activation quantization method: its description and how to build it.
struct ActivationMethod {
    EntrySchema schema;
    std::int64_t minimumBits = 32;
    std::int64_t maximumBits = 32;
    std::int64_t defaultBits = 32;
    FirstAndLast firstAndLast = FirstAndLast::Float; ///< what policy "as-published" means
    bool needsNegative = false;                      ///< a layer behind a ReLU would see one value only
    /// Whether all values below 0 become the lowest one with these options; may be empty: they don't.
    std::function<bool(std::int64_t bits, const Options&)> losesNegative;
    /// What else it does, for the layer's remark: "gradient of the output: 6 bits"; may be empty.
    std::function<std::string(const Options&)> remark;
    /// Values at this width.
    std::function<std::int64_t(std::int64_t bits, const Options&)> levels;
    /// Throws Error(Config) with `where` for combinations that the schema can't express; may be empty.
    std::function<void(std::int64_t bits, const Options&, const std::string& where)> check;
    std::function<std::unique_ptr<ActivationQuantizer>(const ActivationArguments&)> make;
};

using ActivationMethods = Registry<ActivationMethod>;

/// All activation methods of this program; "none" is not among them. core/quant/builtin.cpp lists them.
const ActivationMethods& builtinActivationMethods();

} // namespace quantarium::quant
