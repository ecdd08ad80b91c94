// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/data/picture_files.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include <jpeglib.h>
#include <zlib.h>

namespace quantarium::testing {

namespace {

void appendBigEndian(std::string& bytes, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes += static_cast<char>(value >> shift & 0xff);
}

void appendChunk(std::string& png, const std::string& type, const std::string& data) {
    appendBigEndian(png, static_cast<std::uint32_t>(data.size()));
    const std::string body = type + data;
    png += body;
    appendBigEndian(png, static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(body.data()),
                                                          static_cast<uInt>(body.size()))));
}

std::string pngStart(std::uint32_t height, std::uint32_t width, int colourType, int depth) {
    std::string header;
    appendBigEndian(header, width);
    appendBigEndian(header, height);
    header += static_cast<char>(depth);
    header += static_cast<char>(colourType);
    header.append(3, '\0');
    std::string png("\x89PNG\r\n\x1a\n", 8);
    appendChunk(png, "IHDR", header);
    return png;
}

std::string deflated(const std::string& raw) {
    uLongf size = compressBound(static_cast<uLong>(raw.size()));
    std::string packed(size, '\0');
    if (compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(raw.data()),
                 static_cast<uLong>(raw.size())) != Z_OK)
        throw std::runtime_error("compress");
    packed.resize(size);
    return packed;
}

J_COLOR_SPACE colours(int channels) {
    return channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
}

} // namespace

std::string jpegFile(int height, int width, const PixelFunction& pixel, const JpegStyle& style) {
    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    unsigned char* bytes = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &bytes, &size);
    info.image_width = static_cast<JDIMENSION>(width);
    info.image_height = static_cast<JDIMENSION>(height);
    info.input_components = style.channels;
    info.in_color_space = colours(style.channels);
    jpeg_set_defaults(&info);
    if (style.ycck) jpeg_set_colorspace(&info, JCS_YCCK);
    if (style.channels == 4) info.write_Adobe_marker = style.adobe ? TRUE : FALSE;
    jpeg_set_quality(&info, style.quality, TRUE);
    if (style.progressive) jpeg_simple_progression(&info);
    if (style.fullColour) info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
    if (style.ycck) info.comp_info[3].h_samp_factor = info.comp_info[3].v_samp_factor = 1;
    jpeg_start_compress(&info, TRUE);
    std::vector<unsigned char> row(static_cast<std::size_t>(width * style.channels));
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < style.channels; ++c)
                row[static_cast<std::size_t>(x * style.channels + c)] = pixel(y, x, c);
        unsigned char* pointer = row.data();
        jpeg_write_scanlines(&info, &pointer, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    std::string file(reinterpret_cast<char*>(bytes), size);
    std::free(bytes);
    return file;
}

std::string withOrientation(const std::string& jpeg, int orientation, bool bigEndian) {
    // TIFF header, a directory of one entry: tag 0x0112, type SHORT, count 1, the value, no next directory
    std::string exif("Exif\0\0", 6);
    const auto number = [&](std::uint32_t value, int bytes) {
        for (int i = 0; i < bytes; ++i)
            exif += static_cast<char>(value >> 8 * (bigEndian ? bytes - 1 - i : i) & 0xff);
    };
    exif += bigEndian ? "MM" : "II";
    number(42, 2);
    number(8, 4);
    number(1, 2);
    number(0x0112, 2);
    number(3, 2);
    number(1, 4);
    number(static_cast<std::uint32_t>(orientation), 2);
    number(0, 2);
    number(0, 4);
    std::string segment("\xff\xe1\0", 3);
    segment += static_cast<char>(exif.size() + 2);
    return jpeg.substr(0, 2) + segment + exif + jpeg.substr(2);
}

std::string withJpegSize(const std::string& jpeg, int height, int width) {
    for (const char* marker : {"\xff\xc0", "\xff\xc2"}) {
        const auto at = jpeg.find(marker);
        if (at == std::string::npos) continue;
        std::string changed = jpeg;
        const auto put = [&](std::size_t place, int value) {
            changed[place] = static_cast<char>(value >> 8);
            changed[place + 1] = static_cast<char>(value & 0xff);
        };
        put(at + 5, height);
        put(at + 7, width);
        return changed;
    }
    throw std::runtime_error("a JPEG file without a frame header");
}

std::string pngFile(int height, int width, int colourType, int depth, const PixelFunction& pixel) {
    static constexpr int kChannels[] = {1, 0, 3, 1, 2, 0, 4};
    std::string png =
        pngStart(static_cast<std::uint32_t>(height), static_cast<std::uint32_t>(width), colourType, depth);
    if (colourType == 3) {
        std::string palette;
        for (int i = 0; i < 256; ++i) {
            palette += static_cast<char>(i);
            palette += static_cast<char>(2 * i);
            palette += static_cast<char>(255 - i);
        }
        appendChunk(png, "PLTE", palette);
    }
    std::string raw;
    for (int y = 0; y < height; ++y) {
        raw += '\0'; // no filter
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < kChannels[colourType]; ++c) {
                raw += static_cast<char>(pixel(y, x, c));
                if (depth == 16) raw += static_cast<char>(pixel(y, x, c));
            }
    }
    appendChunk(png, "IDAT", deflated(raw));
    appendChunk(png, "IEND", "");
    return png;
}

std::string pngClaiming(std::uint32_t height, std::uint32_t width) {
    std::string png = pngStart(height, width, 2, 8);
    appendChunk(png, "IDAT", deflated(std::string(100, '\0')));
    appendChunk(png, "IEND", "");
    return png;
}

std::uint8_t gradient(int y, int x, int c) {
    return static_cast<std::uint8_t>(std::min(255, 20 + 3 * y + x + 40 * c));
}

} // namespace quantarium::testing
