// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <set>
#include <vector>

#include <QVBoxLayout>
#include <QWidget>

#include "widgets/setup/option_field.h"

namespace quantarium::widgets {

/// The options of one entry or section, one below the other. Shows only those that apply beside the others'
/// values; advanced ones only on demand.
class OptionGroup : public QWidget {
    Q_OBJECT
public:
    using Items = std::function<QVector<OptionField::Item>(const std::string& name)>;

    /// @param path  dotted path that the options' names are appended to, "weights.options"
    /// @param items choices for text options, by name; may be empty
    OptionGroup(const std::vector<OptionSpec>& specs, const QString& path, const Items& items = {},
                QWidget* parent = nullptr);

    /// The values of the options that apply now.
    Json values() const;
    /// Missing ones get their default. Emits nothing.
    void setValues(const Json& values);
    OptionField* field(const std::string& name) const; ///< null: none
    const std::vector<OptionField*>& fields() const { return m_fields; }
    void setAdvancedShown(bool shown);
    /// Takes an option out of sight for reasons that its specification doesn't know.
    void suppress(const std::string& name, bool suppressed);

signals:
    void edited(const std::string& name);

private:
    void showApplicable();

    std::vector<OptionField*> m_fields;
    std::set<std::string> m_suppressed;
    bool m_advancedShown = false;
};

} // namespace quantarium::widgets
