// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "core/nn/weights_file.h"
#include "tests/support/compare.h"

namespace quantarium::testing {

/// A place for one file of weights after the other.
class WeightsFolder {
public:
    std::filesystem::path file() const { return m_folder.path() / "weights.bin"; }

    nn::TensorFile read(const std::string& bytes) const;

    /// "place: problem" of the refusal of a file with these bytes; empty when it is read. "unexpected" and
    /// the error when that doesn't name file and remedy.
    std::string refusal(const std::string& bytes) const;

private:
    TemporaryFolder m_folder;
};

} // namespace quantarium::testing
