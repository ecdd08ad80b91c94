// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/memory_dataset.h"

#include <cstring>
#include <stdexcept>

namespace quantarium::data {

namespace {

void checkIndex(std::int64_t index, std::int64_t size) {
    if (index < 0 || index >= size)
        throw std::out_of_range("sample " + std::to_string(index) + " of a dataset of " +
                                std::to_string(size));
}

/// Copies byte by byte with memcpy: no tensor operation here may start threads, as a loader fetches beside
/// the training.
class MemoryDataset : public Dataset {
public:
    explicit MemoryDataset(Batch samples)
        : m_samples{samples.images.contiguous(), samples.targets.contiguous()},
          m_shape{m_samples.images.size(1), m_samples.images.size(2), m_samples.images.size(3)} {}

    std::int64_t size() const override { return m_samples.images.size(0); }
    std::array<std::int64_t, 3> imageShape() const override { return m_shape; }

    Batch fetch(std::span<const std::int64_t> indices) const override {
        const auto count = static_cast<std::int64_t>(indices.size());
        const std::int64_t bytes = m_shape[0] * m_shape[1] * m_shape[2];
        Batch batch{torch::empty({count, m_shape[0], m_shape[1], m_shape[2]}, torch::kUInt8),
                    torch::empty({count}, torch::kInt64)};
        const auto* images = m_samples.images.data_ptr<std::uint8_t>();
        const auto* labels = m_samples.targets.data_ptr<std::int64_t>();
        auto* image = batch.images.data_ptr<std::uint8_t>();
        auto* label = batch.targets.data_ptr<std::int64_t>();
        for (const std::int64_t index : indices) {
            checkIndex(index, size());
            std::memcpy(image, images + index * bytes, static_cast<std::size_t>(bytes));
            image += bytes;
            *label++ = labels[index];
        }
        return batch;
    }

private:
    Batch m_samples;
    std::array<std::int64_t, 3> m_shape;
};

class Subset : public Dataset {
public:
    Subset(std::shared_ptr<const Dataset> whole, std::vector<std::int64_t> indices)
        : m_whole(std::move(whole)), m_indices(std::move(indices)) {
        for (const std::int64_t index : m_indices)
            checkIndex(index, m_whole->size());
    }

    std::int64_t size() const override { return static_cast<std::int64_t>(m_indices.size()); }
    std::array<std::int64_t, 3> imageShape() const override { return m_whole->imageShape(); }

    Batch fetch(std::span<const std::int64_t> indices) const override {
        return m_whole->fetch(mapped(indices));
    }
    Batch fetchWindows(std::span<const std::int64_t> indices, const WindowDraws& draws) const override {
        return m_whole->fetchWindows(mapped(indices), draws);
    }
    bool decodes() const override { return m_whole->decodes(); }

private:
    std::vector<std::int64_t> mapped(std::span<const std::int64_t> indices) const {
        std::vector<std::int64_t> result;
        result.reserve(indices.size());
        for (const std::int64_t index : indices) {
            checkIndex(index, size());
            result.push_back(m_indices[static_cast<std::size_t>(index)]);
        }
        return result;
    }

    std::shared_ptr<const Dataset> m_whole;
    std::vector<std::int64_t> m_indices;
};

} // namespace

std::shared_ptr<const Dataset> memoryDataset(Batch samples) {
    return std::make_shared<MemoryDataset>(std::move(samples));
}

std::shared_ptr<const Dataset> subset(std::shared_ptr<const Dataset> dataset,
                                      std::vector<std::int64_t> indices) {
    return std::make_shared<Subset>(std::move(dataset), std::move(indices));
}

} // namespace quantarium::data
