// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace quantarium {

using Json = nlohmann::json;

/// Parses text that may be hostile: at most 64 MiB, nesting at most 64 deep, no duplicate keys, nothing after
/// the document. Throws Error(Config) with `where`, line and column.
Json parseJson(std::string_view text, const std::string& where);

/// Reads and parses a whole file. Throws Error naming the file.
Json readJsonFile(const std::filesystem::path& file);

/// Serializes with an exact round trip: every finite double is printed with the digits that give it back bit
/// for bit, 64-bit integers stay integers, keys are sorted. `indent` < 0 gives one line.
std::string dumpJson(const Json& value, int indent = -1);

/// A double as JSON: finite ones as numbers, others as the strings "nan", "inf", "-inf" (JSON has no such
/// numbers).
Json numberToJson(double value);

/// Inverse of numberToJson. Throws Error(Config) naming `where` for anything else.
double numberFromJson(const Json& value, const std::string& where);

/// 64-bit FNV-1a over the canonical form of a document, as 16 hex digits. For look-up; equality is checked on
/// the document.
std::string hashJson(const Json& value);

} // namespace quantarium
