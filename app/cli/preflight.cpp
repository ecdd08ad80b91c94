// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/preflight.h"

#include <set>

#include "core/train/resolve.h"
#include "core/train/session.h"
#include "core/train/start_weights.h"

namespace quantarium::cli {

void checkBeforeStart(const std::vector<RunConfig>& configs, const train::Registries& registries,
                      const std::string& source) {
    std::set<Json> opened;
    for (const auto& config : configs) {
        const auto resolved = train::resolve(config, registries,
                                             configs.size() > 1 ? source + " (" + config.name + ")" : source);
        train::requireMemory(train::planRun(resolved, registries));
        if (resolved.start.from == "file") train::requireStartFits(resolved, registries, resolved.start.path);
        const auto& entry = registries.datasets.at(resolved.dataset.id, "dataset.id");
        if (!entry.embedded && opened.insert(resolved.toJson().at("dataset")).second)
            (void)train::openData(resolved, registries);
    }
}

} // namespace quantarium::cli
