// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/train/session.h"

namespace quantarium::train {

/// Metrics over a whole dataset in FP32 without augmentation, names with this prefix ("validation_top1").
/// Leaves the network in evaluation mode with the weights of `mode` materialized: Eval is what would be
/// deployed, Train what the training steps see. An empty map for no dataset. Where training blurs the batch
/// norms' running statistics (search with noise), Eval measures with re-estimated ones and puts the running
/// ones back.
std::map<std::string, double> evaluate(Session& session, const std::shared_ptr<const data::Dataset>& dataset,
                                       quant::Mode mode, const std::string& prefix);

/// Batches that re-estimation averages over.
inline constexpr std::int64_t kBatchNormBatches = 50;

bool anyBlursBatchNorm(const Session& session);

/// Replaces the running statistics of all batch norms by averages over up to `batches` training batches,
/// shuffled and augmented as the training sees them, with the weights of materialize(Eval).
void reestimateBatchNorm(Session& session, std::int64_t batches);

} // namespace quantarium::train
