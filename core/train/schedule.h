// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>

#include "core/base/options.h"
#include "core/base/registry.h"

namespace quantarium::train {

/// Where a step stands within its schedule segment (a whole run, or the stretch between two restarts).
struct SchedulePoint {
    std::int64_t step = 0;  ///< optimizer steps done in this segment
    std::int64_t steps = 1; ///< steps of this segment
    std::int64_t stepsPerEpoch = 1;
};

/// Learning-rate factor for a step; the optimizer's lr is multiplied by it. A pure function.
using Schedule = std::function<double(const SchedulePoint&)>;

struct ScheduleEntry {
    EntrySchema schema;
    std::function<Schedule(const Options&)> make;
};

using Schedules = Registry<ScheduleEntry>;

/// constant, step, cosine, one-cycle, time-decay, exponential.
const Schedules& builtinSchedules();

} // namespace quantarium::train
