// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/setup/entry_editor.h"

#include "widgets/bridge/setup_service.h"

namespace quantarium::widgets {

EntryEditor::EntryEditor(const QString& title, const QString& idKey, const QString& optionsKey,
                         std::vector<EntrySchema> entries,
                         const std::function<QString(const EntrySchema&)>& label, QWidget* parent)
    : QWidget(parent), m_optionsKey(optionsKey), m_entries(std::move(entries)) {
    m_layout = m_optionsLayout = new QVBoxLayout(this);
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(5);
    QVector<OptionField::Item> items;
    for (const auto& entry : m_entries)
        items.push_back({QString::fromStdString(entry.id),
                         label ? label(entry) : QString::fromStdString(entry.title),
                         QString::fromStdString(entry.help)});
    const auto first = m_entries.empty() ? std::string() : m_entries.front().id;
    m_id = new OptionField(OptionSpec::text("id", title.toStdString(), first, ""), idKey, items);
    m_layout->addWidget(m_id);
    m_help = new QLabel;
    m_help->setProperty("role", QStringLiteral("muted"));
    m_help->setWordWrap(true);
    m_help->setContentsMargins(0, 0, 0, 2);
    m_layout->addWidget(m_help);
    connect(m_id, &OptionField::edited, this, [this] {
        rebuild(Json::object());
        emit chosen();
        emit edited();
    });
    rebuild(Json::object());
}

std::string EntryEditor::id() const {
    const auto value = m_id->value();
    return value.is_string() ? value.get<std::string>() : std::string();
}

const EntrySchema* EntryEditor::entry() const {
    return findEntry(m_entries, id());
}

Json EntryEditor::options() const {
    return m_group->values();
}

void EntryEditor::set(const std::string& id, const Json& options) {
    m_id->setValue(id);
    rebuild(options);
}

void EntryEditor::rebuild(const Json& options) {
    if (m_group) {
        m_group->hide();
        m_group->deleteLater();
    }
    const auto* chosenEntry = entry();
    m_group = new OptionGroup(chosenEntry ? chosenEntry->options : std::vector<OptionSpec>(), m_optionsKey);
    m_group->setAdvancedShown(m_advancedShown);
    m_group->setValues(options);
    m_optionsLayout->addWidget(m_group);
    m_group->setVisible(!m_group->fields().empty());
    connect(m_group, &OptionGroup::edited, this, &EntryEditor::edited);
    const auto help = chosenEntry ? QString::fromStdString(chosenEntry->help) : QString();
    QStringList tips{help};
    if (chosenEntry && !chosenEntry->source.empty())
        tips.append(tr("Source: %1").arg(QString::fromStdString(chosenEntry->source)));
    m_help->setToolTip(tips.last());
    tips.append(m_id->key());
    tips.removeAll(QString());
    m_id->setToolTip(tips.join(QLatin1Char('\n')));
    m_help->setText(help);
    m_help->setVisible(!help.isEmpty() && !m_choiceHidden);
}

std::vector<OptionField*> EntryEditor::fields() const {
    auto fields = m_group->fields();
    fields.insert(fields.begin(), m_id);
    return fields;
}

void EntryEditor::hideChoice() {
    m_choiceHidden = true;
    m_id->hide();
    m_help->hide();
}

void EntryEditor::insertBelowChoice(QWidget* row) {
    m_layout->insertWidget(m_layout->indexOf(m_help) + 1, row);
}

void EntryEditor::moveOptionsTo(QVBoxLayout* layout) {
    m_optionsLayout = layout;
    layout->addWidget(m_group);
}

void EntryEditor::setAdvancedShown(bool shown) {
    m_advancedShown = shown;
    m_group->setAdvancedShown(shown);
}

} // namespace quantarium::widgets
