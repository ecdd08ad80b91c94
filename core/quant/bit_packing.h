// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quantarium::quant {

/// Codes of `bits` bits each (1 … 9), one after the other without gaps, the lowest bit first: bit j of code i
/// is bit i · bits + j of the stream, and bit 0 of a byte comes first. ceil(n · bits / 8) bytes; unused bits
/// of the last are 0. Throws Error(Data) for a width outside 1 … 9 or a code that needs more bits. Thread:
/// any.
std::vector<std::uint8_t> packCodes(std::span<const std::int16_t> codes, std::int64_t bits);

/// Inverse of packCodes for `count` codes. Throws Error(Data) when the bytes are not exactly those of `count`
/// codes.
std::vector<std::int16_t> unpackCodes(std::span<const std::uint8_t> bytes, std::int64_t bits,
                                      std::size_t count);

} // namespace quantarium::quant
