// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <stop_token>

#include "core/run/events.h"
#include "core/train/run_folder.h"
#include "core/train/session.h"

namespace quantarium::train {

/// What a person may ask of a running run; checked at every batch. Thread: any.
struct RunControl {
    std::stop_token stop;               ///< checkpoint and end as Stopped
    std::atomic<bool>* pause = nullptr; ///< checkpoint and end as Paused
};

/// Trains one run from its session (or from the folder's checkpoint when there is one) to its end, writes its
/// folder and tells the observer. Errors and losses that are not finite become RunEnded(Failed); nothing is
/// thrown but programmer errors. Thread: the run's.
RunEnded runTraining(const std::string& runId, const RunConfig& resolved, const RunFolder& folder,
                     const std::filesystem::path& startFile, const Registries& registries,
                     RunObserver& observer, const RunControl& control);

} // namespace quantarium::train
