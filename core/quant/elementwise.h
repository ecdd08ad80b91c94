// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <torch/types.h>

namespace quantarium::quant {

/// Comparisons as 0 and 1 of the first tensor's own type: several times faster than through a tensor of bool.
torch::Tensor above(const torch::Tensor& value, const torch::Tensor& border);
torch::Tensor above(const torch::Tensor& value, double border);
torch::Tensor atLeast(const torch::Tensor& value, double border);

/// +1 for 0 and −0 and above, else −1, in the value's own type: torch::sign would add a third value at 0.
torch::Tensor signs(const torch::Tensor& value);

} // namespace quantarium::quant
