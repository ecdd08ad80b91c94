// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/dataset.h"

#include "core/data/resample.h"

namespace quantarium::data {

Batch Dataset::fetchWindows(std::span<const std::int64_t> indices, const WindowDraws& draws) const {
    const Batch whole = fetch(indices);
    const auto [channels, height, width] = imageShape();
    Batch batch{torch::empty(whole.images.sizes(), torch::kUInt8), whole.targets};
    const auto* image = whole.images.data_ptr<std::uint8_t>();
    auto* out = batch.images.data_ptr<std::uint8_t>();
    for (std::int64_t i = 0; i < whole.images.size(0); ++i) {
        const Window window = draws.draw(i, height, width);
        for (std::int64_t c = 0; c < channels; ++c, image += height * width, out += height * width)
            resample({image, height, width, 1}, window, height, width, out);
    }
    return batch;
}

} // namespace quantarium::data
