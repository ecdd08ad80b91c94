// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/data/dataset.h"
#include "core/nn/network.h"
#include "core/quant/activation_quantizer.h"
#include "core/quant/weight_quantizer.h"
#include "core/tasks/task.h"
#include "core/train/optimizer.h"
#include "core/train/schedule.h"

namespace quantarium::train {

/// Everything that a run configuration can name. Passed to whoever needs it; immutable, any thread.
struct Registries {
    const tasks::Tasks& tasks;
    const data::Datasets& datasets;
    const nn::Networks& networks;
    const quant::WeightMethods& methods;
    const quant::ActivationMethods& activations;
    const Optimizers& optimizers;
    const Schedules& schedules;

    /// What this program was built with.
    static const Registries& builtin();
};

} // namespace quantarium::train
