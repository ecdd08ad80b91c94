// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>

namespace quantarium::benchmarks {

/// CIFAR-10 files with random pixels and labels, so that the ordinary reader and session are what is
/// measured.
void writeRandomImages(const std::filesystem::path& folder, int recordsPerFile);

} // namespace quantarium::benchmarks
