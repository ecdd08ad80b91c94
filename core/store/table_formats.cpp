// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cstdio>
#include <functional>
#include <utility>

#include "core/base/text.h"
#include "core/store/export.h"

namespace quantarium::store {

namespace {

bool isMean(const Json& cell) {
    return cell.is_object() && cell.contains("mean") && cell.contains("n");
}

bool isMeasured(const Json& cell) {
    return cell.is_number() || isMean(cell);
}

template <class Test> bool anyInColumn(const ResultTable& table, std::size_t column, Test&& test) {
    return std::any_of(table.rows.begin(), table.rows.end(),
                       [&](const auto& row) { return test(row[column]); });
}

/// Full precision, for programs.
std::string exact(const Json& cell) {
    if (cell.is_null()) return {};
    return cell.is_string() ? cell.get<std::string>() : dumpJson(cell);
}

/// Header and rows with mean ± std cells spread over three columns.
std::vector<std::vector<std::string>> spread(const ResultTable& table) {
    std::vector<std::vector<std::string>> lines(table.rows.size() + 1);
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
        const auto& key = table.columns[c].key;
        const bool means = anyInColumn(table, c, isMean);
        lines[0].push_back(key);
        if (means) lines[0].insert(lines[0].end(), {key + "_std", key + "_n"});
        for (std::size_t r = 0; r < table.rows.size(); ++r) {
            const auto& cell = table.rows[r][c];
            lines[r + 1].push_back(exact(isMean(cell) ? cell.at("mean") : cell));
            if (!means) continue;
            lines[r + 1].push_back(isMean(cell) ? exact(cell.at("std")) : "");
            lines[r + 1].push_back(isMean(cell) ? exact(cell.at("n")) : "");
        }
    }
    return lines;
}

std::string csvField(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text)
        quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

std::string onOneLine(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
    return text;
}

/// One line per row, fields joined by `separator`.
std::string lines(const ResultTable& table, const std::string& separator, const std::string& end,
                  const std::function<std::string(const std::string&)>& field) {
    std::string text;
    for (auto line : spread(table)) {
        std::transform(line.begin(), line.end(), line.begin(), field);
        text += join(line, separator) + end;
    }
    return text;
}

std::string rounded(const Json& number, int decimals) {
    if (!number.is_number_float() || decimals < 0) return exact(number);
    char text[400];
    std::snprintf(text, sizeof text, "%.*f", decimals, number.get<double>());
    return text;
}

/// Rounded, for people.
std::string readable(const ResultTable::Column& column, const Json& cell) {
    if (cell.is_null()) return "–";
    if (cell.is_boolean()) return cell.get<bool>() ? "yes" : "no";
    if (isMean(cell)) {
        const auto mean = readable(column, cell.at("mean"));
        return cell.at("std").is_null() ? mean : mean + " ± " + readable(column, cell.at("std"));
    }
    if (column.unit == "B" && cell.is_number()) return formatBytes(cell.get<double>());
    return onOneLine(rounded(cell, column.decimals));
}

std::string heading(const ResultTable::Column& column) {
    return column.unit.empty() || column.unit == "B" ? column.title : column.title + " [" + column.unit + "]";
}

/// Columns that people get to see: not the long ones, not the empty ones.
std::vector<std::size_t> shownColumns(const ResultTable& table) {
    std::vector<std::size_t> shown;
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
        const bool empty = !anyInColumn(table, c, [](const Json& cell) { return !cell.is_null(); });
        if (!table.columns[c].detail && !empty) shown.push_back(c);
    }
    return shown;
}

std::string replaceAll(const std::string& text,
                       const std::vector<std::pair<std::string, std::string>>& replacements) {
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
        const auto found = std::find_if(replacements.begin(), replacements.end(), [&](const auto& pair) {
            return text.compare(i, pair.first.size(), pair.first) == 0;
        });
        result += found == replacements.end() ? text.substr(i, 1) : found->second;
        i += found == replacements.end() ? 1 : found->first.size();
    }
    return result;
}

std::string escapeMarkdown(const std::string& text) {
    return replaceAll(
        onOneLine(text),
        {{"|", "\\|"}, {"\\", "\\\\"}, {"*", "\\*"}, {"_", "\\_"}, {"`", "\\`"}, {"<", "&lt;"}});
}

std::string markdownLine(const std::vector<std::string>& cells) {
    std::string line = "| ";
    return line.append(join(cells, " | ")).append(" |\n");
}

std::string escapeLatex(const std::string& text) {
    return replaceAll(onOneLine(text), {{"\\", "\\textbackslash{}"},
                                        {"&", "\\&"},
                                        {"%", "\\%"},
                                        {"$", "\\$"},
                                        {"#", "\\#"},
                                        {"_", "\\_"},
                                        {"{", "\\{"},
                                        {"}", "\\}"},
                                        {"<", "\\textless{}"},
                                        {">", "\\textgreater{}"},
                                        {"~", "\\textasciitilde{}"},
                                        {"^", "\\textasciicircum{}"},
                                        {"±", "$\\pm$"},
                                        {"×", "$\\times$"},
                                        {"Δ", "$\\Delta$"},
                                        {"·", "$\\cdot$"},
                                        {"–", "--"},
                                        {"…", "\\ldots{}"},
                                        {"→", "$\\to$"},
                                        {"τ", "$\\tau$"},
                                        {"μ", "$\\mu$"}});
}

/// Columns on a terminal, not bytes: UTF-8 continuation bytes take none.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t to, bool right) {
    const std::string space(to - std::min(to, width(text)), ' ');
    return right ? space + text : text + space;
}

bool isSameInAllRows(const ResultTable& table, std::size_t column) {
    return table.rows.size() > 1 &&
           !anyInColumn(table, column, [&](const Json& cell) { return cell != table.rows[0][column]; });
}

std::string withoutTrailingSpace(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

/// Header, rule and rows of these columns.
std::string alignedLines(const ResultTable& table, const std::vector<std::size_t>& columns) {
    std::vector<std::string> texts(table.rows.size() + 2);
    for (const std::size_t c : columns) {
        std::size_t widest = width(heading(table.columns[c]));
        for (const auto& row : table.rows)
            widest = std::max(widest, width(readable(table.columns[c], row[c])));
        const bool right = anyInColumn(table, c, isMeasured);
        texts[0] += padded(heading(table.columns[c]), widest, right) + "  ";
        for (std::size_t i = 0; i < widest; ++i)
            texts[1] += "─";
        texts[1] += "  ";
        for (std::size_t r = 0; r < table.rows.size(); ++r)
            texts[r + 2] += padded(readable(table.columns[c], table.rows[r][c]), widest, right) + "  ";
    }
    std::string result;
    for (auto& text : texts)
        result += withoutTrailingSpace(std::move(text)) + "\n";
    return result;
}

} // namespace

std::string toCsv(const ResultTable& table) {
    return lines(table, ",", "\r\n", csvField);
}

std::string toTsv(const ResultTable& table) {
    return lines(table, "\t", "\n", onOneLine);
}

std::string toJsonText(const ResultTable& table) {
    Json columns = Json::array();
    for (const auto& column : table.columns)
        columns.push_back({{"key", column.key}, {"title", column.title}, {"unit", column.unit}});
    Json rows = Json::array();
    for (const auto& row : table.rows) {
        Json object = Json::object();
        for (std::size_t c = 0; c < row.size(); ++c)
            object[table.columns[c].key] = row[c];
        rows.push_back(std::move(object));
    }
    return dumpJson({{"columns", columns}, {"rows", rows}, {"notes", table.notes}}, 2) + "\n";
}

std::string toMarkdown(const ResultTable& table) {
    const auto shown = shownColumns(table);
    std::vector<std::string> head;
    std::vector<std::string> rule;
    for (const std::size_t c : shown) {
        head.push_back(escapeMarkdown(heading(table.columns[c])));
        rule.emplace_back(anyInColumn(table, c, isMeasured) ? "---:" : "---");
    }
    std::string text = markdownLine(head) + markdownLine(rule);
    for (const auto& row : table.rows) {
        std::vector<std::string> cells;
        for (const std::size_t c : shown)
            cells.push_back(escapeMarkdown(readable(table.columns[c], row[c])));
        text += markdownLine(cells);
    }
    for (const auto& note : table.notes)
        text.append("\n").append(escapeMarkdown(note)).append("\n");
    return text;
}

std::string toLatex(const ResultTable& table) {
    const auto shown = shownColumns(table);
    std::string alignment;
    std::vector<std::string> head;
    for (const std::size_t c : shown) {
        alignment += anyInColumn(table, c, isMeasured) ? 'r' : 'l';
        head.push_back(escapeLatex(heading(table.columns[c])));
    }
    std::string text = "% \\usepackage{booktabs}\n\\begin{tabular}{" + alignment + "}\n\\toprule\n" +
                       join(head, " & ") + " \\\\\n\\midrule\n";
    for (const auto& row : table.rows) {
        std::vector<std::string> cells;
        for (const std::size_t c : shown)
            cells.push_back(escapeLatex(readable(table.columns[c], row[c])));
        text += join(cells, " & ") + " \\\\\n";
    }
    text += "\\bottomrule\n\\end{tabular}\n";
    for (const auto& note : table.notes)
        text += "\n{\\footnotesize " + escapeLatex(note) + "}\n";
    return text;
}

std::string toText(const ResultTable& table) {
    std::vector<std::size_t> differing;
    std::vector<std::string> same;
    for (const std::size_t c : shownColumns(table)) {
        const auto& column = table.columns[c];
        if (isSameInAllRows(table, c))
            same.push_back(heading(column) + " " + readable(column, table.rows[0][c]));
        else
            differing.push_back(c);
    }
    std::string text = same.empty() ? "" : "In all rows: " + join(same) + "\n\n";
    text += alignedLines(table, differing);
    for (const auto& note : table.notes)
        text += "\n" + note + "\n";
    return text;
}

} // namespace quantarium::store
