// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/calibration.h"
#include "core/train/session.h"

namespace quantarium::train {

/// The trainer's side of a method's procedures. Lives as long as one such procedure.
class SessionCalibration : public quant::CalibrationContext {
public:
    explicit SessionCalibration(Session& session) : m_session(session) {}

    void forEachBatch(std::int64_t batches,
                      const std::function<void(const torch::Tensor&, const torch::Tensor&)>& use) override;
    torch::Tensor siteInput(const std::string& layer, const torch::Tensor& images) override;
    torch::Tensor siteOutput(const std::string& layer, const torch::Tensor& images) override;
    double evaluate() override;
    void reestimateBatchNorm(std::int64_t batches) override;

private:
    Session& m_session;
};

/// Lets activation quantizers take their ranges from training batches, as the first training steps do, with
/// the deployed weights and without training anything: for networks that are only measured.
void calibrateActivations(Session& session);

} // namespace quantarium::train
