// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/bit_packing.h"

#include <string>

#include "core/base/error.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kWidest = 9;

void requireWidth(std::int64_t bits) {
    if (bits < 1 || bits > kWidest)
        throw Error(ErrorKind::Data, "codes of " + std::to_string(bits) + " bits can't be packed; 1 … 9 can");
}

std::size_t packedBytes(std::size_t count, std::int64_t bits) {
    return (count * static_cast<std::size_t>(bits) + 7) / 8;
}

} // namespace

std::vector<std::uint8_t> packCodes(std::span<const std::int16_t> codes, std::int64_t bits) {
    requireWidth(bits);
    std::vector<std::uint8_t> bytes;
    bytes.reserve(packedBytes(codes.size(), bits));
    std::uint32_t pending = 0; // at most 7 + 9 bits wait here
    std::int64_t waiting = 0;
    for (const std::int16_t code : codes) {
        if (code < 0 || code >= (1 << bits))
            throw Error(ErrorKind::Data, "the code " + std::to_string(code) + " does not fit into " +
                                             std::to_string(bits) + " bits");
        pending |= static_cast<std::uint32_t>(code) << waiting;
        for (waiting += bits; waiting >= 8; waiting -= 8) {
            bytes.push_back(static_cast<std::uint8_t>(pending));
            pending >>= 8;
        }
    }
    if (waiting > 0) bytes.push_back(static_cast<std::uint8_t>(pending));
    return bytes;
}

std::vector<std::int16_t> unpackCodes(std::span<const std::uint8_t> bytes, std::int64_t bits,
                                      std::size_t count) {
    requireWidth(bits);
    if (count > bytes.size() * 8 || bytes.size() != packedBytes(count, bits))
        throw Error(ErrorKind::Data, std::to_string(bytes.size()) + " bytes are not " +
                                         std::to_string(count) + " codes of " + std::to_string(bits) +
                                         " bits");
    std::vector<std::int16_t> codes;
    codes.reserve(count);
    std::uint32_t pending = 0;
    std::int64_t waiting = 0;
    std::size_t next = 0;
    while (codes.size() < count) {
        for (; waiting < bits; waiting += 8)
            pending |= static_cast<std::uint32_t>(bytes[next++]) << waiting;
        codes.push_back(static_cast<std::int16_t>(pending & ((1U << bits) - 1)));
        pending >>= bits;
        waiting -= bits;
    }
    return codes;
}

} // namespace quantarium::quant
