// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/codecs/png.h"

#include <png.h>

#include "core/base/error.h"

namespace quantarium::codecs {

namespace {

/// libpng's handle; its simplified interface reports errors by return value, so nothing jumps over C++
/// frames.
class Reader {
public:
    explicit Reader(std::span<const std::uint8_t> file) {
        m_image.version = PNG_IMAGE_VERSION;
        require(png_image_begin_read_from_memory(&m_image, file.data(), file.size()) != 0);
    }
    ~Reader() { png_image_free(&m_image); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    std::int64_t height() const { return m_image.height; }
    std::int64_t width() const { return m_image.width; }

    /// Four bytes a pixel: asking for fewer would blend transparent pixels with a background.
    std::unique_ptr<std::uint8_t[]> pixels() {
        m_image.format = PNG_FORMAT_RGBA;
        m_image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB; // 16-bit values are scaled, not taken as linear light
        auto bytes = std::make_unique_for_overwrite<std::uint8_t[]>(4 * static_cast<std::size_t>(height()) *
                                                                    static_cast<std::size_t>(width()));
        require(png_image_finish_read(&m_image, nullptr, bytes.get(), 0, nullptr) != 0);
        return bytes;
    }

private:
    void require(bool success) const {
        if (!success) throw Error(ErrorKind::Data, std::string("damaged PNG: ") + m_image.message);
    }

    png_image m_image{};
};

} // namespace

PictureInfo inspectPng(std::span<const std::uint8_t> file) {
    const Reader reader(file);
    return {Format::Png, reader.height(), reader.width(), {}};
}

Picture decodePng(std::span<const std::uint8_t> file, const PictureInfo& info) {
    Reader reader(file);
    if (reader.height() != info.height || reader.width() != info.width)
        throw Error(ErrorKind::Data, "the file changes while it is read");
    Picture picture{info.height, info.width, 0, 0, 1, reader.pixels()};
    const auto count = static_cast<std::size_t>(info.height) * static_cast<std::size_t>(info.width);
    for (std::size_t i = 0; i < count; ++i) // in place: what is written was read before
        for (std::size_t c = 0; c < 3; ++c)
            picture.rgb[3 * i + c] = picture.rgb[4 * i + c];
    return picture;
}

} // namespace quantarium::codecs
