// SPDX-License-Identifier: GPL-3.0-or-later
// SetupForm: its sections, in the order people fill them in; what is seldom changed comes last.
#include "widgets/setup/setup_form.h"

#include <algorithm>

namespace quantarium::widgets {

namespace {

const ConfigSection& sectionOf(const std::string& key) {
    const auto& schema = runConfigSchema();
    return *std::find_if(schema.begin(), schema.end(),
                         [&](const ConfigSection& section) { return section.key == key; });
}

template <class Info> std::vector<EntrySchema> schemasOf(const std::vector<Info>& infos) {
    std::vector<EntrySchema> schemas;
    for (const auto& info : infos)
        schemas.push_back(info.schema);
    return schemas;
}

/// The activation methods, and that there need not be one.
std::vector<EntrySchema> activationChoices(const std::vector<MethodInfo>& methods) {
    std::vector<EntrySchema> choices{{"none", SetupForm::tr("None (float)").toStdString(), {}, {}, {}}};
    const auto known = schemasOf(methods);
    choices.insert(choices.end(), known.begin(), known.end());
    return choices;
}

} // namespace

QVBoxLayout* SetupForm::addSection(const QString& title, bool open) {
    auto* header = new QToolButton;
    header->setText(title);
    header->setCheckable(true);
    header->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    header->setProperty("role", QStringLiteral("section"));
    header->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    header->setAccessibleName(tr("Section %1").arg(title));
    auto* body = new QWidget;
    auto* layout = new QVBoxLayout(body);
    layout->setContentsMargins(4, 2, 0, 6);
    layout->setSpacing(5);
    const auto show = [header, body](bool shown) {
        header->setArrowType(shown ? Qt::DownArrow : Qt::RightArrow);
        body->setVisible(shown);
    };
    m_layout->addWidget(header);
    m_layout->addWidget(body);
    m_sections.push_back({header, body});
    header->setChecked(open);
    show(open);
    connect(header, &QToolButton::toggled, body, show);
    return layout;
}

void SetupForm::openSectionOf(const QWidget* field) {
    for (const auto& section : m_sections)
        if (section.body->isAncestorOf(field)) section.header->setChecked(true);
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

EntryEditor* SetupForm::addEntry(QVBoxLayout* section, const QString& title, const QString& key,
                                 std::vector<EntrySchema> entries,
                                 const std::function<QString(const EntrySchema&)>& label,
                                 const QString& idName) {
    auto* editor = new EntryEditor(title, key + QLatin1Char('.') + idName, key + QStringLiteral(".options"),
                                   std::move(entries), label);
    section->addWidget(editor);
    connect(editor, &EntryEditor::edited, this, &SetupForm::edited);
    return editor;
}

SetupForm::MethodRows SetupForm::addMethod(QVBoxLayout* section, const std::string& sectionKey,
                                           const std::vector<EntrySchema>& entries) {
    MethodRows rows;
    rows.method = addEntry(section, tr("Method"), QString::fromStdString(sectionKey), entries, {},
                           QStringLiteral("method"));
    rows.bits = addGroup(section, sectionKey, {QStringLiteral("bits")});
    rows.method->insertBelowChoice(rows.bits);
    rows.rest = addGroup(section, sectionKey,
                         {QStringLiteral("policy"), QStringLiteral("depthwise"), QStringLiteral("shortcuts"),
                          QStringLiteral("overrides")});
    return rows;
}

void SetupForm::buildSections() {
    const auto& schema = m_service->schema();
    auto* weights = addSection(tr("Network and weights"));
    m_network = addEntry(weights, tr("Network"), QStringLiteral("network"), schema.networks);
    m_weights = addMethod(weights, "weights", schemasOf(schema.methods));

    auto* run = addSection(tr("Data and training"));
    auto* activations = addSection(tr("Activations"));
    m_activations = addMethod(activations, "activations", activationChoices(schema.activations));
    buildData(run, addSection(tr("Images")));
    addGroup(run, "training", {QStringLiteral("epochs")});
    m_startGroup = addGroup(run, "start",
                            {QStringLiteral("from"), QStringLiteral("path"), QStringLiteral("float_epochs"),
                             QStringLiteral("training")});
    buildTraining();
    connect(m_weights.method, &EntryEditor::chosen, this, &SetupForm::adoptMethod);
    connect(m_activations.method, &EntryEditor::chosen, this, &SetupForm::adoptActivation);
    connect(m_dataset, &EntryEditor::chosen, this, &SetupForm::adoptDataset);
}

void SetupForm::buildData(QVBoxLayout* choice, QVBoxLayout* details) {
    const auto& schema = m_service->schema();
    m_dataset =
        addEntry(choice, tr("Dataset"), QStringLiteral("dataset"), schemasOf(schema.datasets),
                 [&schema](const EntrySchema& entry) {
                     const auto title = QString::fromStdString(entry.title);
                     return schema.dataset(entry.id)->available ? title : tr("%1 (no files)").arg(title);
                 });
    m_rootGroup = addGroup(choice, "dataset", {QStringLiteral("root")});
    auto* own = new QVBoxLayout; // keeps their place when another dataset brings others
    details->addLayout(own);
    m_dataset->moveOptionsTo(own);
    addGroup(details, "dataset",
             {QStringLiteral("limit"), QStringLiteral("test_limit"), QStringLiteral("validation"),
              QStringLiteral("normalization")});
    m_augment = new OptionGroup(schema.augmentation, QStringLiteral("dataset.augment"));
    details->addWidget(m_augment);
    connect(m_augment, &OptionGroup::edited, this, &SetupForm::edited);
}

void SetupForm::buildTraining() {
    const auto& schema = m_service->schema();
    auto* training = addSection(tr("Optimizer"));
    m_optimizer =
        addEntry(training, tr("Optimizer"), QStringLiteral("training.optimizer"), schema.optimizers);
    m_schedule = addEntry(training, tr("Schedule"), QStringLiteral("training.schedule"), schema.schedules);
    addGroup(training, "training", {QStringLiteral("batch"), QStringLiteral("gradient_clip")});
    m_task = addEntry(training, tr("Task"), QStringLiteral("task"), schema.tasks);
    if (schema.tasks.size() == 1) m_task->hideChoice();

    auto* run = addSection(tr("Name, seed, machine"));
    addGroup(run, "", {QStringLiteral("name"), QStringLiteral("seed")});
    addGroup(run, "training", {QStringLiteral("repeats")});
    addGroup(run, "machine",
             {QStringLiteral("device"), QStringLiteral("threads"), QStringLiteral("precision"),
              QStringLiteral("memory_format")});
}

} // namespace quantarium::widgets
