// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/deploy/integer_network.h"

#include <algorithm>
#include <future>
#include <string>

#include <ATen/Parallel.h>

#include "core/base/error.h"

namespace quantarium::deploy {

ImageValues IntegerNetwork::run(std::span<const float> image) const {
    ImageValues values{image, std::vector<std::vector<std::uint8_t>>(m_parts.values),
                       std::vector<std::vector<std::int32_t>>(m_parts.values)};
    for (const auto& operation : m_parts.operations)
        operation->run(values);
    return values;
}

std::vector<std::int32_t> IntegerNetwork::logits(std::span<const float> image) const {
    return std::move(run(image).sums[m_parts.logits]);
}

std::map<std::string, std::vector<std::uint8_t>>
IntegerNetwork::layerInputs(std::span<const float> image) const {
    auto values = run(image);
    std::map<std::string, std::vector<std::uint8_t>> inputs;
    for (const auto& [layer, id] : m_parts.layerInputs)
        inputs[layer] = std::move(values.codes[id]);
    return inputs;
}

torch::Tensor IntegerNetwork::forward(const torch::Tensor& images) const {
    const auto& size = m_parts.image;
    if (images.dim() != 4 || images.size(1) != size.channels || images.size(2) != size.height ||
        images.size(3) != size.width)
        throw Error(ErrorKind::Data,
                    "the integer network was made for images of " + std::to_string(size.channels) + " x " +
                        std::to_string(size.height) + " x " + std::to_string(size.width),
                    "images");
    const auto pixels = images.to(torch::kCPU, torch::kFloat32).contiguous();
    const std::int64_t count = pixels.size(0);
    std::vector<std::vector<std::int32_t>> results(static_cast<std::size_t>(count));
    const auto part = [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            results[static_cast<std::size_t>(i)] = logits(
                {pixels.data_ptr<float>() + i * size.elements(), static_cast<std::size_t>(size.elements())});
    };
    const std::int64_t threads =
        std::clamp<std::int64_t>(at::get_num_threads(), 1, std::max<std::int64_t>(count, 1));
    std::vector<std::future<void>> parts;
    for (std::int64_t i = 0; i < threads; ++i)
        parts.push_back(std::async(std::launch::async, part, count * i / threads, count * (i + 1) / threads));
    for (auto& one : parts)
        one.get();
    const std::int64_t classes = results.empty() ? 0 : static_cast<std::int64_t>(results.front().size());
    auto all = torch::empty({count, classes}, torch::kInt32);
    for (std::int64_t i = 0; i < count; ++i)
        std::copy(results[static_cast<std::size_t>(i)].begin(), results[static_cast<std::size_t>(i)].end(),
                  all.data_ptr<std::int32_t>() + i * classes);
    return all;
}

} // namespace quantarium::deploy
