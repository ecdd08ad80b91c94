// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quantarium::cli {

/// Columns that a UTF-8 text takes on a terminal, counting each code point once.
std::size_t displayWidth(std::string_view text);

/// The text cut to at most `width` columns, with "…" where something was left out.
std::string shortened(std::string_view text, std::size_t width);

/// "3.142" for (3.14159, 3); "nan" and "inf" as they are.
std::string fixedNumber(double value, int decimals);

/// "269,722"
std::string groupedNumber(long long value);

/// Rows of cells as aligned columns, two spaces apart, a line under the header. A column whose cells below
/// the header are all numbers (or empty) is aligned to the right. Every line ends with '\n'.
std::string textTable(const std::vector<std::string>& header,
                      const std::vector<std::vector<std::string>>& rows);

/// Breaks a text at spaces into lines of at most `width` columns, each indented.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

} // namespace quantarium::cli
