// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/bridge/setup_service.h"

#include <algorithm>

namespace quantarium::widgets {

namespace {

const MethodInfo* findMethod(const std::vector<MethodInfo>& methods, const std::string& id) {
    const auto found = std::find_if(methods.begin(), methods.end(),
                                    [&](const MethodInfo& method) { return method.schema.id == id; });
    return found == methods.end() ? nullptr : &*found;
}

} // namespace

const EntrySchema* findEntry(const std::vector<EntrySchema>& entries, const std::string& id) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const EntrySchema& entry) { return entry.id == id; });
    return found == entries.end() ? nullptr : &*found;
}

const MethodInfo* SetupSchema::method(const std::string& id) const {
    return findMethod(methods, id);
}

const MethodInfo* SetupSchema::activation(const std::string& id) const {
    return findMethod(activations, id);
}

const DatasetInfo* SetupSchema::dataset(const std::string& id) const {
    const auto found = std::find_if(datasets.begin(), datasets.end(),
                                    [&](const DatasetInfo& dataset) { return dataset.schema.id == id; });
    return found == datasets.end() ? nullptr : &*found;
}

} // namespace quantarium::widgets
