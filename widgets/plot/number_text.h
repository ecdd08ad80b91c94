// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include <QString>

namespace quantarium::widgets {

/// "1,234,567"
QString countText(std::int64_t count);
/// Short for reading: "0.0312", "12.5", "1.2e−05"; "not finite" values as "NaN", "∞".
QString numberText(double value, int significantDigits = 4);
/// Exact for files: the shortest text that reads back as the same double.
QString exactText(double value);
/// A share in 0 … 1 as "12.3 %".
QString percentText(double share, int decimals = 1);

} // namespace quantarium::widgets
