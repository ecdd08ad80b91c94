// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <vector>

#include <QAction>
#include <QMenu>
#include <QObject>
#include <QToolBar>

#include "widgets/theme/theme.h"

namespace quantarium::widgets {

/// The toolbar's actions with their icons, shortcuts and tool tips. What they do is connected by the main
/// window.
class WindowActions : public QObject {
    Q_OBJECT
public:
    explicit WindowActions(QObject* parent);

    void fill(QToolBar* bar);
    void setTheme(const Theme& theme);
    /// What Pause means now: pausing or resuming.
    void showPause(bool resumes);

    QAction* newRun = nullptr;
    QAction* start = nullptr;
    QAction* pause = nullptr;
    QAction* stop = nullptr;
    QAction* undoDelete = nullptr;
    QAction* help = nullptr;
    QMenu* exportMenu = nullptr;
    QMenu* viewMenu = nullptr;
    QMenu* themeMenu = nullptr;

private:
    QAction* add(const QString& icon, const QString& text, const QString& help,
                 const QKeySequence& keys = {});
    void addMenuButton(QToolBar* bar, QMenu* menu, const QString& icon, const QString& text,
                       const QString& help);

    struct IconOf {
        QAction* action;
        QString icon;
    };
    std::vector<IconOf> m_icons;
    Theme m_theme;
    std::optional<bool> m_resumes; ///< what Pause shows
};

} // namespace quantarium::widgets
