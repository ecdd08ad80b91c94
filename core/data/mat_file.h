// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace quantarium::data {

/// One value of a struct array: a number, a text, or neither (an array, a cell, …).
struct MatValue {
    enum class Kind { Other, Number, Text } kind = Kind::Other;
    double number = 0;
    std::string text;
};

/// A struct array: one map from field to value for each of its elements.
using MatRecords = std::vector<std::map<std::string, MatValue>>;

/// Reads a struct array from a MATLAB file of level 5 (versions 5 to 7.2), compressed or not, little-endian.
/// Fields that are neither one number nor a row of text are of kind Other. Throws Error(Data) naming the file
/// when it is no such file, is damaged, or has no struct array of this name.
MatRecords readMatRecords(const std::filesystem::path& file, const std::string& name);

} // namespace quantarium::data
