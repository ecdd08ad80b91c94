// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quantarium {

/// "a, b, c"
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");

/// Shell-style match with `*` and `?`, for per-layer overrides ("layer2.*").
bool matchesGlob(std::string_view text, std::string_view pattern);

/// The candidate nearest to a mistyped word, or empty when none is near.
std::string nearestWord(const std::string& word, const std::vector<std::string>& candidates);

/// The word as a shell reads it back: in single quotes where it has to be.
std::string shellQuoted(const std::string& word);

/// "3 min 20 s", "850 ms", "2 h 5 min".
std::string formatDuration(double seconds);

/// "1 bit", "4 bits".
std::string bitsText(std::int64_t bits);

/// "1.4 MiB".
std::string formatBytes(double bytes);

} // namespace quantarium
