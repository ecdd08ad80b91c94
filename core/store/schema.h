// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/store/database.h"

namespace quantarium::store {

/// What brings a workspace file from nothing to today's form: step i leads from version i to version i + 1.
/// Steps are never edited after a release, only added.
const std::vector<std::string>& schemaSteps();

/// Creates the tables in an empty file or upgrades an older one, all steps in one transaction, after a copy
/// to `workspace.sqlite.v<old>.bak` beside it. Throws Error(Storage) for a foreign file and for one from a
/// newer version; nothing is changed then.
void prepareForWriting(Database& database, const std::vector<std::string>& steps = schemaSteps());

/// Throws Error(Storage) unless the file is a workspace of exactly this version.
void checkForReading(Database& database, const std::vector<std::string>& steps = schemaSteps());

} // namespace quantarium::store
