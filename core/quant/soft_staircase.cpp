// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/soft_staircase.h"

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

torch::Tensor SoftStaircase::hard(const torch::Tensor& x) const {
    const auto place = placeOf(x);
    return valueOf(place.interval + place.offset.ge(0));
}

torch::Tensor SoftStaircase::levels(const torch::TensorOptions& options) const {
    return valueOf(torch::arange(0, intervals + 1, options));
}

SoftStaircase::Gradients SoftStaircase::backward(const torch::Tensor& x, const torch::Tensor& g,
                                                 bool withBounds) const {
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

} // namespace quantarium::quant
