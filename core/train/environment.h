// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "core/base/json.h"

namespace quantarium::train {

/// What a result may depend on besides its configuration: program version and commit, LibTorch, processor,
/// instruction set, threads, operating system, host name.
Json environment(std::int64_t threads);

/// "0.1.0 (commit 0123456789ab)"
std::string versionText();

} // namespace quantarium::train
