// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/main_window/window_actions.h"

#include <algorithm>

#include <QToolButton>

#include "widgets/theme/icons.h"

namespace quantarium::widgets {

WindowActions::WindowActions(QObject* parent) : QObject(parent) {
    newRun = add(QStringLiteral("new"), tr("New run"), tr("Set up a run"), QKeySequence::New);
    start = add(QStringLiteral("play"), tr("Start"), tr("Queue the run that Setup describes"),
                Qt::CTRL | Qt::Key_R);
    pause = add(QStringLiteral("pause"), tr("Pause"), {});
    stop = add(QStringLiteral("stop"), tr("Stop"), tr("Checkpoint and end the selected runs"));
    undoDelete = add(QStringLiteral("undo"), tr("Undo delete"), tr("Bring back the runs deleted last"),
                     QKeySequence::Undo);
    help = add(QStringLiteral("help"), tr("Help"), tr("Keys, and what is where"), QKeySequence::HelpContents);
    showPause(false);
}

QAction* WindowActions::add(const QString& icon, const QString& text, const QString& toolTip,
                            const QKeySequence& keys) {
    auto* action = new QAction(text, this);
    action->setObjectName(icon);
    action->setShortcut(keys);
    action->setToolTip(keys.isEmpty()
                           ? toolTip
                           : toolTip + QStringLiteral(" (%1)").arg(keys.toString(QKeySequence::NativeText)));
    m_icons.push_back({action, icon});
    return action;
}

void WindowActions::addMenuButton(QToolBar* bar, QMenu* menu, const QString& icon, const QString& text,
                                  const QString& toolTip) {
    auto* action = new QAction(text, this);
    action->setObjectName(icon);
    action->setMenu(menu);
    action->setToolTip(toolTip);
    m_icons.push_back({action, icon});
    bar->addAction(action);
    if (auto* button = qobject_cast<QToolButton*>(bar->widgetForAction(action))) {
        button->setPopupMode(QToolButton::InstantPopup);
        button->setObjectName(icon + QStringLiteral("Button"));
    }
}

void WindowActions::fill(QToolBar* bar) {
    bar->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    bar->setIconSize(QSize(18, 18));
    for (auto* action : {newRun, start, pause, stop})
        bar->addAction(action);
    bar->addSeparator();
    exportMenu = new QMenu(bar);
    viewMenu = new QMenu(bar);
    themeMenu = new QMenu(bar);
    addMenuButton(bar, exportMenu, QStringLiteral("export"), tr("Export"),
                  tr("Write the table of results, or what is shown (Ctrl+E)"));
    auto* gap = new QWidget;
    gap->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    bar->addWidget(gap);
    addMenuButton(bar, viewMenu, QStringLiteral("columns"), tr("View"),
                  tr("Show and hide parts of the window, open a workspace"));
    addMenuButton(bar, themeMenu, QStringLiteral("theme"), tr("Theme"), tr("Light or dark"));
    bar->addAction(help);
    for (auto* button : bar->findChildren<QToolButton*>()) {
        button->setFocusPolicy(Qt::TabFocus);
        if (button->defaultAction()) button->setAccessibleName(button->defaultAction()->text());
    }
}

void WindowActions::setTheme(const Theme& theme) {
    m_theme = theme;
    for (const auto& item : m_icons)
        item.action->setIcon(themedIcon(item.icon, theme));
}

void WindowActions::showPause(bool resumes) {
    if (m_resumes == resumes) return;
    m_resumes = resumes;
    pause->setText(resumes ? tr("Resume") : tr("Pause"));
    pause->setToolTip(resumes ? tr("Continue the selected runs from their checkpoints (Space)")
                              : tr("Checkpoint and pause the selected runs (Space)"));
    const auto own = std::find_if(m_icons.begin(), m_icons.end(),
                                  [this](const IconOf& item) { return item.action == pause; });
    own->icon = resumes ? QStringLiteral("resume") : QStringLiteral("pause");
    pause->setIcon(themedIcon(own->icon, m_theme));
}

} // namespace quantarium::widgets
