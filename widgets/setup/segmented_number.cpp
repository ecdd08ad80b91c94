// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/setup/segmented_number.h"

#include <QToolButton>

namespace quantarium::widgets {

SegmentedNumber::SegmentedNumber(QWidget* parent) : QWidget(parent) {
    m_layout = new QHBoxLayout(this);
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(2);
    m_buttons = new QButtonGroup(this);
    connect(m_buttons, &QButtonGroup::idClicked, this, [this](int number) {
        m_value = number;
        emit edited();
    });
}

void SegmentedNumber::setRange(int minimum, int maximum) {
    for (auto* button : m_buttons->buttons()) {
        m_buttons->removeButton(button);
        button->deleteLater();
        button->hide();
    }
    while (auto* item = m_layout->takeAt(0))
        delete item;
    for (int number = minimum; number <= maximum; ++number) {
        auto* button = new QToolButton;
        button->setText(QString::number(number));
        button->setAccessibleName(tr("%1 bits").arg(number));
        button->setObjectName(QStringLiteral("bits%1").arg(number));
        button->setCheckable(true);
        button->setFocusPolicy(Qt::StrongFocus);
        button->setProperty("role", QStringLiteral("segment"));
        button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
        m_buttons->addButton(button, number);
        m_layout->addWidget(button);
    }
    setValue(m_value);
}

void SegmentedNumber::setValue(int value) {
    m_value = value;
    m_buttons->setExclusive(false); // so that none may be down
    for (auto* button : m_buttons->buttons())
        button->setChecked(m_buttons->id(button) == value);
    m_buttons->setExclusive(true);
}

} // namespace quantarium::widgets
