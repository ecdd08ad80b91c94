// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/codecs/exif.h"

#include <array>
#include <cstring>
#include <optional>

namespace quantarium::codecs {

namespace {

constexpr std::size_t kHeader = 6; ///< "Exif\0\0"
constexpr std::uint32_t kOrientationTag = 0x0112;
constexpr std::uint32_t kShort = 3;

/// The eight values of the tag, in order from 1 (Exif 2.3, section 4.6.4 A).
constexpr std::array<Orientation, 8> kOrientations{{{false, false, false},
                                                    {false, false, true},
                                                    {false, true, true},
                                                    {false, true, false},
                                                    {true, false, false},
                                                    {true, true, false},
                                                    {true, true, true},
                                                    {true, false, true}}};

/// Numbers of a TIFF structure in its own byte order; nothing beyond the end.
class Tiff {
public:
    explicit Tiff(std::span<const std::uint8_t> bytes) : m_bytes(bytes) {}

    /// "II*\0" or "MM\0*".
    bool readByteOrder() {
        if (m_bytes.size() < 4 || m_bytes[0] != m_bytes[1]) return false;
        m_little = m_bytes[0] == 'I';
        return (m_little || m_bytes[0] == 'M') && number(2, 2) == 42U;
    }

    std::optional<std::uint32_t> number(std::size_t at, std::size_t size) const {
        if (at > m_bytes.size() || m_bytes.size() - at < size) return std::nullopt;
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < size; ++i)
            value = value << 8 | m_bytes[at + (m_little ? size - 1 - i : i)];
        return value;
    }

private:
    std::span<const std::uint8_t> m_bytes;
    bool m_little = false;
};

} // namespace

Orientation exifOrientation(std::span<const std::uint8_t> segment) {
    if (segment.size() < kHeader || std::memcmp(segment.data(), "Exif\0", kHeader) != 0) return {};
    Tiff tiff(segment.subspan(kHeader));
    if (!tiff.readByteOrder()) return {};
    const std::size_t directory = tiff.number(4, 4).value_or(0);
    const std::uint32_t entries = tiff.number(directory, 2).value_or(0);
    for (std::uint32_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + 12 * std::size_t{i};
        const auto tag = tiff.number(entry, 2);
        if (!tag) return {};
        if (*tag != kOrientationTag || tiff.number(entry + 2, 2) != kShort) continue;
        const std::uint32_t value = tiff.number(entry + 8, 2).value_or(0);
        return value >= 1 && value <= kOrientations.size() ? kOrientations[value - 1] : Orientation{};
    }
    return {};
}

} // namespace quantarium::codecs
