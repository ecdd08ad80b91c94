// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/run/run_config.h"
#include "core/train/registries.h"

namespace quantarium::study {

struct BitSearchSettings {
    std::string weights = "ristretto";     ///< method of the weights
    std::string activations = "ristretto"; ///< of the layers' inputs, or "none"
    double margin = 1.0; ///< how much of the metric may be lost, in its own unit (percentage points)
    std::vector<std::int64_t> widths{8, 4, 2,
                                     1}; ///< tried in this order; those that a method can't do are skipped
};

/// One measurement: a group of tensors at one width, everything else as in the float network.
struct BitSearchTrial {
    std::string group;      ///< "convolution weights", "linear weights", "layer inputs", "all together"
    std::int64_t bits = 32; ///< 0 where widths are mixed (all together)
    double metric = 0;
    bool withinMargin = false;
};

struct BitSearchResult {
    std::string metric;   ///< "validation_top1"
    double reference = 0; ///< of the network without quantization
    std::vector<BitSearchTrial> trials;
    RunConfig chosen; ///< every group at its smallest width within the margin; groups without one stay float
    double chosenMetric = 0;
};

/// Ristretto's search (Gysel et al. 2018, arXiv 1605.06402, section on the automated tool): each group of
/// tensors alone at ever smaller widths, while the loss stays within the margin; then all together. The
/// published tool goes on with fine-tuning: train `chosen`. Measured on validation data, which must not be
/// empty; nothing is trained.
/// @param config a resolved configuration; its quantization is replaced
/// @param startFile weights to search for
/// @param report called after each trial
/// Throws Error. Thread: any; takes this one until it is done.
BitSearchResult searchBits(const RunConfig& config, const std::filesystem::path& startFile,
                           const BitSearchSettings& settings, const train::Registries& registries,
                           const std::function<void(const BitSearchTrial&)>& report);

} // namespace quantarium::study
