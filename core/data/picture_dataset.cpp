// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/picture_dataset.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/data/picture_window.h"

namespace quantarium::data {

namespace {

constexpr std::size_t kLargestFile = std::size_t{256} << 20;

class PictureDataset : public Dataset {
public:
    PictureDataset(PictureList pictures, const PictureFraming& framing, std::shared_ptr<Remarks> remarks)
        : m_pictures(std::move(pictures)), m_framing(framing), m_remarks(std::move(remarks)) {}

    std::int64_t size() const override { return m_pictures.size(); }
    std::array<std::int64_t, 3> imageShape() const override { return {3, m_framing.size, m_framing.size}; }
    bool decodes() const override { return true; }

    Batch fetch(std::span<const std::int64_t> indices) const override {
        return read(indices, [this](std::int64_t, std::int64_t height, std::int64_t width) {
            return centreWindow(height, width, m_framing.resize, m_framing.size);
        });
    }

    Batch fetchWindows(std::span<const std::int64_t> indices, const WindowDraws& draws) const override {
        return read(indices, [&](std::int64_t i, std::int64_t height, std::int64_t width) {
            return draws.draw(i, height, width);
        });
    }

private:
    template <class Choose> Batch read(std::span<const std::int64_t> indices, const Choose& choose) const {
        const auto count = static_cast<std::int64_t>(indices.size());
        const std::int64_t bytes = 3 * m_framing.size * m_framing.size;
        Batch batch{torch::empty({count, 3, m_framing.size, m_framing.size}, torch::kUInt8),
                    torch::empty({count}, torch::kInt64)};
        auto* image = batch.images.data_ptr<std::uint8_t>();
        auto* label = batch.targets.data_ptr<std::int64_t>();
        for (std::int64_t i = 0; i < count; ++i, image += bytes) {
            const std::int64_t index = indices[static_cast<std::size_t>(i)];
            const auto chooseThis = [&](std::int64_t height, std::int64_t width) {
                return choose(i, height, width);
            };
            const bool readable = readOne(index, chooseThis, image);
            label[i] = readable ? m_pictures.labels()[static_cast<std::size_t>(index)] : kUnreadable;
            if (!readable) std::fill(image, image + bytes, std::uint8_t{0});
        }
        return batch;
    }

    template <class Choose>
    bool readOne(std::int64_t index, const Choose& choose, std::uint8_t* planes) const {
        try {
            const std::string file = readTextFile(m_pictures.path(index), kLargestFile);
            readWindow({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}, m_framing.size,
                       choose, planes);
            return true;
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Data) throw;
            const std::string name = m_pictures.name(index);
            m_remarks->add(name, name + " is left out: " + error.problem());
            return false;
        }
    }

    PictureList m_pictures;
    PictureFraming m_framing;
    std::shared_ptr<Remarks> m_remarks;
};

} // namespace

std::shared_ptr<const Dataset> pictureDataset(PictureList pictures, const PictureFraming& framing,
                                              std::shared_ptr<Remarks> remarks) {
    return std::make_shared<PictureDataset>(std::move(pictures), framing, std::move(remarks));
}

} // namespace quantarium::data
