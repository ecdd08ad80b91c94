// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <QObject>
#include <QString>

#include "core/base/options.h"
#include "core/run/events.h"
#include "core/run/run_config.h"

namespace quantarium::widgets {

/// A weight or activation method as the form needs it.
struct MethodInfo {
    EntrySchema schema;
    std::int64_t minimumBits = 32;
    std::int64_t maximumBits = 32;
    std::int64_t defaultBits = 32;
    bool wantsPretrained = false;
};

/// A dataset as the form needs it.
struct DatasetInfo {
    EntrySchema schema;
    std::int64_t classes = 0;
    std::array<std::int64_t, 3> imageShape{}; ///< channels, height, width
    std::int64_t trainSamples = 0;
    std::int64_t testSamples = 0;
    bool embedded = false;
    bool available = false; ///< its files were found (embedded: always)
    Json defaultAugment = Json::object();
};

/// Everything the Setup form is made from, as plain values: the registries' descriptions, read once.
struct SetupSchema {
    std::vector<EntrySchema> tasks;
    std::vector<EntrySchema> networks;
    std::vector<EntrySchema> optimizers;
    std::vector<EntrySchema> schedules;
    std::vector<MethodInfo> methods;
    std::vector<MethodInfo> activations; ///< without "none"
    std::vector<DatasetInfo> datasets;
    std::vector<OptionSpec> augmentation;

    const MethodInfo* method(const std::string& id) const;
    const MethodInfo* activation(const std::string& id) const; ///< null for "none", too
    const DatasetInfo* dataset(const std::string& id) const;
};

/// The entry with this id, or null.
const EntrySchema* findEntry(const std::vector<EntrySchema>& entries, const std::string& id);

/// What is wrong with a configuration, and where ("weights.bits").
struct ConfigProblem {
    QString key;
    QString text;
};

/// Checks and plans configurations for the form. The implementation over train::Registries is
/// LaboratorySetup; tests use made-up ones. Thread: GUI.
class SetupService : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    virtual const SetupSchema& schema() const = 0;

    /// What train::resolve says; empty when the configuration can run. Fast.
    virtual QVector<ConfigProblem> check(const RunConfig& config) const = 0;

    /// Computes parameters, memory and MACs in the background; planned() or planFailed() follows for the
    /// newest request only, stale results are dropped.
    virtual void requestPlan(const RunConfig& config) = 0;

signals:
    void planned(const quantarium::RunReport& report);
    void planFailed(const QString& reason);
};

} // namespace quantarium::widgets
