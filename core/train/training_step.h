// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/run/snapshot.h"
#include "core/train/session.h"

namespace quantarium::train {

/// One optimizer step: materialize, forward, backward, clip, closed-form gradients or fused step, update,
/// afterStep. Adds the batch to `sum`; returns its loss.
double trainingStep(Session& session, const data::Batch& batch, tasks::MetricSum& sum);

/// Epochs at which the learning-rate schedule begins anew, ascending, starting with 0; all layers together.
std::vector<std::int64_t> scheduleRestarts(const Session& session);

/// The place of optimizer step `step` in its segment of the schedule.
SchedulePoint schedulePoint(const std::vector<std::int64_t>& restarts, std::int64_t epochs,
                            std::int64_t stepsPerEpoch, std::int64_t step);

/// Tells all quantizers that an epoch begins and does what they ask for.
void applyRequests(Session& session, const quant::TrainingPoint& point);

/// Lets each method do what it brings around training (WeightMethod::before or after), over its layers.
void runProcedures(Session& session, quant::Procedure quant::WeightMethod::*procedure);

/// After the last epoch: last portions, the methods' own `after`, batch norms of the deployed weights.
void finishMethods(Session& session);

/// Some method still changes the weights after the last epoch: what an epoch's evaluation shows is not yet
/// what will be stored.
bool anyFinishesAfterwards(const Session& session);

bool anyTrainFormDiffers(const Session& session);

/// The methods' scalars, averaged over weights: "temperature", "frozen_share", …
void addMethodValues(const Session& session, std::map<std::string, double>& values);

/// "flip_rate": share of quantized weights whose level changed since the last epoch.
void addFlipRate(const WeightSnapshot& snapshot, std::map<std::string, double>& values);

} // namespace quantarium::train
