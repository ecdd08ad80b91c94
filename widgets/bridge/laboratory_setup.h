// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "widgets/bridge/setup_service.h"

namespace quantarium::widgets {

/// SetupService over this program's registries (train::Registries::builtin). The header is free of LibTorch.
class LaboratorySetup : public SetupService {
    Q_OBJECT
public:
    explicit LaboratorySetup(QObject* parent = nullptr);
    ~LaboratorySetup() override; ///< waits for the plan that is being computed

    const SetupSchema& schema() const override;
    QVector<ConfigProblem> check(const RunConfig& config) const override;
    void requestPlan(const RunConfig& config) override;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace quantarium::widgets
