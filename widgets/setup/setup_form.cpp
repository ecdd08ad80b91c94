// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/setup/setup_form.h"

#include <algorithm>

#include "core/base/error.h"

namespace quantarium::widgets {

namespace {

constexpr const char* kNoMethod = "none"; // of activations: they stay float

/// The part of a document below a key, or an empty object.
Json part(const Json& document, const std::string& key) {
    const auto found = document.find(key);
    return found == document.end() || !found->is_object() ? Json::object() : *found;
}

std::string textAt(const Json& document, const std::string& key) {
    const auto found = document.find(key);
    return found == document.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

} // namespace

SetupForm::SetupForm(const SetupService* service, QWidget* parent) : QScrollArea(parent), m_service(service) {
    setWidgetResizable(true);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* content = new QWidget;
    m_layout = new QVBoxLayout(content);
    m_layout->setContentsMargins(10, 6, 10, 10);
    m_layout->setSpacing(4);
    m_general = new QLabel;
    m_general->setProperty("role", QStringLiteral("problem"));
    m_general->setWordWrap(true);
    m_general->hide();
    m_layout->addWidget(m_general);
    buildSections();
    m_layout->addStretch(1);
    setWidget(content);
    RunConfig initial;
    initial.dataset.id = m_dataset->id();
    initial.network.id = m_network->id();
    setDocument(initial.toJson());
}

void SetupForm::adoptBitRange(const MethodRows& rows, const MethodInfo* method) {
    auto* bits = rows.bits->field("bits");
    const bool quantizes = method && method->maximumBits < 32;
    if (quantizes)
        bits->setRange(static_cast<double>(method->minimumBits), static_cast<double>(method->maximumBits));
    rows.bits->suppress("bits", !quantizes);
    for (const char* name : {"policy", "depthwise", "shortcuts"})
        rows.rest->suppress(name, !quantizes);
}

void SetupForm::adoptMethod() {
    const auto* method = m_service->schema().method(m_weights.method->id());
    if (!method) return;
    adoptBitRange(m_weights, method);
    m_weights.bits->field("bits")->setValue(method->defaultBits);
    auto start = m_startGroup->values();
    const auto from = start["from"];
    const bool quantizes = method->schema.id != "float" || m_activations.method->id() != kNoMethod;
    if (method->wantsPretrained && from == "scratch") start["from"] = "float";
    if (!quantizes && from == "float") start["from"] = "scratch";
    m_startGroup->setValues(start);
}

void SetupForm::adoptActivation() {
    const auto* method = m_service->schema().activation(m_activations.method->id());
    adoptBitRange(m_activations, method);
    m_activations.bits->field("bits")->setValue(method ? method->defaultBits : 32);
}

void SetupForm::adoptDataset() {
    const auto* dataset = m_service->schema().dataset(m_dataset->id());
    if (!dataset) return;
    m_augment->setValues(dataset->defaultAugment);
    m_rootGroup->suppress("root", dataset->embedded);
}

Json SetupForm::document() const {
    Json document = m_base;
    for (const auto& [key, group] : m_groups) {
        Json& target = key.empty() ? document : document[key];
        const auto values = group->values();
        for (const auto* field : group->fields()) {
            const auto& name = field->spec().name;
            if (values.contains(name))
                target[name] = values[name];
            else
                target.erase(name); // does not apply
        }
    }
    const auto put = [](Json& target, const EntryEditor* editor, const char* idName) {
        target[idName] = editor->id();
        target["options"] = editor->options();
    };
    put(document["task"], m_task, "id");
    put(document["dataset"], m_dataset, "id");
    put(document["network"], m_network, "id");
    put(document["weights"], m_weights.method, "method");
    put(document["activations"], m_activations.method, "method");
    put(document["training"]["optimizer"], m_optimizer, "id");
    put(document["training"]["schedule"], m_schedule, "id");
    document["dataset"]["augment"] = m_augment->values();
    const auto* method = m_service->schema().method(m_weights.method->id());
    if (method && method->minimumBits == 32) document["weights"]["bits"] = 32;
    if (m_activations.method->id() == kNoMethod) document["activations"]["bits"] = 32;
    return document;
}

void SetupForm::setDocument(const Json& document) {
    m_base = document;
    for (const auto& [key, group] : m_groups)
        group->setValues(key.empty() ? document : part(document, key));
    const auto take = [](EntryEditor* editor, const Json& from, const char* idName) {
        editor->set(textAt(from, idName), part(from, "options"));
    };
    take(m_task, part(document, "task"), "id");
    take(m_dataset, part(document, "dataset"), "id");
    take(m_network, part(document, "network"), "id");
    take(m_weights.method, part(document, "weights"), "method");
    take(m_activations.method, part(document, "activations"), "method");
    take(m_optimizer, part(part(document, "training"), "optimizer"), "id");
    take(m_schedule, part(part(document, "training"), "schedule"), "id");
    adoptDataset();
    const auto augment = part(part(document, "dataset"), "augment");
    if (!augment.empty()) m_augment->setValues(augment);
    adoptBitRange(m_weights, m_service->schema().method(m_weights.method->id()));
    adoptBitRange(m_activations, m_service->schema().activation(m_activations.method->id()));
    m_weights.bits->field("bits")->setValue(part(document, "weights").value("bits", Json(32)));
    m_activations.bits->field("bits")->setValue(part(document, "activations").value("bits", Json(32)));
    emit edited();
}

void SetupForm::setAdvancedShown(bool shown) {
    for (const auto& [key, group] : m_groups)
        group->setAdvancedShown(shown);
    for (auto* editor : editors())
        editor->setAdvancedShown(shown);
    m_augment->setAdvancedShown(shown);
}

void SetupForm::focusFirst() {
    auto* first = field(QStringLiteral("network.id"));
    ensureWidgetVisible(first);
    first->setFocus();
}

std::vector<EntryEditor*> SetupForm::editors() const {
    return {m_network, m_weights.method, m_dataset, m_activations.method, m_optimizer, m_schedule, m_task};
}

std::vector<OptionField*> SetupForm::fields() const {
    std::vector<OptionField*> all;
    const auto add = [&all](const std::vector<OptionField*>& some) {
        all.insert(all.end(), some.begin(), some.end());
    };
    for (const auto& [key, group] : m_groups)
        add(group->fields());
    for (const auto* editor : editors())
        add(editor->fields());
    add(m_augment->fields());
    return all;
}

OptionField* SetupForm::field(const QString& key) const {
    const auto all = fields();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const OptionField* field) { return field->key() == key; });
    return found == all.end() ? nullptr : *found;
}

QVector<ConfigProblem> SetupForm::configProblems() const {
    const auto* dataset = m_service->schema().dataset(m_dataset->id());
    if (dataset && !dataset->available && m_rootGroup->field("root")->value() == "")
        return {{QStringLiteral("dataset.root"),
                 tr("The files were not found through QUANTARIUM_DATA. Give their folder.")}};
    try {
        return m_service->check(RunConfig::fromJson(document()));
    } catch (const Error& error) {
        auto text = QString::fromStdString(error.problem()) + QStringLiteral(".");
        if (!error.remedy().empty()) text += QLatin1Char(' ') + QString::fromStdString(error.remedy());
        return {{QString::fromStdString(error.where()), text}};
    }
}

QVector<ConfigProblem> SetupForm::validate() {
    QVector<ConfigProblem> problems;
    const auto all = fields();
    for (const auto* field : all)
        if (const auto problem = field->isHidden() ? QString() : field->ownProblem(); !problem.isEmpty())
            problems.push_back({field->key(), problem});
    if (problems.isEmpty()) problems = configProblems();
    QString general;
    for (auto* one : all) {
        const auto found =
            std::find_if(problems.begin(), problems.end(),
                         [one](const ConfigProblem& problem) { return problem.key == one->key(); });
        one->showProblem(found == problems.end() ? QString() : found->text);
    }
    for (const auto& problem : problems) {
        const auto* at = field(problem.key);
        if (at) openSectionOf(at);
        if (!at || at->isHidden())
            general += (general.isEmpty() ? "" : "\n") + problem.key + QStringLiteral(": ") + problem.text;
    }
    m_general->setText(general);
    m_general->setVisible(!general.isEmpty());
    return problems;
}

} // namespace quantarium::widgets
