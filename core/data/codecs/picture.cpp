// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/codecs/picture.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

#include "core/base/error.h"
#include "core/data/codecs/jpeg.h"
#include "core/data/codecs/png.h"

namespace quantarium::codecs {

namespace {

struct Signature {
    std::string_view start;
    std::size_t at = 0;
    const char* name = nullptr;
};

using namespace std::string_view_literals;

constexpr std::string_view kJpeg = "\xff\xd8\xff"sv;
constexpr std::string_view kPng = "\x89PNG\r\n\x1a\n"sv;
constexpr std::array<Signature, 8> kForeign{{{"GIF8"sv, 0, "a GIF image"},
                                             {"WEBP"sv, 8, "a WebP image"},
                                             {"BM"sv, 0, "a BMP image"},
                                             {"II*\0"sv, 0, "a TIFF image"},
                                             {"MM\0*"sv, 0, "a TIFF image"},
                                             {"ftypavif"sv, 4, "an AVIF image"},
                                             {"ftypheic"sv, 4, "a HEIC image"},
                                             {"<"sv, 0, "text in angle brackets, such as a web page"}}};

bool has(std::string_view bytes, std::string_view start, std::size_t at = 0) {
    return bytes.size() >= at + start.size() && bytes.substr(at, start.size()) == start;
}

[[noreturn]] void failForeign(std::string_view bytes) {
    if (bytes.empty()) throw Error(ErrorKind::Data, "the file is empty");
    for (const auto& signature : kForeign)
        if (has(bytes, signature.start, signature.at))
            throw Error(ErrorKind::Data, std::string("it is ") + signature.name + ", neither JPEG nor PNG");
    throw Error(ErrorKind::Data, "it is neither JPEG nor PNG");
}

} // namespace

std::string lacking() {
    return {};
}

PictureInfo inspect(std::span<const std::uint8_t> file) {
    const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
    if (!has(bytes, kJpeg) && !has(bytes, kPng)) failForeign(bytes);
    const PictureInfo info = has(bytes, kPng) ? inspectPng(file) : inspectJpeg(file);
    if (info.height < 1 || info.width < 1 || info.height > kMostPixels / info.width)
        throw Error(ErrorKind::Data, "it claims " + std::to_string(info.width) + " x " +
                                         std::to_string(info.height) + " pixels; at most " +
                                         std::to_string(kMostPixels) + " are read");
    return info;
}

Picture decode(std::span<const std::uint8_t> file, const PictureInfo& info, const Region& region,
               std::int64_t shrink) {
    if (region.top < 0 || region.left < 0 || region.bottom > info.height || region.right > info.width ||
        region.top >= region.bottom || region.left >= region.right)
        throw std::out_of_range("a region that is not inside the picture");
    if (shrink != 1 && shrink != 2 && shrink != 4 && shrink != 8)
        throw std::invalid_argument("a picture shrinks by 1, 2, 4 or 8");
    return info.format == Format::Png ? decodePng(file, info) : decodeJpeg(file, region, shrink);
}

} // namespace quantarium::codecs
