// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>
#include <QMainWindow>
#include <QPointer>
#include <QSettings>
#include <QTabWidget>

#include "core/run/examples.h"
#include "widgets/bridge/delay_monitor.h"
#include "widgets/bridge/run_desk.h"
#include "widgets/bridge/setup_service.h"
#include "widgets/main_window/export_menu.h"
#include "widgets/main_window/message_bar.h"
#include "widgets/main_window/panels.h"
#include "widgets/main_window/status_panel.h"
#include "widgets/main_window/window_actions.h"
#include "widgets/runs/runs_panel.h"
#include "widgets/setup/setup_panel.h"
#include "widgets/start/start_page.h"
#include "widgets/theme/theme.h"

namespace quantarium::widgets {

/// Composes toolbar, Setup, the views, Runs and the status bar; knows nothing of training. Remembers layout,
/// theme and workspaces in the settings it is given.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    /// Everything it uses must outlive it.
    struct Parts {
        RunDesk* desk = nullptr;
        SetupService* setup = nullptr;
        ThemeController* themes = nullptr;
        QSettings* settings = nullptr;
        std::vector<Example> examples;
        QString presetFolder;
    };

    explicit MainWindow(Parts parts, QWidget* parent = nullptr);

    /// Shows a view by its id: "start", "curves", …; false when there is none.
    bool showPanel(const QString& id);
    QStringList panelIds() const;

    /// Like closing the window, without asking whether running runs may be interrupted: each writes its
    /// checkpoint.
    void closeNow();

    SetupPanel* setupPanel() const { return m_setup; }
    RunsPanel* runsPanel() const { return m_runs; }
    StartPage* startPage() const { return m_start; }
    MessageBar* messages() const { return m_messages; }
    WindowActions* actions() const { return m_actions; }
    ExportMenu* exports() const { return m_exports; }
    DelayMonitor* delays() { return &m_delays; }

protected:
    void closeEvent(QCloseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void makeCentre();
    void makeDocks();
    void connectActions();
    void connectDesk();
    void fillViewMenu();
    void fillThemeMenu();
    void applyTheme(const Theme& theme);
    void restoreLayout();
    void resetLayout();
    void showWorkspaceState();
    void rememberWorkspace(const QString& folder);
    void askForWorkspace();
    void updateActions();
    QStringList activeTargets() const; ///< runs that Pause and Stop act on
    QStringList resumeTargets() const;
    void pauseOrResume();
    void runExample(const Example& example);
    void startRuns(const QVector<RunConfig>& configs);
    void showHelp();
    void askBeforeClosing();
    void beginClosing();

    Parts m_parts;
    WindowActions* m_actions = nullptr;
    QTabWidget* m_tabs = nullptr;
    MessageBar* m_messages = nullptr;
    StartPage* m_start = nullptr;
    std::vector<PanelEntry> m_panels;
    SetupPanel* m_setup = nullptr;
    RunsPanel* m_runs = nullptr;
    QDockWidget* m_setupDock = nullptr;
    QDockWidget* m_runsDock = nullptr;
    ExportMenu* m_exports = nullptr;
    DelayMonitor m_delays;
    QPointer<QDialog> m_help;
    QPointer<QDialog> m_closeQuestion;
    QByteArray m_firstLayout;
    bool m_closing = false;
    bool m_closed = false;
};

} // namespace quantarium::widgets
