// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/run/snapshot.h"

namespace quantarium::store {

/// A weight snapshot as it is kept by epoch: its JSON as CBOR (RFC 8949), bit for bit.
std::vector<std::uint8_t> encodeSnapshot(const WeightSnapshot& snapshot);

/// Throws Error(Data) naming `where` for anything else, however it is damaged.
WeightSnapshot decodeSnapshot(std::string_view bytes, const std::string& where);

} // namespace quantarium::store
