// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/data/dataset.h"

namespace quantarium::testing {

/// Names of class folders, sorted.
inline const std::vector<std::string> kClasses{"n01440764", "n01443537", "n02119789"};

/// A JPEG of one colour that tells its class and its number: red 40·class + 20, green 10·number, blue 77.
std::string pictureOf(int label, int number, int height = 20, int width = 24);

/// train/<class>/ with `count` pictures for each of kClasses, val/<class>/ with two.
void writeFolder(const std::filesystem::path& root, int count = 4);

/// A request for the dataset "imagenet" without a validation split.
data::DatasetRequest folderRequest(const std::filesystem::path& root,
                                   const Json& options = {{"size", 16}, {"resize", 18}});

data::Splits openFolder(const data::DatasetRequest& request);

/// The error that opening throws, or nothing when it succeeds.
std::optional<Error> folderError(const data::DatasetRequest& request);

/// Class told by the picture's red, number told by its green, and label of all samples, in order.
std::vector<std::array<int, 3>> contentOf(const data::Dataset& dataset);

} // namespace quantarium::testing
