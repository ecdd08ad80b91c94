// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/run/events.h"

namespace quantarium::cli {

/// The number a person follows: "validation_top1" when it was measured, else the nearest to it.
struct Headline {
    std::string name;
    double value = 0; ///< percent
};

std::optional<Headline> headline(const std::map<std::string, double>& values);

/// The same of what a run ended with (RunEnded::result).
/// @param moment "last" or "best"
std::optional<Headline> headline(const Json& result, const std::string& moment);

/// What one line about one run shows.
struct RunProgress {
    std::string place; ///< "2/4", empty for a single run
    std::string name;
    std::int64_t totalEpochs = 0;
    Progress progress;
    std::optional<Headline> best;
};

/// One line of at most `width` columns: place, name, bar, share, epoch, loss, best accuracy, time left. Where
/// there is no room the less important parts go first; the name is shortened before the bar disappears.
std::string progressLine(const RunProgress& run, std::size_t width, bool unicode);

} // namespace quantarium::cli
