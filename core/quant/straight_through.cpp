// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/straight_through.h"

#include <torch/autograd.h>

#include "core/quant/rounding_passes.h"

namespace quantarium::quant {

namespace {

/// Keeps autograd from taking the quantized values for a second input.
struct Values {
    torch::Tensor tensor;
};

struct Range {
    double lowest = 0;
    double highest = 0;

    void keepIn(torch::autograd::AutogradContext& context) const {
        context.saved_data["lowest"] = lowest;
        context.saved_data["highest"] = highest;
    }
    static Range of(torch::autograd::AutogradContext& context) {
        return {context.saved_data["lowest"].toDouble(), context.saved_data["highest"].toDouble()};
    }
};

class ClippedIdentity : public torch::autograd::Function<ClippedIdentity> {
public:
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& input,
                                 const Values& quantized, const Range& range) {
        context->save_for_backward({input});
        range.keepIn(*context);
        return quantized.tensor;
    }
    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients) {
        const auto range = Range::of(*context);
        const auto input = context->get_saved_variables()[0];
        return {insideGradient(input, gradients[0], range.lowest, range.highest), {}, {}};
    }
};

class ScaledIdentity : public torch::autograd::Function<ScaledIdentity> {
public:
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& input,
                                 const Values& quantized, const Range& range, const torch::Tensor& scale,
                                 const ScaleGradient& weights) {
        context->save_for_backward({input, scale, weights.inside == 0 ? torch::Tensor() : quantized.tensor});
        range.keepIn(*context);
        context->saved_data["inside"] = weights.inside;
        context->saved_data["below"] = weights.below;
        context->saved_data["above"] = weights.above;
        return quantized.tensor;
    }
    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients) {
        const auto range = Range::of(*context);
        const auto weight = [&](const char* name) { return context->saved_data[name].toDouble(); };
        const auto saved = context->get_saved_variables();
        const auto found = clippedGradient(saved[0], saved[2], gradients[0], range.lowest, range.highest);
        const auto byScale =
            found.inside * weight("inside") + found.below * weight("below") + found.above * weight("above");
        return {found.input, {}, {}, byScale.view_as(saved[1]).to(saved[1].options()), {}};
    }
};

} // namespace

torch::Tensor straightThrough(const torch::Tensor& input, const torch::Tensor& quantized, double lowest,
                              double highest) {
    return ClippedIdentity::apply(input, Values{quantized.detach()}, Range{lowest, highest});
}

torch::Tensor straightThrough(const torch::Tensor& input, const torch::Tensor& quantized, double lowest,
                              double highest, const torch::Tensor& scale, const ScaleGradient& weights) {
    return ScaledIdentity::apply(input, Values{quantized.detach()}, Range{lowest, highest}, scale, weights);
}

} // namespace quantarium::quant
