// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/run/run_config.h"

namespace quantarium {

/// An experiment that can be started by its name: a few runs that show something side by side. The files are
/// in resources/examples (format "quantarium-example/1"), compiled into both programs.
///
/// `runs` in a file are RunConfig documents; what they have in common may stand once under `common` and is
/// completed by each run (a JSON merge patch, RFC 7396).
struct Example {
    std::string id;
    std::string title;
    std::string shows;  ///< one or two sentences: what a person will see
    double minutes = 0; ///< on two processor cores
    std::vector<RunConfig> runs;

    std::int64_t runCount() const; ///< repeats over seeds counted
};

/// Throws Error(Config) whose `where` is "source: runs[2]: section.key".
Example exampleFromJson(const Json& document, const std::string& source);

/// The examples of this program, the first one first.
const std::vector<Example>& builtinExamples();

} // namespace quantarium
