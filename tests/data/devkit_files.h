// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

namespace quantarium::testing {

struct SampleSynset {
    int id = 0;
    std::string wnid;
    std::string words;
};

/// A meta.mat like that of ILSVRC2012's development kit: a struct array "synsets" behind another variable,
/// with fields that are no number and no text, too. scipy.io.loadmat reads it.
std::string metaMat(const std::vector<SampleSynset>& synsets, bool compressed);

/// The lines of a ground truth.
std::string groundTruth(const std::vector<int>& ids);

} // namespace quantarium::testing
