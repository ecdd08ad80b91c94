// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/soft_staircase.h"

#include <cmath>
#include <vector>

#include "core/quant/kernels.h"
#include "core/quant/parallel.h"
#include "core/quant/rounding_passes.h"

namespace quantarium::quant {

SoftStaircase::Place SoftStaircase::placeOf(const torch::Tensor& x) const {
    Place place;
    place.position = (x - lower).div_(width());
    place.interval = place.position.floor().clamp_(0, intervals - 1);
    place.offset = (place.position - place.interval).sub_(0.5);
    return place;
}

torch::Tensor SoftStaircase::valueOf(const torch::Tensor& code) const {
    return code.clamp(0, intervals).mul_(width()).add_(lower);
}

StaircaseRule SoftStaircase::numbers() const {
    const double alpha = gap.item<double>();
    const double inverse = 1 / (1 - alpha);
    return {lower.item<double>(),
            upper.item<double>(),
            width().item<double>(),
            intervals,
            inverse,
            std::log(2 / alpha - 1),
            2 * inverse / (alpha * (2 - alpha))};
}

torch::Tensor SoftStaircase::hard(const torch::Tensor& x) const {
    if (runsInMemoryOrder(x)) {
        const auto rule = numbers();
        return forwardByLoops(x, [&](auto, auto* in, auto* out, auto count) {
            kernels().rounding.staircase(rule, in, out, count);
        });
    }
    const auto place = placeOf(x);
    return valueOf(place.interval + place.offset.ge(0));
}

torch::Tensor SoftStaircase::levels(const torch::TensorOptions& options) const {
    return valueOf(torch::arange(0, intervals + 1, options));
}

SoftStaircase::Gradients SoftStaircase::backward(const torch::Tensor& x, const torch::Tensor& g,
                                                 bool withBounds) const {
    if (runsInMemoryOrder(x, g)) return gradientByLoops(x, g);
    const auto place = placeOf(x);
    const auto inverse = (1 - gap).reciprocal();          // s
    const auto steepness = (2 / gap - 1).log();           // L
    const auto bend = (place.offset * steepness).tanh_(); // T
    const auto left = 1 - bend.square();                  // 1 − T²
    const auto slope = left * (inverse * steepness / 2);  // p
    const auto within = g.mul(x.ge(lower).logical_and_(x.le(upper)));
    Gradients gradients;
    if (withBounds) {
        const auto soft = place.interval + 0.5 + bend * (inverse / 2);        // h
        const auto byUpper = (soft - slope * place.position).div_(intervals); // e
        const auto above = g.mul(x.gt(upper)).sum();
        const auto below = g.mul(x.lt(lower)).sum();
        gradients.upper = (within.mul(byUpper).sum() + above).view({1});
        gradients.lower = (within.mul(1 - slope - byUpper).sum() + below).view({1});
    }
    const auto byGap = bend * inverse.square() - left * place.offset * (2 * inverse / (gap * (2 - gap)));
    gradients.gap = (within.mul(byGap).sum() * width() / 2).view({1});
    gradients.input = within.mul(slope);
    return gradients;
}

SoftStaircase::Gradients SoftStaircase::gradientByLoops(const torch::Tensor& x,
                                                        const torch::Tensor& g) const {
    const auto rule = numbers();
    std::vector<StaircaseSums> parts(static_cast<std::size_t>(stretches(x.numel())));
    const auto output = backwardByLoops(x, g, [&](auto stretch, auto* in, auto* from, auto* out, auto count) {
        kernels().rounding.staircaseGradient(rule, in, from, out, parts[static_cast<std::size_t>(stretch)],
                                             count);
    });
    StaircaseSums total;
    for (const auto& part : parts) {
        total.lower += part.lower;
        total.upper += part.upper;
        total.gap += part.gap;
    }
    const auto sum = [](double value) { return torch::full({1}, value, torch::kFloat32); };
    return {output, sum(total.lower), sum(total.upper), sum(total.gap * rule.width / 2)};
}

} // namespace quantarium::quant
