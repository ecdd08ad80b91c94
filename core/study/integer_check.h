// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>

#include "core/base/json.h"
#include "core/train/session.h"

namespace quantarium::study {

/// Of a step, by which values are moved for comparison.
inline constexpr double kShakenShare = 1.0 / 128;

/// A trained network beside the integers that it becomes, on the same test images.
struct IntegerCheck {
    std::int64_t images = 0;
    double simulatedTop1 = 0; ///< %, of evaluation: floats that take the values of the grids
    double integerTop1 = 0;   ///< %, of the integer network
    double agreement = 0;     ///< % of the images with the same class from both
    /// % with the same class from evaluation with and without train::ShakenRounding of kShakenShare: what the
    /// agreement can be at all where so many values lie next to a border.
    double shakenAgreement = 0;
    double largestDifference = 0; ///< between two logits
    double meanDifference = 0;    ///< root of the mean square
    double outputStep = 0;      ///< 1/255 of the logits' range: one step of an 8-bit output, to compare with
    double secondsPerImage = 0; ///< of the integer network, all threads together
    std::int64_t operations = 0;
    std::int64_t weightBytes = 0; ///< one byte for each weight

    Json toJson() const;
};

/// Builds the integer network of a session's trained network and measures both on its test images.
/// @param report called with the number of images done; may be empty
/// Throws Error(Config) naming the layers that don't compute with integers. Thread: the session's.
IntegerCheck checkIntegers(train::Session& session, const std::function<void(std::int64_t)>& report = {});

} // namespace quantarium::study
