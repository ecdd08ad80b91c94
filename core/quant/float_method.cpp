// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/layer_statistics.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

/// No quantization: the parameter itself is what the optimizer trains. The reference that every method is
/// held against.
class FloatQuantizer final : public WeightQuantizer {
public:
    explicit FloatQuantizer(const QuantizerArguments& arguments)
        : m_parameter(arguments.parameter), m_layer(arguments.layer) {}

    void materialize(Mode, int) override {}

    void backward(const torch::Tensor& g, int) override {
        if (!g.is_same(m_parameter.grad())) m_parameter.mutable_grad() = g.detach();
    }

    std::vector<ParameterGroup> parameterGroups() override { return {{{m_parameter}, std::nullopt, 1.0}}; }

    FrozenWeight freeze() const override {
        FrozenWeight frozen;
        frozen.shape = m_parameter.sizes().vec();
        frozen.values = plainFloats(m_parameter).clone();
        return frozen;
    }

    LayerSnapshot snapshot(bool) override {
        auto snapshot = emptySnapshot("float", 32, m_layer, m_parameter);
        const auto values = plainFloats(m_parameter);
        snapshot.latent = histogramOf(values, robustReach(values));
        snapshot.zeroShare = values.eq(0).to(torch::kFloat64).mean().item<double>();
        return snapshot;
    }

    void save(torch::OrderedDict<std::string, torch::Tensor>& tensors, Json&) const override {
        tensors.insert("weight", m_parameter.detach().contiguous().clone());
    }

    void load(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers) override {
        const torch::NoGradGuard guard;
        m_parameter.detach().copy_(StateReader(tensors, numbers, m_layer.name)
                                       .tensor("weight", m_parameter.sizes(), m_parameter.scalar_type()));
    }

private:
    torch::Tensor m_parameter;
    LayerContext m_layer;
};

} // namespace

WeightMethod floatMethod() {
    WeightMethod method;
    method.schema = {"float", "Float (32 bits)", "No quantization; the reference for every method", "", {}};
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{true, false}; };
    method.levels = [](std::int64_t, const Options&) { return std::int64_t{0}; };
    method.sideBits = [](const LayerContext&, std::int64_t, const Options&) { return std::int64_t{0}; };
    method.trainingFloatsPerWeight = [](std::int64_t, const Options&) { return 1.0; }; // momentum
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<FloatQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
