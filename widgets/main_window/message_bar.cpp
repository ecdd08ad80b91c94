// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/main_window/message_bar.h"

#include <algorithm>

#include <QHBoxLayout>
#include <QStyle>

#include "widgets/theme/icons.h"

namespace quantarium::widgets {

namespace {

constexpr int kNoteShownMs = 6000;
constexpr std::size_t kMostWaiting = 50;

QString kindName(MessageKind kind) {
    return kind == MessageKind::Problem   ? QStringLiteral("problem")
           : kind == MessageKind::Warning ? QStringLiteral("warning")
                                          : QStringLiteral("note");
}

} // namespace

MessageBar::MessageBar(QWidget* parent) : QFrame(parent), m_theme(Theme::current()) {
    setObjectName(QStringLiteral("messageBar"));
    setProperty("role", QStringLiteral("bar"));
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(10, 5, 6, 5);
    m_icon = new QLabel;
    m_text = new QLabel;
    m_text->setWordWrap(true);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_close = new QToolButton;
    m_close->setAutoRaise(true);
    m_close->setObjectName(QStringLiteral("closeMessage"));
    m_close->setAccessibleName(tr("Close the message"));
    layout->addWidget(m_icon);
    layout->addWidget(m_text, 1);
    layout->addWidget(m_close);
    connect(m_close, &QToolButton::clicked, this, &MessageBar::showNext);
    m_timer.setSingleShot(true);
    m_timer.setInterval(kNoteShownMs);
    connect(&m_timer, &QTimer::timeout, this, &MessageBar::showNext);
    hide();
}

void MessageBar::showMessage(MessageKind kind, const QString& text) {
    const auto same = [&](const Message& message) { return message.text == text; };
    if ((!isHidden() && m_text->text() == text) || std::any_of(m_waiting.begin(), m_waiting.end(), same))
        return;
    if (m_waiting.size() >= kMostWaiting) m_waiting.pop_front();
    m_waiting.push_back({kind, text});
    if (isHidden() || m_kind == MessageKind::Note) showNext();
}

void MessageBar::showNext() {
    m_timer.stop();
    if (m_waiting.empty()) {
        hide();
        return;
    }
    const auto message = m_waiting.front();
    m_waiting.pop_front();
    m_kind = message.kind;
    m_text->setText(message.text);
    setProperty("kind", kindName(m_kind));
    style()->unpolish(this);
    style()->polish(this);
    setTheme(m_theme);
    show();
    if (m_kind == MessageKind::Note) m_timer.start();
}

void MessageBar::setTheme(const Theme& theme) {
    m_theme = theme;
    m_close->setIcon(themedIcon(QStringLiteral("close"), theme));
    const auto colour = m_kind == MessageKind::Problem   ? theme.bad
                        : m_kind == MessageKind::Warning ? theme.warning
                                                         : theme.accent;
    const auto name = m_kind == MessageKind::Note ? QStringLiteral("help") : QStringLiteral("warning");
    m_icon->setPixmap(colouredIcon(name, colour, colour).pixmap(QSize(18, 18), devicePixelRatioF()));
}

} // namespace quantarium::widgets
