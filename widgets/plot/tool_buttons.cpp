// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/plot/tool_buttons.h"

#include <QToolButton>

namespace quantarium::widgets {

QToolButton* makeToolButton(const QString& text, const QString& objectName, const QString& hint,
                            bool checkable) {
    auto* button = new QToolButton;
    button->setText(text);
    button->setObjectName(objectName);
    button->setAccessibleName(text);
    button->setAccessibleDescription(hint);
    button->setToolTip(hint);
    button->setCheckable(checkable);
    button->setFocusPolicy(Qt::StrongFocus);
    return button;
}

QString toolRowStyle(const Theme& theme) {
    return QStringLiteral("QToolButton { background: %1; color: %2; border: 1px solid %3; border-radius: "
                          "3px; padding: 3px 8px; }"
                          "QToolButton[popupMode=\"2\"] { padding-right: 18px; }"
                          "QToolButton:hover { border-color: %4; }"
                          "QToolButton:checked { background: %4; color: %5; border-color: %4; }"
                          "QToolButton:focus { border: 2px solid %4; padding: 2px 7px; }"
                          "QToolButton:checked:focus { border-color: %2; }")
        .arg(theme.raised.name(), theme.text.name(), theme.border.name(), theme.accent.name(),
             theme.accentText.name());
}

} // namespace quantarium::widgets
