// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/store/export.h"
#include "core/store/workspace.h"

namespace quantarium::cli {

/// The names that `--format` takes.
std::vector<std::string> tableFormats();

/// The table in one of those formats.
std::string formatted(const store::ResultTable& table, const std::string& format);

/// The columns a person looks at first, for the end of a run, with the table's notes. Float runs that these
/// ones started from are shown too.
std::string shortResults(const store::Workspace& workspace, std::vector<store::RunRecord> runs);

/// Runs side by side: first the configuration keys in which they differ, then what was measured.
store::ResultTable comparison(const store::Workspace& workspace, const std::vector<store::RunRecord>& runs);

/// Everything known of one run, for a terminal.
std::string runText(const store::Workspace& workspace, const store::RunRecord& run);

/// The same as JSON, with all its series.
Json runJson(const store::Workspace& workspace, const store::RunRecord& run);

} // namespace quantarium::cli
