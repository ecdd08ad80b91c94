// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/setup/setup_form.h"

#include <algorithm>

#include <QToolButton>

#include "core/base/error.h"

namespace quantarium::widgets {

namespace {

const ConfigSection& sectionOf(const std::string& key) {
    const auto& schema = runConfigSchema();
    return *std::find_if(schema.begin(), schema.end(),
                         [&](const ConfigSection& section) { return section.key == key; });
}

std::vector<EntrySchema> schemasOf(const std::vector<MethodInfo>& methods) {
    std::vector<EntrySchema> schemas;
    for (const auto& method : methods)
        schemas.push_back(method.schema);
    return schemas;
}

std::vector<EntrySchema> schemasOf(const std::vector<DatasetInfo>& datasets) {
    std::vector<EntrySchema> schemas;
    for (const auto& dataset : datasets)
        schemas.push_back(dataset.schema);
    return schemas;
}

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

QVBoxLayout* SetupForm::addSection(const QString& title) {
    auto* header = new QToolButton;
    header->setText(title);
    header->setCheckable(true);
    header->setChecked(true);
    header->setArrowType(Qt::DownArrow);
    header->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    header->setProperty("role", QStringLiteral("section"));
    header->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    header->setAccessibleName(tr("Section %1").arg(title));
    auto* body = new QWidget;
    auto* layout = new QVBoxLayout(body);
    layout->setContentsMargins(4, 2, 0, 8);
    layout->setSpacing(5);
    connect(header, &QToolButton::toggled, body, [header, body](bool open) {
        header->setArrowType(open ? Qt::DownArrow : Qt::RightArrow);
        body->setVisible(open);
    });
    m_layout->addWidget(header);
    m_layout->addWidget(body);
    return layout;
}

OptionGroup* SetupForm::addGroup(QVBoxLayout* section, const std::string& sectionKey,
                                 const QStringList& names) {
    std::vector<OptionSpec> specs;
    for (auto spec : sectionOf(sectionKey).options) {
        if (!names.contains(QString::fromStdString(spec.name))) continue;
        if (spec.type == OptionType::Object) spec.advanced = true; // written as JSON
        specs.push_back(std::move(spec));
    }
    auto* group = new OptionGroup(specs, QString::fromStdString(sectionKey));
    section->addWidget(group);
    m_groups.emplace_back(sectionKey, group);
    connect(group, &OptionGroup::edited, this, &SetupForm::edited);
    return group;
}

EntryEditor* SetupForm::addEntry(QVBoxLayout* section, EntryEditor* editor) {
    section->addWidget(editor);
    connect(editor, &EntryEditor::edited, this, &SetupForm::edited);
    return editor;
}

void SetupForm::buildSections() {
    const auto& schema = m_service->schema();
    auto* run = addSection(tr("Run"));
    addGroup(run, "", {QStringLiteral("name"), QStringLiteral("seed")});
    m_task = addEntry(run, new EntryEditor(tr("Task"), QStringLiteral("task.id"),
                                           QStringLiteral("task.options"), schema.tasks));
    if (schema.tasks.size() == 1) m_task->hideChoice();

    auto* data = addSection(tr("Data"));
    const auto datasetLabel = [&schema](const EntrySchema& entry) {
        const auto* info = schema.dataset(entry.id);
        const auto title = QString::fromStdString(entry.title);
        return info->available ? title : tr("%1 (no files)").arg(title);
    };
    m_dataset = addEntry(data, new EntryEditor(tr("Dataset"), QStringLiteral("dataset.id"),
                                               QStringLiteral("dataset.options"), schemasOf(schema.datasets),
                                               datasetLabel));
    m_dataGroup = addGroup(data, "dataset", {"root", "limit", "test_limit", "validation", "normalization"});
    m_augment = new OptionGroup(schema.augmentation, QStringLiteral("dataset.augment"));
    data->addWidget(m_augment);
    connect(m_augment, &OptionGroup::edited, this, &SetupForm::edited);

    m_network = addEntry(addSection(tr("Network")),
                         new EntryEditor(tr("Network"), QStringLiteral("network.id"),
                                         QStringLiteral("network.options"), schema.networks));
    auto* weights = addSection(tr("Weights"));
    m_method =
        addEntry(weights, new EntryEditor(tr("Method"), QStringLiteral("weights.method"),
                                          QStringLiteral("weights.options"), schemasOf(schema.methods)));
    m_weightsGroup = addGroup(weights, "weights", {"bits", "policy", "overrides"});
    m_startGroup = addGroup(addSection(tr("Start")), "start", {"from", "path", "float_epochs", "training"});

    auto* training = addSection(tr("Training"));
    addGroup(training, "training", {"epochs", "batch", "repeats", "gradient_clip"});
    m_optimizer =
        addEntry(training, new EntryEditor(tr("Optimizer"), QStringLiteral("training.optimizer.id"),
                                           QStringLiteral("training.optimizer.options"), schema.optimizers));
    m_schedule =
        addEntry(training, new EntryEditor(tr("Schedule"), QStringLiteral("training.schedule.id"),
                                           QStringLiteral("training.schedule.options"), schema.schedules));
    addGroup(addSection(tr("Machine")), "machine", {"device", "threads", "precision", "memory_format"});
    connect(m_method, &EntryEditor::chosen, this, &SetupForm::adoptMethod);
    connect(m_dataset, &EntryEditor::chosen, this, &SetupForm::adoptDataset);
}

void SetupForm::adoptBitRange() {
    const auto* method = m_service->schema().method(m_method->id());
    auto* bits = m_weightsGroup->field("bits");
    const bool quantizes = method && method->maximumBits < 32;
    if (quantizes)
        bits->setRange(static_cast<double>(method->minimumBits), static_cast<double>(method->maximumBits));
    m_weightsGroup->suppress("bits", !quantizes);
    m_weightsGroup->suppress("policy", !quantizes);
}

void SetupForm::adoptMethod() {
    const auto* method = m_service->schema().method(m_method->id());
    if (!method) return;
    adoptBitRange();
    m_weightsGroup->field("bits")->setValue(method->defaultBits);
    const auto from = m_startGroup->field("from")->value();
    auto start = m_startGroup->values();
    if (method->wantsPretrained && from == "scratch") start["from"] = "float";
    if (method->schema.id == "float" && from == "float") start["from"] = "scratch";
    m_startGroup->setValues(start);
}

void SetupForm::adoptDataset() {
    const auto* dataset = m_service->schema().dataset(m_dataset->id());
    if (!dataset) return;
    m_augment->setValues(dataset->defaultAugment);
    m_dataGroup->suppress("root", dataset->embedded);
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
    put(document["weights"], m_method, "method");
    put(document["training"]["optimizer"], m_optimizer, "id");
    put(document["training"]["schedule"], m_schedule, "id");
    document["dataset"]["augment"] = m_augment->values();
    const auto* method = m_service->schema().method(m_method->id());
    if (method && method->minimumBits == 32) document["weights"]["bits"] = 32;
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
    take(m_method, part(document, "weights"), "method");
    take(m_optimizer, part(part(document, "training"), "optimizer"), "id");
    take(m_schedule, part(part(document, "training"), "schedule"), "id");
    adoptDataset();
    const auto augment = part(part(document, "dataset"), "augment");
    if (!augment.empty()) m_augment->setValues(augment);
    adoptBitRange();
    m_weightsGroup->field("bits")->setValue(part(document, "weights").value("bits", Json(32)));
    emit edited();
}

void SetupForm::setAdvancedShown(bool shown) {
    for (const auto& [key, group] : m_groups)
        group->setAdvancedShown(shown);
    for (auto* editor : {m_task, m_dataset, m_network, m_method, m_optimizer, m_schedule})
        editor->setAdvancedShown(shown);
    m_augment->setAdvancedShown(shown);
}

void SetupForm::focusFirst() {
    auto* first = field(QStringLiteral("name"));
    ensureWidgetVisible(first);
    first->setFocus();
}

std::vector<OptionField*> SetupForm::fields() const {
    std::vector<OptionField*> all;
    const auto add = [&all](const std::vector<OptionField*>& some) {
        all.insert(all.end(), some.begin(), some.end());
    };
    for (const auto& [key, group] : m_groups)
        add(group->fields());
    for (const auto* editor : {m_task, m_dataset, m_network, m_method, m_optimizer, m_schedule})
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
    if (dataset && !dataset->available && m_dataGroup->field("root")->value() == "")
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
        if (!at || at->isHidden())
            general += (general.isEmpty() ? "" : "\n") + problem.key + QStringLiteral(": ") + problem.text;
    }
    m_general->setText(general);
    m_general->setVisible(!general.isEmpty());
    return problems;
}

} // namespace quantarium::widgets
