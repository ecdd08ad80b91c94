// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/transform.h"

#include <algorithm>
#include <stdexcept>

#include "core/base/random.h"

namespace quantarium::data {

namespace {

/// Output columns whose source column lies inside the image: [begin, end), and the source column of `begin`
/// with its step.
struct Columns {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t source = 0;
    std::int64_t step = 1;
};

/// `shift` is the source column under output column 0 before mirroring; it is negative in the padding.
Columns columnsInside(std::int64_t width, std::int64_t shift, bool mirrored) {
    const std::int64_t begin = std::clamp<std::int64_t>(-shift, 0, width);
    const std::int64_t end = std::clamp<std::int64_t>(width - shift, begin, width);
    if (!mirrored) return {begin, end, begin + shift, 1};
    return {width - end, width - begin, end - 1 + shift, -1};
}

} // namespace

Transform::Transform(const Normalization& normalization, const Augmentation& augmentation, bool channelsLast)
    : m_table(normalization.mean.size()), m_augmentation(augmentation), m_channelsLast(channelsLast) {
    if (normalization.deviation.size() != normalization.mean.size())
        throw std::invalid_argument("a mean and a deviation are needed for each channel");
    for (std::size_t c = 0; c < m_table.size(); ++c)
        for (int value = 0; value < 256; ++value)
            m_table[c][static_cast<std::size_t>(value)] =
                static_cast<float>((value / 255.0 - normalization.mean[c]) / normalization.deviation[c]);
}

Batch Transform::room(std::int64_t samples, const std::array<std::int64_t, 3>& shape) const {
    const auto format = m_channelsLast ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
    return {torch::empty({samples, shape[0], shape[1], shape[2]},
                         torch::TensorOptions(torch::kFloat32).memory_format(format)),
            torch::empty({samples}, torch::kInt64)};
}

Batch Transform::operator()(const Batch& raw, std::uint64_t seed, std::int64_t firstPosition) const {
    Batch batch = room(raw.images.size(0), {raw.images.size(1), raw.images.size(2), raw.images.size(3)});
    write(raw, seed, firstPosition, batch, 0);
    return batch;
}

void Transform::write(const Batch& raw, std::uint64_t seed, std::int64_t firstPosition, Batch& batch,
                      std::int64_t row) const {
    const std::int64_t count = raw.images.size(0);
    const std::array<std::int64_t, 3> shape{raw.images.size(1), raw.images.size(2), raw.images.size(3)};
    if (shape[0] != static_cast<std::int64_t>(m_table.size()))
        throw std::invalid_argument("normalization of " + std::to_string(m_table.size()) +
                                    " channels for images of " + std::to_string(shape[0]));
    const std::int64_t elements = shape[0] * shape[1] * shape[2];
    const auto* image = raw.images.data_ptr<std::uint8_t>();
    auto* out = batch.images.data_ptr<float>() + row * elements;
    for (std::int64_t i = 0; i < count; ++i, image += elements, out += elements) {
        const Draw drawn = draw(seed, firstPosition + i);
        if (m_channelsLast)
            writePixels(image, out, shape, drawn);
        else
            writePlanes(image, out, shape, drawn);
    }
    std::copy_n(raw.targets.data_ptr<std::int64_t>(), count, batch.targets.data_ptr<std::int64_t>() + row);
}

/// Draws all three numbers whatever is switched on, so that switching one thing leaves the others as they
/// were.
Transform::Draw Transform::draw(std::uint64_t seed, std::int64_t position) const {
    const std::int64_t pad = m_augmentation.pad;
    Draw drawn{pad, pad, false};
    if (!m_augmentation.crop && !m_augmentation.flip) return drawn;
    RandomStream random(deriveSeed(seed, streams::kAugmentation, static_cast<std::uint64_t>(position)));
    const auto places = static_cast<std::uint64_t>(2 * pad + 1);
    const auto top = static_cast<std::int64_t>(random.below(places));
    const auto left = static_cast<std::int64_t>(random.below(places));
    if (m_augmentation.crop) {
        drawn.top = top;
        drawn.left = left;
    }
    drawn.mirrored = random.coin() && m_augmentation.flip;
    return drawn;
}

void Transform::writePlanes(const std::uint8_t* image, float* out, const std::array<std::int64_t, 3>& shape,
                            const Draw& drawn) const {
    const auto [channels, height, width] = shape;
    const Columns columns = columnsInside(width, drawn.left - m_augmentation.pad, drawn.mirrored);
    for (std::int64_t c = 0; c < channels; ++c) {
        const auto& table = m_table[static_cast<std::size_t>(c)];
        for (std::int64_t y = 0; y < height; ++y, out += width) {
            const std::int64_t row = y + drawn.top - m_augmentation.pad;
            std::fill(out, out + width, table[0]);
            if (row < 0 || row >= height) continue;
            const std::uint8_t* source = image + (c * height + row) * width + columns.source;
            for (std::int64_t x = columns.begin; x < columns.end; ++x, source += columns.step)
                out[x] = table[*source];
        }
    }
}

void Transform::writePixels(const std::uint8_t* image, float* out, const std::array<std::int64_t, 3>& shape,
                            const Draw& drawn) const {
    const auto [channels, height, width] = shape;
    const Columns columns = columnsInside(width, drawn.left - m_augmentation.pad, drawn.mirrored);
    for (std::int64_t y = 0; y < height; ++y, out += width * channels) {
        const std::int64_t row = y + drawn.top - m_augmentation.pad;
        for (std::int64_t c = 0; c < channels; ++c) {
            const auto& table = m_table[static_cast<std::size_t>(c)];
            const bool inside = row >= 0 && row < height;
            const std::int64_t begin = inside ? columns.begin : width;
            const std::int64_t end = inside ? columns.end : width;
            for (std::int64_t x = 0; x < begin; ++x)
                out[x * channels + c] = table[0];
            for (std::int64_t x = end; x < width; ++x)
                out[x * channels + c] = table[0];
            if (begin >= end) continue;
            const std::uint8_t* source = image + (c * height + row) * width + columns.source;
            for (std::int64_t x = begin; x < end; ++x, source += columns.step)
                out[x * channels + c] = table[*source];
        }
    }
}

} // namespace quantarium::data
