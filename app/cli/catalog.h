// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/options.h"
#include "core/train/registries.h"

namespace quantarium::cli {

/// One registered thing as people read about it: its schema and a few facts beside it.
struct CatalogEntry {
    EntrySchema schema;
    std::vector<std::pair<std::string, std::string>> facts; ///< ("Bits", "2 … 9")
};

/// One kind of registered things: a command of its own, a chapter of the reference.
struct Catalog {
    std::string command;    ///< "methods"
    std::string title;      ///< "Weight methods"
    std::string help;       ///< one line
    std::string key;        ///< where a configuration names one: "weights.method"
    std::string optionsKey; ///< where its options stand: "weights.options"
    std::vector<CatalogEntry> entries;
};

/// All catalogs of this program, in the order people need them. Facts that depend on the machine (whether a
/// dataset's files are there) are left out unless `withMachine`.
std::vector<Catalog> catalogs(const train::Registries& registries, bool withMachine);

/// "2 … 9 bits", "one of a, b", "true or false", "list of numbers, 0 … 1".
std::string allowedValues(const OptionSpec& option);

/// The default as JSON.
std::string defaultValue(const OptionSpec& option);

/// "only when method is \"x\"", or empty.
std::string condition(const OptionSpec& option);

} // namespace quantarium::cli
