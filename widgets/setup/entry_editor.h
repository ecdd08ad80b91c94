// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <vector>

#include <QLabel>
#include <QVBoxLayout>
#include <QWidget>

#include "core/base/options.h"
#include "widgets/setup/option_group.h"

namespace quantarium::widgets {

/// A choice among registry entries with the chosen entry's own options below it.
class EntryEditor : public QWidget {
    Q_OBJECT
public:
    /// @param title       what is chosen: "Network"
    /// @param idKey       dotted path of the id, "network.id"
    /// @param optionsKey  dotted path of the options, "network.options"
    /// @param label       text of an entry in the list; its title by default
    EntryEditor(const QString& title, const QString& idKey, const QString& optionsKey,
                std::vector<EntrySchema> entries,
                const std::function<QString(const EntrySchema&)>& label = {}, QWidget* parent = nullptr);

    std::string id() const;
    Json options() const;
    void set(const std::string& id, const Json& options); ///< emits nothing
    const EntrySchema* entry() const;                     ///< null: unknown id
    std::vector<OptionField*> fields() const;
    void setAdvancedShown(bool shown);
    void hideChoice(); ///< when there is nothing to choose; the options stay
    /// Puts a row between the choice and its options.
    void insertBelowChoice(QWidget* row);
    /// Shows the options of the chosen entry there instead of below the choice.
    void moveOptionsTo(QVBoxLayout* layout);

signals:
    void chosen(); ///< another entry, by a person
    void edited();

private:
    void rebuild(const Json& options);

    QString m_optionsKey;
    std::vector<EntrySchema> m_entries;
    QVBoxLayout* m_layout = nullptr;
    QVBoxLayout* m_optionsLayout = nullptr; ///< m_layout, unless the options have a place of their own
    OptionField* m_id = nullptr;
    QLabel* m_help = nullptr;
    OptionGroup* m_group = nullptr;
    bool m_advancedShown = false;
    bool m_choiceHidden = false;
};

} // namespace quantarium::widgets
