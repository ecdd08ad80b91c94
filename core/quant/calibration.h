// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <torch/types.h>

namespace quantarium::quant {

/// What a method's procedures around training may ask for; implemented in core/train. Valid during the call
/// only. Thread: the run's thread.
class CalibrationContext {
public:
    virtual ~CalibrationContext() = default;

    /// Calls `use` with up to `batches` training batches (images [N, C, H, W] float32 normalized, targets),
    /// in the order of the data-order stream, without augmentation.
    virtual void forEachBatch(
        std::int64_t batches,
        const std::function<void(const torch::Tensor& images, const torch::Tensor& targets)>& use) = 0;

    /// The quantized layer's input for one batch of images; empty tensor if there is no such layer.
    virtual torch::Tensor siteInput(const std::string& layer, const torch::Tensor& images) = 0;
    virtual torch::Tensor siteOutput(const std::string& layer, const torch::Tensor& images) = 0;

    /// The task's primary metric on validation data with materialize(Eval).
    virtual double evaluate() = 0;

    /// Replaces the batch norms' running statistics by those of `batches` training batches under
    /// materialize(Eval).
    virtual void reestimateBatchNorm(std::int64_t batches) = 0;
};

} // namespace quantarium::quant
