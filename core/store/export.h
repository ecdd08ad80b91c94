// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/store/workspace.h"

namespace quantarium::store {

/// A table of results: what every export and the comparison views are made from. Cells keep numbers as
/// numbers; NaN and infinities are the strings "nan", "inf", "-inf".
struct ResultTable {
    struct Column {
        std::string key;     ///< "best_top1"
        std::string title;   ///< "Best top-1"
        std::string unit;    ///< "%"
        int decimals = -1;   ///< digits after the point for people; -1: as it is
        bool detail = false; ///< too long for people: only in CSV, TSV and JSON
    };
    std::vector<Column> columns;
    std::vector<std::vector<Json>>
        rows; ///< null: nothing measured; mean ± std cells are {"mean":…, "std":…, "n":…}
    std::vector<std::string>
        notes; ///< what a reader has to know: which float a difference refers to, what is within noise
};

/// One row per run: configuration, last and best metric, difference to its float, bits, memory reduction
/// (both accountings), multiplication flags, seconds, time relative to its float, peak memory. "Its float" is
/// the run it started from, else the float run with the same data, network, training and seed; a column says
/// which.
ResultTable runTable(const Workspace& workspace, const std::vector<RunRecord>& runs);

/// The same by configuration: runs that differ only in their seed form one row, mean ± sample standard
/// deviation. A difference to float smaller than the noise (95 % interval of the paired or Welch difference
/// contains 0) is marked so.
ResultTable groupTable(const Workspace& workspace, const std::vector<RunRecord>& runs);

/// The columns with these keys, in this order; all of them for an empty list. Throws Error(Config) naming the
/// nearest key.
ResultTable withColumns(ResultTable table, const std::vector<std::string>& keys);

/// RFC 4180, full precision, keys as header. A column of mean ± std cells becomes three: key, key_std, key_n.
std::string toCsv(const ResultTable& table);
std::string toTsv(const ResultTable& table);
std::string toJsonText(const ResultTable& table);
std::string toMarkdown(const ResultTable& table);
std::string toLatex(const ResultTable& table); ///< booktabs
std::string toText(const ResultTable& table);  ///< aligned columns for a terminal

} // namespace quantarium::store
