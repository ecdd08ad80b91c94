// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QLabel>
#include <QScrollArea>
#include <QTimer>
#include <QVBoxLayout>

#include "widgets/bridge/setup_service.h"
#include "widgets/setup/entry_editor.h"
#include "widgets/setup/option_group.h"

namespace quantarium::widgets {

/// The run configuration as a form, made from the schema. Keeps what it doesn't show (from a file or a run)
/// as it is.
class SetupForm : public QScrollArea {
    Q_OBJECT
public:
    explicit SetupForm(const SetupService* service, QWidget* parent = nullptr);

    Json document() const;
    void setDocument(const Json& document); ///< a complete configuration document; emits edited()
    void setAdvancedShown(bool shown);
    void focusFirst(); ///< the first field gets the keyboard

    /// Checks everything and marks the fields; returns the problems, first those at fields.
    QVector<ConfigProblem> validate();
    OptionField* field(const QString& key) const; ///< null: not shown by this form

signals:
    void edited();

private:
    QVBoxLayout* addSection(const QString& title);
    OptionGroup* addGroup(QVBoxLayout* section, const std::string& sectionKey, const QStringList& names);
    EntryEditor* addEntry(QVBoxLayout* section, EntryEditor* editor);
    void buildSections();
    void adoptMethod();
    void adoptDataset();
    void adoptBitRange();
    std::vector<OptionField*> fields() const;
    QVector<ConfigProblem> configProblems() const;

    const SetupService* m_service;
    Json m_base; ///< what the document was when it was set, including what the form doesn't show
    QVBoxLayout* m_layout = nullptr;
    QLabel* m_general = nullptr;
    std::vector<std::pair<std::string, OptionGroup*>> m_groups; ///< with their section's key
    EntryEditor* m_task = nullptr;
    EntryEditor* m_dataset = nullptr;
    EntryEditor* m_network = nullptr;
    EntryEditor* m_method = nullptr;
    EntryEditor* m_optimizer = nullptr;
    EntryEditor* m_schedule = nullptr;
    OptionGroup* m_augment = nullptr;
    OptionGroup* m_dataGroup = nullptr;
    OptionGroup* m_weightsGroup = nullptr;
    OptionGroup* m_startGroup = nullptr;
};

} // namespace quantarium::widgets
