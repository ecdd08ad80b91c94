// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <string>

#include "core/store/database.h"

namespace quantarium::store {

/// The columns that readRun expects, in its order.
extern const char* const kRunColumns;

/// The current row as a record. A record that can't be read (a damaged file, another version's configuration)
/// is given as a failed run whose reason says so, so that one bad row doesn't hide the others.
RunRecord readRun(const Query& row);

/// Adds a row; the run must not exist yet.
void insertRun(Database& database, const RunRecord& run);

/// The row's key, or Error(Config) naming the id.
std::int64_t runKey(Database& database, const std::string& id);

/// Measured values as JSON text and back; NaN and infinities survive.
std::string valuesToText(const std::map<std::string, double>& values);

/// "2026-11-20T14:22:33Z"
std::string utcNow();

} // namespace quantarium::store
