// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <deque>

#include <QFrame>
#include <QLabel>
#include <QTimer>
#include <QToolButton>

#include "widgets/bridge/run_desk.h"
#include "widgets/theme/theme.h"

namespace quantarium::widgets {

/// One line above the views that says what happened or went wrong; never modal. Notes leave by themselves,
/// problems stay until closed. Several problems wait for their turn.
class MessageBar : public QFrame {
    Q_OBJECT
public:
    explicit MessageBar(QWidget* parent = nullptr);

    void showMessage(MessageKind kind, const QString& text);
    void setTheme(const Theme& theme);
    QString text() const { return isHidden() ? QString() : m_text->text(); }

private:
    struct Message {
        MessageKind kind;
        QString text;
    };

    void showNext();

    std::deque<Message> m_waiting;
    QLabel* m_icon = nullptr;
    QLabel* m_text = nullptr;
    QToolButton* m_close = nullptr;
    QTimer m_timer;
    MessageKind m_kind = MessageKind::Note;
    Theme m_theme;
};

} // namespace quantarium::widgets
