// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <limits>

#include "core/train/session.h"

namespace quantarium::train {

/// Where a run stands, beyond its tensors. All random draws derive from the seed and this position.
struct TrainingState {
    std::int64_t epoch = 0; ///< epochs finished
    std::int64_t batch = 0; ///< batches done of the epoch in progress; 0 at an epoch's border
    std::int64_t step = 0;  ///< optimizer steps done
    std::int64_t bestEpoch = 0;
    double bestMetric = std::numeric_limits<double>::quiet_NaN();
    double seconds = 0;         ///< wall time of all processes that worked on this run
    double epochBegan = 0;      ///< `seconds` when the epoch in progress began
    double stepSeconds = 0;     ///< of it, in optimizer steps
    double stepCpuSeconds = 0;  ///< of the run's thread, in those steps
    double snapshotSeconds = 0; ///< of it, in snapshots
    Json partialSums;           ///< the epoch in progress: MetricSum::save
    std::vector<double> partialLosses;
};

/// Network, quantizers, optimizer and position, atomically. Throws Error(Storage); the old file is then
/// whole.
void saveCheckpoint(const std::filesystem::path& file, const Session& session, const TrainingState& state);

/// Restores all of it into a session built from the same configuration. Throws Error(Data) naming file and
/// remedy when the file is cut, damaged or belongs to another configuration; the session must then be thrown
/// away.
TrainingState loadCheckpoint(const std::filesystem::path& file, Session& session);

/// The finished network: quantized weights (materialize(Eval)) and all other parameters and buffers under
/// their usual names, and for each quantized layer "quantarium.codes.<name>" (packed, uint8) and
/// "quantarium.codebook.<name>" [1 or filters, values].
void saveModel(const std::filesystem::path& file, Session& session);

} // namespace quantarium::train
