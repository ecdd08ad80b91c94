// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/text_table.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace quantarium::cli {

namespace {

bool startsCodePoint(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

/// "269,722", "78.2 %", "3/4", "–"; neither ids nor dates.
bool looksNumeric(const std::string& cell) {
    return cell.empty() || cell == "–" || cell.find_first_not_of("0123456789.,%+-/ ") == std::string::npos;
}

std::string padded(const std::string& cell, std::size_t width, bool right) {
    const std::string space(width - std::min(width, displayWidth(cell)), ' ');
    return right ? space + cell : cell + space;
}

std::string withoutTrailingSpace(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

} // namespace

std::size_t displayWidth(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), startsCodePoint));
}

std::string shortened(std::string_view text, std::size_t width) {
    if (displayWidth(text) <= width) return std::string(text);
    if (width == 0) return {};
    std::size_t end = 0;
    for (std::size_t shown = 0; end < text.size(); ++end)
        if (startsCodePoint(text[end]) && shown++ == width - 1) break;
    return std::string(text.substr(0, end)) + "…";
}

std::string fixedNumber(double value, int decimals) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

std::string groupedNumber(long long value) {
    const std::string digits = std::to_string(value);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && digits[i - 1] != '-' && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

std::string textTable(const std::vector<std::string>& header,
                      const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    std::vector<bool> right;
    for (std::size_t column = 0; column < header.size(); ++column) {
        widths.push_back(displayWidth(header[column]));
        right.push_back(!rows.empty());
        for (const auto& row : rows) {
            widths[column] = std::max(widths[column], displayWidth(row[column]));
            right[column] = right[column] && looksNumeric(row[column]);
        }
    }
    const auto line = [&](const std::vector<std::string>& cells) {
        std::string text;
        for (std::size_t column = 0; column < cells.size(); ++column)
            text += (column == 0 ? "" : "  ") + padded(cells[column], widths[column], right[column]);
        return withoutTrailingSpace(text) + "\n";
    };
    std::string text = line(header);
    for (std::size_t column = 0; column < header.size(); ++column) {
        text += column == 0 ? "" : "  ";
        for (std::size_t i = 0; i < widths[column]; ++i)
            text += "─";
    }
    text += "\n";
    for (const auto& row : rows)
        text += line(row);
    return text;
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
    std::istringstream words{std::string(text)};
    std::string result;
    std::string line;
    const std::string space(indent, ' ');
    for (std::string word; words >> word;) {
        if (!line.empty() && indent + displayWidth(line) + 1 + displayWidth(word) > width) {
            result += space + line + "\n";
            line.clear();
        }
        line += (line.empty() ? "" : " ") + word;
    }
    return line.empty() ? result : result + space + line + "\n";
}

} // namespace quantarium::cli
