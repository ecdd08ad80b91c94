// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QWidget>

namespace quantarium::widgets {

/// A row of buttons, one for each whole number of a small range: bit widths. Arrow keys move within the row.
class SegmentedNumber : public QWidget {
    Q_OBJECT
public:
    explicit SegmentedNumber(QWidget* parent = nullptr);

    void setRange(int minimum, int maximum);
    /// A number outside the range leaves all buttons up; value() still gives it back.
    void setValue(int value);
    int value() const { return m_value; }

signals:
    void edited();

private:
    QHBoxLayout* m_layout = nullptr;
    QButtonGroup* m_buttons = nullptr;
    int m_value = 0;
};

} // namespace quantarium::widgets
