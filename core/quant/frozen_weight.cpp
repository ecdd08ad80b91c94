// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/weight_quantizer.h"

#include "core/base/error.h"

namespace quantarium::quant {

torch::Tensor FrozenWeight::decode() const {
    if (bits == 32) return values.to(torch::kCPU, torch::kFloat32).contiguous().view(shape);
    const auto index = codes.to(torch::kCPU, torch::kInt16).contiguous();
    const auto* code = index.data_ptr<std::int16_t>();
    auto weight = torch::empty({index.numel()}, torch::kFloat32);
    auto* out = weight.data_ptr<float>();
    for (std::int64_t i = 0; i < index.numel(); ++i) {
        if (code[i] < 0 || code[i] >= static_cast<std::int64_t>(codebook.size()))
            throw Error(ErrorKind::Data, "code " + std::to_string(code[i]) + " at index " +
                                             std::to_string(i) + " is outside the codebook of " +
                                             std::to_string(codebook.size()) + " values");
        out[i] = codebook[code[i]];
    }
    return weight.view(shape);
}

} // namespace quantarium::quant
