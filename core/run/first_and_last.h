// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "core/run/events.h"

namespace quantarium {

/// What became of the weights of the first and the last layer: "float", "8 bits", "float, 3 bits"; empty
/// without layers.
std::string firstAndLastText(const RunReport& report);

} // namespace quantarium
