// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

#include "core/run/examples.h"
#include "widgets/bridge/run_desk.h"
#include "widgets/theme/theme.h"

namespace quantarium::widgets {

/// What a person sees first: the examples, each with what it shows and how long it takes, a run of one's own,
/// and the workspaces used lately. When the workspace can't be opened: why, and how to choose another.
class StartPage : public QScrollArea {
    Q_OBJECT
public:
    StartPage(RunDesk* desk, std::vector<Example> examples, QWidget* parent = nullptr);

    void setRecentWorkspaces(const QStringList& folders);
    void setTheme(const Theme& theme);
    const std::vector<Example>& examples() const { return m_examples; }

signals:
    void exampleChosen(const quantarium::Example& example);
    void setUpWanted(const quantarium::Example& example); ///< its first run into the form
    void newRunWanted();
    void workspaceChosen(const QString& folder);
    void otherWorkspaceWanted();

private:
    QWidget* makeExampleCard(const Example& example, bool first);
    QWidget* makeProblemCard();
    void showWorkspaceState();

    RunDesk* m_desk;
    std::vector<Example> m_examples;
    QVBoxLayout* m_recent = nullptr;
    QWidget* m_problemCard = nullptr;
    QLabel* m_problem = nullptr;
    QLabel* m_workspace = nullptr;
    QLabel* m_logo = nullptr;
    QVector<QPushButton*> m_runButtons;
};

} // namespace quantarium::widgets
