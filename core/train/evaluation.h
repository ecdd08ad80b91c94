// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/train/session.h"

namespace quantarium::train {

/// Metrics over a whole dataset in FP32 without augmentation, names with this prefix ("validation_top1").
/// Leaves the network in evaluation mode with the weights of `mode` materialized: Eval is what would be
/// deployed, Train what the training steps see. An empty map for no dataset.
std::map<std::string, double> evaluate(Session& session, const std::shared_ptr<const data::Dataset>& dataset,
                                       quant::Mode mode, const std::string& prefix);

/// Replaces the running statistics of all batch norms by averages over up to `batches` unaugmented training
/// batches, with the weights of materialize(Eval).
void reestimateBatchNorm(Session& session, std::int64_t batches);

} // namespace quantarium::train
