// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/finished_run.h"

#include "core/base/error.h"
#include "core/train/calibration.h"
#include "core/train/checkpoint.h"
#include "core/train/training_step.h"

namespace quantarium::train {

Session openFinishedRun(const RunFolder& folder, const Registries& registries,
                        const std::filesystem::path& startFile) {
    const auto result = folder.result();
    if (!result || result->state != RunState::Finished)
        throw Error(ErrorKind::Config, "the run is " + (result ? toString(result->state) : "not finished"),
                    folder.path().string(), "Resume it first, or choose a finished run.");
    const auto config = folder.config();
    auto session = openSession(config, registries, config.training.epochs == 0 ? startFile : "");
    if (config.training.epochs > 0) {
        loadCheckpoint(folder.bestFile(), session);
    } else {
        runProcedures(session, &quant::WeightMethod::before);
        calibrateActivations(session);
    }
    finishMethods(session);
    return session;
}

} // namespace quantarium::train
