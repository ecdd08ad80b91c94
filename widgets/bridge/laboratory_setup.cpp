// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/bridge/laboratory_setup.h"

#include <atomic>

#include "core/base/error.h"
#include "core/data/loader.h"
#include "core/train/registries.h"
#include "core/train/resolve.h"
#include "core/train/session.h"
#include "core/train/start_weights.h"
#include "widgets/bridge/worker.h"

namespace quantarium::widgets {

namespace {

template <class Registry> std::vector<EntrySchema> schemasOf(const Registry& registry) {
    std::vector<EntrySchema> schemas;
    for (const auto& entry : registry.entries())
        schemas.push_back(entry.schema);
    return schemas;
}

DatasetInfo infoOf(const data::DatasetEntry& entry) {
    DatasetInfo info;
    info.schema = entry.schema;
    info.classes = entry.published.classes;
    info.imageShape = entry.published.imageShape;
    info.trainSamples = entry.published.trainSamples;
    info.testSamples = entry.published.testSamples;
    info.embedded = entry.embedded;
    info.available = entry.embedded || (entry.available && entry.available({}));
    if (entry.defaultAugment.is_object()) info.defaultAugment = entry.defaultAugment;
    return info;
}

SetupSchema schemaOf(const train::Registries& registries) {
    SetupSchema schema;
    schema.tasks = schemasOf(registries.tasks);
    schema.networks = schemasOf(registries.networks);
    schema.optimizers = schemasOf(registries.optimizers);
    schema.schedules = schemasOf(registries.schedules);
    schema.augmentation = data::Augmentation::schema();
    for (const auto& method : registries.methods.entries())
        schema.methods.push_back({method.schema, method.minimumBits, method.maximumBits, method.defaultBits,
                                  method.wantsPretrained});
    for (const auto& method : registries.activations.entries())
        schema.activations.push_back(
            {method.schema, method.minimumBits, method.maximumBits, method.defaultBits, false});
    for (const auto& dataset : registries.datasets.entries())
        schema.datasets.push_back(infoOf(dataset));
    return schema;
}

QString textOf(const Error& error) {
    auto text = QString::fromStdString(error.problem());
    if (!error.remedy().empty()) text += QStringLiteral(". ") + QString::fromStdString(error.remedy());
    return text;
}

/// Throws Error when the file that a run is to start from is not there, not to be trusted, or doesn't fit.
void requireStart(const RunConfig& resolved, const train::Registries& registries) {
    if (resolved.start.from != "file") return;
    try {
        train::requireStartFits(resolved, registries, resolved.start.path);
    } catch (const Error& error) {
        throw Error(error.kind(), error.what()); // the place is the file, which the reader wants to see
    }
}

} // namespace

struct LaboratorySetup::State {
    SetupSchema schema = schemaOf(train::Registries::builtin());
    std::atomic<int> ticket = 0;
    Worker worker; // last: joined before the rest goes
};

LaboratorySetup::LaboratorySetup(QObject* parent)
    : SetupService(parent), m_state(std::make_unique<State>()) {}

LaboratorySetup::~LaboratorySetup() {
    ++m_state->ticket;
    m_state.reset();
}

const SetupSchema& LaboratorySetup::schema() const {
    return m_state->schema;
}

QVector<ConfigProblem> LaboratorySetup::check(const RunConfig& config) const {
    try {
        (void)train::resolve(config, train::Registries::builtin());
    } catch (const Error& error) {
        return {{QString::fromStdString(error.where()), textOf(error)}};
    }
    return {};
}

void LaboratorySetup::requestPlan(const RunConfig& config) {
    const int ticket = ++m_state->ticket;
    auto* state = m_state.get();
    state->worker.add([this, state, ticket, config] {
        if (state->ticket != ticket) return;
        RunReport report;
        QString reason;
        try {
            const auto& registries = train::Registries::builtin();
            const auto resolved = train::resolve(config, registries);
            report = train::planRun(resolved, registries);
            requireStart(resolved, registries);
        } catch (const Error& error) {
            reason = textOf(error);
        } catch (const std::exception& error) {
            reason = QString::fromUtf8(error.what());
        }
        QMetaObject::invokeMethod(
            this,
            [this, state, ticket, report, reason] {
                if (state->ticket != ticket) return;
                if (reason.isEmpty())
                    emit planned(report);
                else
                    emit planFailed(reason);
            },
            Qt::QueuedConnection);
    });
}

} // namespace quantarium::widgets
