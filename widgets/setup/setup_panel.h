// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include <QLabel>
#include <QMenu>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QStackedWidget>
#include <QTimer>
#include <QToolButton>
#include <QWidget>

#include "core/run/recipes.h"
#include "widgets/bridge/run_source.h"
#include "widgets/bridge/setup_service.h"
#include "widgets/setup/plan_view.h"
#include "widgets/setup/setup_form.h"
#include "widgets/theme/theme.h"

namespace quantarium::widgets {

/// The Setup dock: the form or the same configuration as JSON, what the run will be like, and Start with the
/// reason why it can't be pressed.
class SetupPanel : public QWidget {
    Q_OBJECT
public:
    /// @param presetFolder where presets are kept, one JSON file each; created on first use
    SetupPanel(SetupService* service, RunSource* source, QString presetFolder, QWidget* parent = nullptr);

    std::optional<RunConfig> config() const; ///< nothing while something is wrong
    void setConfig(const RunConfig& config);
    QString startProblem() const { return m_startProblem; } ///< empty when Start can be pressed
    /// Whether a workspace is open that runs can go to.
    void setWorkspaceReady(bool ready);
    void start();                                                 ///< like the button
    bool checkPending() const { return m_checkTimer.isActive(); } ///< something was edited a moment ago
    void savePreset(const QString& name);
    void setTheme(const Theme& theme);
    SetupForm* form() const { return m_form; }

signals:
    void startRequested(const quantarium::RunConfig& config);
    void startProblemChanged(const QString& problem);
    void message(const QString& text);

private:
    QWidget* makeHeader();
    void scheduleCheck();
    void check();
    void checkJson();
    void showJson(bool shown);
    void copyFromRun();
    void fillPresetMenu();
    void fillRecipeMenu(QMenu* menu);
    void applyRecipe(const Recipe& recipe);
    void loadPreset(const QString& file);
    void setStartProblem(const QString& problem);

    SetupService* m_service;
    RunSource* m_source;
    QString m_presetFolder;
    SetupForm* m_form = nullptr;
    QPlainTextEdit* m_json = nullptr;
    QStackedWidget* m_pages = nullptr;
    PlanView* m_plan = nullptr;
    QLabel* m_reason = nullptr;
    QPushButton* m_start = nullptr;
    QToolButton* m_presets = nullptr;
    QToolButton* m_copy = nullptr;
    QToolButton* m_showJson = nullptr;
    QMenu* m_presetMenu = nullptr;
    QTimer m_checkTimer;
    QString m_configProblem;
    QString m_startProblem;
    bool m_ready = false;
};

} // namespace quantarium::widgets
