// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/elementwise.h"

namespace quantarium::quant {

torch::Tensor above(const torch::Tensor& value, const torch::Tensor& border) {
    auto out = torch::empty_like(value);
    torch::gt_out(out, value, border);
    return out;
}

torch::Tensor above(const torch::Tensor& value, double border) {
    auto out = torch::empty_like(value);
    torch::gt_out(out, value, border);
    return out;
}

torch::Tensor atLeast(const torch::Tensor& value, double border) {
    auto out = torch::empty_like(value);
    torch::ge_out(out, value, border);
    return out;
}

torch::Tensor signs(const torch::Tensor& value) {
    return atLeast(value, 0).mul_(2).sub_(1);
}

} // namespace quantarium::quant
