// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/quant/activation_quantizer.h"

namespace quantarium::quant {

/// An activation quantizer whose state is a set of named tensors: trained ones, which the optimizer moves,
/// and kept ones, which follow the data. Saving, loading and parameter groups come from their names.
///
/// Half precision is quantized in float32, as its values and sums need, and comes back in half precision.
///
/// What starts from the data starts in the first training pass. Evaluated before that, the quantizer starts
/// from the batch at hand, for that batch alone.
///
/// Thread: the run's thread.
class StatefulActivation : public ActivationQuantizer {
public:
    torch::Tensor before(const torch::Tensor& input) final;
    std::vector<ParameterGroup> parameterGroups() override { return m_groups; }
    void save(torch::OrderedDict<std::string, torch::Tensor>& tensors) const override;
    void load(const torch::OrderedDict<std::string, torch::Tensor>& tensors) override;

protected:
    explicit StatefulActivation(const ActivationArguments& arguments);

    /// Sets what comes from the first batch; called once, without gradients.
    virtual void start(const torch::Tensor& input) { (void)input; }
    /// The layer's input, quantized; differentiable.
    virtual torch::Tensor quantize(const torch::Tensor& input) = 0;

    /// A float tensor [size] on the layer's device, saved under this name.
    torch::Tensor keep(const std::string& name, double value, std::int64_t size = 1);
    /// A whole number, 0 at first, saved under this name.
    torch::Tensor keepCount(const std::string& name);
    /// As keep(), trained by the optimizer; nothing as weight decay means the optimizer's own.
    torch::Tensor train(const std::string& name, double value, std::optional<double> weightDecay,
                        std::int64_t size = 1);

    std::int64_t bits() const { return m_bits; }

private:
    torch::Tensor exactly(const torch::Tensor& input);

    std::string m_layer;
    std::int64_t m_bits;
    torch::Device m_device;
    torch::OrderedDict<std::string, torch::Tensor> m_state;
    std::vector<ParameterGroup> m_groups;
    torch::Tensor m_started; ///< 1 when a first training pass has been made
};

/// Codes of unsigned or signed k-bit integers.
struct CodeRange {
    double lowest = 0;
    double highest = 0;

    /// Unsigned [0, 2^k − 1]; signed [−2^(k−1), 2^(k−1) − 1].
    static CodeRange of(std::int64_t bits, bool isSigned);
};

/// Whether a layer's inputs need a sign: as the option "sign" says ("auto", "unsigned", "signed"); with auto,
/// whether this batch has negative values, and never with one bit.
bool needsSign(const std::string& option, std::int64_t bits, const torch::Tensor& input);
/// The option that needsSign reads, and its check: one bit has no room for a sign.
OptionSpec signOption();
void requireRoomForSign(std::int64_t bits, const Options& options, const std::string& where);
/// Whether the option leaves no code for values below 0.
bool hasNoSign(std::int64_t bits, const Options& options);

} // namespace quantarium::quant
