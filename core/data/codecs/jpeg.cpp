// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/codecs/jpeg.h"

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <vector>

#include <jerror.h>
#include <jpeglib.h>

#include "core/base/error.h"
#include "core/data/codecs/exif.h"

namespace quantarium::codecs {

namespace {

constexpr int kMostScans = 200; ///< a progressive file has about ten; each costs a pass over all coefficients
constexpr long kMostMemory = 1L << 30; ///< of libjpeg itself: all coefficients of a progressive file
constexpr unsigned kWholeSegment = 0xffff;
constexpr int kExifMarker = JPEG_APP0 + 1;

/// What libjpeg calls back with. It leaves a failed call by longjmp, so between a setjmp and the calls behind
/// it nothing may live on the stack that has a destructor.
struct ErrorManager : jpeg_error_mgr {
    std::jmp_buf jump;
    char text[JMSG_LENGTH_MAX] = "";
    bool damaged = false; ///< a warning that stands for pixels made up by libjpeg
};

ErrorManager& managerOf(j_common_ptr info) {
    return *static_cast<ErrorManager*>(info->err);
}

void leave(j_common_ptr info) {
    auto& manager = managerOf(info);
    manager.format_message(info, manager.text);
    std::longjmp(manager.jump, 1);
}

void takeMessage(j_common_ptr info, int level) {
    auto& manager = managerOf(info);
    if (level >= 0 || manager.damaged) return;
    switch (manager.msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
        manager.damaged = true;
        manager.format_message(info, manager.text);
        break;
    default: // harmless: stray bytes between segments, odd version numbers
        break;
    }
}

void limitScans(j_common_ptr info) {
    auto* decoder = reinterpret_cast<j_decompress_ptr>(info);
    if (decoder->input_scan_number <= kMostScans) return;
    auto& manager = managerOf(info);
    std::snprintf(manager.text, sizeof manager.text, "more than %d scans", kMostScans);
    std::longjmp(manager.jump, 1);
}

/// libjpeg's decoder of one file in memory. Each step returns false when libjpeg gave up; `problem()` then
/// says why.
class Decoder {
public:
    explicit Decoder(std::span<const std::uint8_t> file) : m_file(file) {
        m_info.err = jpeg_std_error(&m_errors);
        m_errors.error_exit = leave;
        m_errors.emit_message = takeMessage;
        m_errors.output_message = [](j_common_ptr) {};
        m_progress.progress_monitor = limitScans;
    }
    ~Decoder() { jpeg_destroy_decompress(&m_info); }
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    bool readHeader(bool withExif);
    bool begin(const Region& region, std::int64_t shrink);
    /// Reads this many rows as RGB. @param row room for one row of four colours, where fourColours()
    bool readRows(std::int64_t rows, std::uint8_t* rgb, std::uint8_t* row);

    const jpeg_decompress_struct& info() const { return m_info; }
    std::int64_t top() const { return m_top; }
    std::int64_t left() const { return m_left; }
    std::int64_t rows() const { return m_rows; }
    bool fourColours() const { return m_info.out_color_space == JCS_CMYK; }
    bool hasEnd() const;

    [[noreturn]] void fail() const {
        throw Error(ErrorKind::Data, std::string("damaged JPEG: ") + m_errors.text);
    }
    void requireUndamaged() const {
        if (m_errors.damaged) fail();
    }

private:
    std::span<const std::uint8_t> m_file;
    jpeg_decompress_struct m_info{};
    ErrorManager m_errors{};
    jpeg_progress_mgr m_progress{};
    std::int64_t m_top = 0;
    std::int64_t m_left = 0;
    std::int64_t m_rows = 0;
};

bool Decoder::readHeader(bool withExif) {
    if (setjmp(m_errors.jump) != 0) return false;
    jpeg_create_decompress(&m_info);
    m_info.progress = &m_progress;
    m_info.mem->max_memory_to_use = kMostMemory;
    if (withExif) jpeg_save_markers(&m_info, kExifMarker, kWholeSegment);
    jpeg_mem_src(&m_info, m_file.data(), static_cast<unsigned long>(m_file.size()));
    return jpeg_read_header(&m_info, TRUE) == JPEG_HEADER_OK;
}

/// libjpeg cuts columns at whole blocks, so the picture may begin left of what was asked for. Two more pixels
/// on each side keep the interpolation of colours as it is in the whole picture.
bool Decoder::begin(const Region& region, std::int64_t shrink) {
    if (setjmp(m_errors.jump) != 0) return false;
    m_info.scale_num = 1;
    m_info.scale_denom = static_cast<unsigned>(shrink);
    const bool four = m_info.jpeg_color_space == JCS_CMYK || m_info.jpeg_color_space == JCS_YCCK;
    m_info.out_color_space = four ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&m_info);
    const auto width = static_cast<std::int64_t>(m_info.output_width);
    const auto height = static_cast<std::int64_t>(m_info.output_height);
    const std::int64_t left = std::max<std::int64_t>(0, region.left / shrink - 2);
    const std::int64_t right = std::min(width, (region.right + shrink - 1) / shrink + 2);
    if (right - left < width) {
        auto offset = static_cast<JDIMENSION>(left);
        auto count = static_cast<JDIMENSION>(right - left);
        jpeg_crop_scanline(&m_info, &offset, &count);
        m_left = offset;
    }
    m_top = std::max<std::int64_t>(0, region.top / shrink - 2);
    m_rows = std::min(height, (region.bottom + shrink - 1) / shrink + 2) - m_top;
    if (m_top > 0) jpeg_skip_scanlines(&m_info, static_cast<JDIMENSION>(m_top));
    return true;
}

/// Adobe's CMYK is stored inverted, so its product is the colour: R = C · K / 255.
void blend(const std::uint8_t* cmyk, std::uint8_t* rgb, std::int64_t width, bool inverted) {
    const unsigned flip = inverted ? 0 : 0xff;
    for (std::int64_t x = 0; x < width; ++x, cmyk += 4, rgb += 3)
        for (int c = 0; c < 3; ++c)
            rgb[c] = static_cast<std::uint8_t>(((cmyk[c] ^ flip) * (cmyk[3] ^ flip) + 127) / 255);
}

bool Decoder::readRows(std::int64_t rows, std::uint8_t* rgb, std::uint8_t* row) {
    if (setjmp(m_errors.jump) != 0) return false;
    const auto width = static_cast<std::int64_t>(m_info.output_width);
    for (std::int64_t y = 0; y < rows; ++y) {
        std::uint8_t* out = rgb + 3 * width * y;
        JSAMPROW target = fourColours() ? row : out;
        jpeg_read_scanlines(&m_info, &target, 1);
        if (fourColours()) blend(row, out, width, m_info.saw_Adobe_marker != FALSE);
    }
    return true;
}

/// Whether an end marker follows the pixels. Read before them, it finds a file cut anywhere, also below the
/// region. Within the pixels' data a 0xff is followed by 0x00 or a restart marker, so nothing there looks
/// like one.
bool Decoder::hasEnd() const {
    const auto rest = m_file.last(m_info.src->bytes_in_buffer);
    for (std::size_t i = rest.size(); i >= 2; --i)
        if (rest[i - 2] == 0xff && rest[i - 1] == JPEG_EOI) return true;
    return false;
}

} // namespace

PictureInfo inspectJpeg(std::span<const std::uint8_t> file) {
    Decoder decoder(file);
    if (!decoder.readHeader(true)) decoder.fail();
    PictureInfo info{Format::Jpeg, decoder.info().image_height, decoder.info().image_width, {}};
    for (auto* marker = decoder.info().marker_list; marker != nullptr; marker = marker->next)
        if (const auto found = exifOrientation({marker->data, marker->data_length}); found != Orientation{})
            info.orientation = found;
    return info;
}

Picture decodeJpeg(std::span<const std::uint8_t> file, const Region& region, std::int64_t shrink) {
    Decoder decoder(file);
    if (!decoder.readHeader(false)) decoder.fail();
    if (!decoder.hasEnd()) throw Error(ErrorKind::Data, "the file ends early");
    if (!decoder.begin(region, shrink)) decoder.fail();
    Picture picture;
    picture.height = decoder.rows();
    picture.width = decoder.info().output_width;
    picture.top = decoder.top();
    picture.left = decoder.left();
    picture.shrink = shrink;
    const auto width = static_cast<std::size_t>(picture.width);
    picture.rgb =
        std::make_unique_for_overwrite<std::uint8_t[]>(3 * width * static_cast<std::size_t>(picture.height));
    std::vector<std::uint8_t> row(decoder.fourColours() ? 4 * width : 0);
    if (!decoder.readRows(picture.height, picture.rgb.get(), row.data())) decoder.fail();
    decoder.requireUndamaged();
    return picture;
}

} // namespace quantarium::codecs
