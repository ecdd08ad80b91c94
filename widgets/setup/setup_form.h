// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <vector>

#include <QLabel>
#include <QScrollArea>
#include <QToolButton>
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
    /// The rows of a quantization method: the choice with its options, the bit width between the two, the
    /// rest.
    struct MethodRows {
        EntryEditor* method = nullptr;
        OptionGroup* bits = nullptr;
        OptionGroup* rest = nullptr;
    };
    struct Section {
        QToolButton* header = nullptr;
        QWidget* body = nullptr;
    };

    QVBoxLayout* addSection(const QString& title, bool open = true);
    OptionGroup* addGroup(QVBoxLayout* section, const std::string& sectionKey, const QStringList& names);
    EntryEditor* addEntry(QVBoxLayout* section, const QString& title, const QString& key,
                          std::vector<EntrySchema> entries,
                          const std::function<QString(const EntrySchema&)>& label = {},
                          const QString& idName = QStringLiteral("id"));
    MethodRows addMethod(QVBoxLayout* section, const std::string& sectionKey,
                         const std::vector<EntrySchema>& entries);
    void buildSections();
    void buildData(QVBoxLayout* choice, QVBoxLayout* details);
    void buildTraining();
    void openSectionOf(const QWidget* field);
    void adoptMethod();
    void adoptActivation();
    void adoptDataset();
    void adoptBitRange(const MethodRows& rows, const MethodInfo* method);
    std::vector<EntryEditor*> editors() const;
    std::vector<OptionField*> fields() const;
    QVector<ConfigProblem> configProblems() const;

    const SetupService* m_service;
    Json m_base; ///< what the document was when it was set, including what the form doesn't show
    QVBoxLayout* m_layout = nullptr;
    QLabel* m_general = nullptr;
    std::vector<Section> m_sections;
    std::vector<std::pair<std::string, OptionGroup*>> m_groups; ///< with their section's key
    EntryEditor* m_task = nullptr;
    EntryEditor* m_dataset = nullptr;
    EntryEditor* m_network = nullptr;
    EntryEditor* m_optimizer = nullptr;
    EntryEditor* m_schedule = nullptr;
    MethodRows m_weights;
    MethodRows m_activations;
    OptionGroup* m_augment = nullptr;
    OptionGroup* m_rootGroup = nullptr;
    OptionGroup* m_startGroup = nullptr;
};

} // namespace quantarium::widgets
