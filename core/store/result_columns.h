// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/store/export.h"

namespace quantarium::store {

/// Which images an accuracy was measured on.
enum class Split { Test, Validation };

/// Top-1 accuracy in percent of the epoch that was best on validation data, or of the last one.
std::optional<double> bestTop1(const RunRecord& run, Split split);
std::optional<double> lastTop1(const RunRecord& run, Split split);

/// Test when all of these runs have a test value, else validation.
Split commonSplit(const std::vector<const RunRecord*>& runs);

/// A number of `RunRecord::result`, "seconds".
std::optional<double> resultNumber(const RunRecord& run, const std::string& name);

/// Memory that tensors took relative to the float run's; nothing unless both trained alone in their process.
std::optional<double> relativeMemory(const RunRecord& run, const RunRecord* floatRun);

/// Seconds per training step relative to the float run's.
std::optional<double> relativeTime(const RunRecord& run, const RunRecord* floatRun);

/// A column whose cell follows from one record: the same for a run and for its repeats.
struct RecordColumn {
    ResultTable::Column column;
    std::function<Json(const RunRecord&)> cell;
};

/// Dataset, network, method, bits, …; `detail` ones last.
std::vector<RecordColumn> configurationColumns();
std::vector<RecordColumn> configurationDetails();

/// Memory reduction (both accountings) and multiplication flags, from the report.
std::vector<RecordColumn> reportColumns();

/// Null for nothing.
Json cell(const std::optional<double>& value);

} // namespace quantarium::store
