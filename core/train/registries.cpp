// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/registries.h"

namespace quantarium::train {

const Registries& Registries::builtin() {
    static const Registries registries{tasks::builtinTasks(),
                                       data::builtinDatasets(),
                                       nn::builtinNetworks(),
                                       quant::builtinWeightMethods(),
                                       quant::builtinActivationMethods(),
                                       builtinOptimizers(),
                                       builtinSchedules()};
    return registries;
}

} // namespace quantarium::train
