// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/weight_quantizer.h"

#include <algorithm>

#include "core/base/error.h"

namespace quantarium::quant {

torch::Tensor FrozenWeight::decode() const {
    if (bits == 32) return values.to(torch::kCPU, torch::kFloat32).contiguous().view(shape);
    const auto index = codes.to(torch::kCPU, torch::kInt16).contiguous();
    const auto* code = index.data_ptr<std::int16_t>();
    const auto values = static_cast<std::int64_t>(codebook.size()) / codebooks; // in each codebook
    const std::int64_t perBook = std::max<std::int64_t>(1, index.numel() / codebooks);
    auto weight = torch::empty({index.numel()}, torch::kFloat32);
    auto* out = weight.data_ptr<float>();
    for (std::int64_t i = 0; i < index.numel(); ++i) {
        if (code[i] < 0 || code[i] >= values)
            throw Error(ErrorKind::Data, "code " + std::to_string(code[i]) + " at index " +
                                             std::to_string(i) + " is outside the codebook of " +
                                             std::to_string(values) + " values");
        out[i] = codebook[static_cast<std::size_t>(i / perBook * values + code[i])];
    }
    return weight.view(shape);
}

} // namespace quantarium::quant
