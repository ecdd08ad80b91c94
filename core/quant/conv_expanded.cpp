// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/conv_expanded.h"

namespace quantarium::quant {

torch::Tensor convExpanded(const torch::Tensor& input, const torch::Tensor& paths,
                           const torch::Tensor& values, std::int64_t stride, std::int64_t padding) {
    std::vector<torch::Tensor> channels;
    std::vector<torch::Tensor> kernels;
    for (std::int64_t k = 0; k < paths.size(0); ++k) {
        channels.push_back(input * values[k]);
        kernels.push_back(paths[k]);
    }
    return torch::conv2d(torch::cat(channels, 1), torch::cat(kernels, 1), {}, stride, padding);
}

torch::Tensor convComposed(const torch::Tensor& input, const torch::Tensor& paths,
                           const torch::Tensor& values, std::int64_t stride, std::int64_t padding) {
    return torch::conv2d(input, (paths * values.view({-1, 1, 1, 1, 1})).sum(0), {}, stride, padding);
}

} // namespace quantarium::quant
