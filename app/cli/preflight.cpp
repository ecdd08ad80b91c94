// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/preflight.h"

#include <set>

#include "core/base/error.h"
#include "core/nn/tensor_file.h"
#include "core/train/resolve.h"
#include "core/train/session.h"

namespace quantarium::cli {

namespace {

void requireStartFile(const StartConfig& start) {
    if (start.from != "file") return;
    if (!std::filesystem::exists(start.path))
        throw Error(ErrorKind::Data, "there is no such file", "start.path: " + start.path,
                    "Name a safetensors file with the network's weights.");
    (void)nn::readTensorFile(start.path);
}

} // namespace

void checkBeforeStart(const std::vector<RunConfig>& configs, const train::Registries& registries,
                      const std::string& source) {
    std::set<Json> opened;
    for (const auto& config : configs) {
        const auto resolved = train::resolve(config, registries,
                                             configs.size() > 1 ? source + " (" + config.name + ")" : source);
        train::requireMemory(train::planRun(resolved, registries));
        requireStartFile(resolved.start);
        const auto& entry = registries.datasets.at(resolved.dataset.id, "dataset.id");
        if (!entry.embedded && opened.insert(resolved.toJson().at("dataset")).second)
            (void)train::openData(resolved, registries);
    }
}

} // namespace quantarium::cli
