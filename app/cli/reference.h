// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "core/train/registries.h"

namespace quantarium::cli {

/// The reference of the configuration and of everything it can name, as Markdown, from the schemas.
/// docs/reference.md is this text.
std::string referenceText(const train::Registries& registries);

} // namespace quantarium::cli
