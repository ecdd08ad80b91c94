// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QWidget>

#include "core/base/options.h"

class QCheckBox;
class QComboBox;
class QGridLayout;
class QLineEdit;

namespace quantarium::widgets {

class SegmentedNumber;

/// One option of a schema as a line of the form: its title, an editor for its type, its unit, and below it,
/// when the value is wrong, the reason in red. Object names are the option's name, for tests and screen
/// readers.
class OptionField : public QWidget {
    Q_OBJECT
public:
    /// A choice offered with a text of its own: value and what people read.
    struct Item {
        QString value;
        QString text;
        QString help;
    };

    /// @param key   dotted path in the configuration, "weights.bits"
    /// @param items when given, a text option is offered as a choice of these
    OptionField(OptionSpec spec, QString key, QVector<Item> items = {}, QWidget* parent = nullptr);

    const OptionSpec& spec() const { return m_spec; }
    const QString& key() const { return m_key; }

    /// What is in the editor. Text that is no number is given back as a JSON text, so that the check names
    /// it.
    Json value() const;
    void setValue(const Json& value); ///< emits nothing
    /// Other limits than the schema's, for the bit widths of a method; at most ten numbers become a row of
    /// buttons, more are typed.
    void setRange(double minimum, double maximum);

    /// Checks the value against the specification; empty when it is fine.
    QString ownProblem() const;
    /// Marks the field; an empty text unmarks it.
    void showProblem(const QString& problem);
    QString shownProblem() const { return m_problem->isHidden() ? QString() : m_problem->text(); }

signals:
    void edited();

private:
    void buildEditor(const QVector<Item>& items);
    void showSegments(bool shown);
    QWidget* editor() const;
    void describe();

    OptionSpec m_spec;
    QString m_key;
    QLabel* m_title = nullptr;
    QLabel* m_problem = nullptr;
    QGridLayout* m_grid = nullptr;
    QCheckBox* m_check = nullptr; ///< exactly one of these four is used
    SegmentedNumber* m_segments = nullptr;
    QComboBox* m_choice = nullptr;
    QLineEdit* m_line = nullptr;
};

} // namespace quantarium::widgets
