// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/main_window/main_window.h"

#include <algorithm>

#include <QActionGroup>
#include <QApplication>
#include <QCloseEvent>
#include <QDir>
#include <QDockWidget>
#include <QFileDialog>
#include <QMessageBox>
#include <QShortcut>
#include <QToolButton>
#include <QVBoxLayout>

#include "widgets/main_window/help_window.h"
#include "widgets/main_window/view_area.h"
#include "widgets/theme/icons.h"

namespace quantarium::widgets {

namespace {

constexpr int kRecentWorkspaces = 8;
constexpr int kLayoutVersion = 1;

bool isActive(RunState state) {
    return state == RunState::Running || state == RunState::Queued;
}

} // namespace

MainWindow::MainWindow(Parts parts, QWidget* parent) : QMainWindow(parent), m_parts(std::move(parts)) {
    setObjectName(QStringLiteral("mainWindow"));
    setWindowTitle(QStringLiteral("Quantarium"));
    resize(1440, 900);
    setDockOptions(QMainWindow::AnimatedDocks | QMainWindow::AllowNestedDocks |
                   QMainWindow::AllowTabbedDocks);
    m_actions = new WindowActions(this);
    auto* bar = addToolBar(tr("Main toolbar"));
    bar->setObjectName(QStringLiteral("toolbar"));
    bar->setMovable(false);
    m_actions->fill(bar);
    makeCentre();
    makeDocks();
    new StatusPanel(statusBar(), m_parts.desk, &m_delays, this);
    m_exports = new ExportMenu(
        m_actions->exportMenu, m_parts.desk, [this] { return m_runs->shownRuns(); },
        [this] {
            const int index = m_tabs->currentIndex() - 1;
            if (index < 0) return ExportMenu::View{};
            const auto& panel = m_panels[static_cast<std::size_t>(index)];
            return ExportMenu::View{panel.title, panel.exportable};
        });
    connect(m_exports, &ExportMenu::message, m_messages, &MessageBar::showMessage);
    connectActions();
    connectDesk();
    fillThemeMenu();
    connect(m_parts.themes, &ThemeController::changed, this, &MainWindow::applyTheme);
    applyTheme(m_parts.themes->theme());
    m_firstLayout = saveState(kLayoutVersion);
    restoreLayout();
    m_start->setRecentWorkspaces(m_parts.settings->value(QStringLiteral("recentWorkspaces")).toStringList());
    showWorkspaceState();
    m_delays.start();
    m_tabs->tabBar()->setFocus(); // not a button, which would take the Space key by accident
}

void MainWindow::makeCentre() {
    auto* centre = new QWidget;
    auto* layout = new QVBoxLayout(centre);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    m_messages = new MessageBar;
    layout->addWidget(m_messages);
    m_tabs = new QTabWidget;
    m_tabs->setObjectName(QStringLiteral("views"));
    m_tabs->setDocumentMode(true);
    m_tabs->tabBar()->setAccessibleName(tr("Views"));
    m_start = new StartPage(m_parts.desk, m_parts.examples);
    m_tabs->addTab(m_start, tr("Start"));
    m_panels = makePanels(m_parts.desk, m_tabs);
    for (const auto& panel : m_panels)
        m_tabs->addTab(new ViewArea(panel.widget), panel.title);
    layout->addWidget(m_tabs, 1);
    setCentralWidget(centre);
    for (int i = 0; i < std::min(9, m_tabs->count()); ++i) {
        auto* go = new QShortcut(QKeySequence(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_1 + i)), this);
        connect(go, &QShortcut::activated, this, [this, i] { showPanel(panelIds().at(i)); });
    }
}

void MainWindow::makeDocks() {
    setCorner(Qt::BottomLeftCorner, Qt::BottomDockWidgetArea); // Runs takes the whole width
    m_setup = new SetupPanel(m_parts.setup, m_parts.desk, m_parts.presetFolder);
    m_setupDock = new QDockWidget(tr("Setup"), this);
    m_setupDock->setObjectName(QStringLiteral("setupDock"));
    m_setupDock->setWidget(m_setup);
    addDockWidget(Qt::LeftDockWidgetArea, m_setupDock);
    m_runs = new RunsPanel(m_parts.desk);
    m_runsDock = new QDockWidget(tr("Runs"), this);
    m_runsDock->setObjectName(QStringLiteral("runsDock"));
    m_runsDock->setWidget(m_runs);
    addDockWidget(Qt::BottomDockWidgetArea, m_runsDock);
    resizeDocks({m_setupDock}, {372}, Qt::Horizontal);
    resizeDocks({m_runsDock}, {230}, Qt::Vertical);
    fillViewMenu();
}

void MainWindow::fillViewMenu() {
    auto* menu = m_actions->viewMenu;
    menu->addAction(m_setupDock->toggleViewAction());
    menu->addAction(m_runsDock->toggleViewAction());
    menu->addAction(tr("Reset the layout"), this, &MainWindow::resetLayout);
    menu->addSeparator();
    menu->addAction(m_actions->undoDelete);
    menu->addSeparator();
    menu->addAction(tr("Open another workspace…"), QKeySequence(QKeySequence::Open), this,
                    &MainWindow::askForWorkspace);
    menu->addAction(tr("Quit"), QKeySequence(QKeySequence::Quit), this, &MainWindow::close);
    addActions(menu->actions()); // so that their keys work while the menu is closed
}

void MainWindow::fillThemeMenu() {
    auto* group = new QActionGroup(this);
    const std::pair<QString, ThemeChoice> choices[] = {{tr("Like the system"), ThemeChoice::System},
                                                       {tr("Light"), ThemeChoice::Light},
                                                       {tr("Dark"), ThemeChoice::Dark}};
    for (const auto& [text, choice] : choices) {
        auto* action = m_actions->themeMenu->addAction(text);
        action->setCheckable(true);
        action->setChecked(m_parts.themes->choice() == choice);
        group->addAction(action);
        connect(action, &QAction::triggered, this, [this, choice = choice] {
            m_parts.themes->choose(choice);
            m_parts.settings->setValue(QStringLiteral("theme"), static_cast<int>(choice));
        });
    }
}

void MainWindow::applyTheme(const Theme& theme) {
    m_actions->setTheme(theme);
    m_messages->setTheme(theme);
    m_start->setTheme(theme);
    m_setup->setTheme(theme);
    m_runs->setTheme(theme);
    m_tabs->setTabIcon(0, themedIcon(QStringLiteral("home"), theme));
    for (std::size_t i = 0; i < m_panels.size(); ++i) {
        m_panels[i].setTheme(theme);
        m_tabs->setTabIcon(static_cast<int>(i) + 1, themedIcon(m_panels[i].icon, theme));
    }
}

void MainWindow::connectActions() {
    addAction(m_actions->undoDelete);
    connect(m_actions->newRun, &QAction::triggered, this, [this] {
        m_setupDock->show();
        m_setupDock->raise();
        m_setup->form()->focusFirst();
    });
    connect(m_actions->start, &QAction::triggered, m_setup, &SetupPanel::start);
    connect(m_actions->pause, &QAction::triggered, this, &MainWindow::pauseOrResume);
    connect(m_actions->stop, &QAction::triggered, this, [this] { m_parts.desk->stop(activeTargets()); });
    connect(m_actions->undoDelete, &QAction::triggered, m_parts.desk, &RunDesk::undoBin);
    connect(m_actions->help, &QAction::triggered, this, &MainWindow::showHelp);
    auto* exporting = new QShortcut(QKeySequence(Qt::CTRL | Qt::Key_E), this);
    connect(exporting, &QShortcut::activated, this, [this] {
        const auto* button = findChild<QToolButton*>(QStringLiteral("exportButton"));
        m_actions->exportMenu->popup(button->mapToGlobal(button->rect().bottomLeft()));
    });
    connect(new QShortcut(QKeySequence(QKeySequence::Find), this), &QShortcut::activated, this, [this] {
        m_runsDock->show();
        m_runs->focusFilter();
    });
    connect(m_setup, &SetupPanel::startRequested, this,
            [this](const RunConfig& config) { startRuns({config}); });
    connect(m_setup, &SetupPanel::startProblemChanged, this, &MainWindow::updateActions);
    connect(m_setup, &SetupPanel::message, this,
            [this](const QString& text) { m_messages->showMessage(MessageKind::Warning, text); });
    connect(m_start, &StartPage::exampleChosen, this, &MainWindow::runExample);
    connect(m_start, &StartPage::setUpWanted, this, [this](const Example& example) {
        m_setupDock->show();
        m_setup->setConfig(example.runs.front());
    });
    connect(m_start, &StartPage::newRunWanted, m_actions->newRun, &QAction::trigger);
    connect(m_start, &StartPage::otherWorkspaceWanted, this, &MainWindow::askForWorkspace);
    connect(m_start, &StartPage::workspaceChosen, m_parts.desk, &RunDesk::openWorkspace);
    connect(m_runs, &RunsPanel::firstRunWanted, this, [this] {
        if (m_parts.examples.empty())
            m_actions->newRun->trigger();
        else
            runExample(m_parts.examples.front());
    });
}

void MainWindow::connectDesk() {
    auto* desk = m_parts.desk;
    connect(desk, &RunDesk::message, m_messages, &MessageBar::showMessage);
    connect(desk, &RunDesk::workspaceStateChanged, this, &MainWindow::showWorkspaceState);
    connect(desk, &RunDesk::statusChanged, this, &MainWindow::updateActions);
    connect(desk, &RunDesk::undoChanged, this, &MainWindow::updateActions);
    connect(desk, &RunSource::currentRunChanged, this, &MainWindow::updateActions);
    connect(desk, &RunDesk::rowChanged, this, [this](int row) {
        if (!isActive(m_parts.desk->row(row).state)) updateActions();
    });
    connect(desk, &RunDesk::closed, this, [this] {
        if (!m_closing) return;
        m_closed = true;
        QMetaObject::invokeMethod(this, &QWidget::close, Qt::QueuedConnection); // not from within closeEvent
    });
    connect(m_runs->table()->selectionModel(), &QItemSelectionModel::selectionChanged, this,
            &MainWindow::updateActions);
}

void MainWindow::showWorkspaceState() {
    const auto state = m_parts.desk->workspaceState();
    m_setup->setWorkspaceReady(state == WorkspaceState::Open && !m_closing);
    if (state == WorkspaceState::Open) {
        rememberWorkspace(m_parts.desk->workspaceFolder());
        m_delays.clear(); // the start-up says nothing about how the window reacts
    }
    if (state == WorkspaceState::Failed) showPanel(QStringLiteral("start"));
    const auto name = QFileInfo(m_parts.desk->workspaceFolder()).fileName();
    setWindowTitle(name.isEmpty() ? QStringLiteral("Quantarium") : tr("%1 – Quantarium").arg(name));
    updateActions();
}

void MainWindow::rememberWorkspace(const QString& folder) {
    auto recent = m_parts.settings->value(QStringLiteral("recentWorkspaces")).toStringList();
    recent.removeAll(folder);
    recent.prepend(folder);
    m_parts.settings->setValue(QStringLiteral("lastWorkspace"), folder);
    m_parts.settings->setValue(QStringLiteral("recentWorkspaces"), recent.mid(0, kRecentWorkspaces));
    m_start->setRecentWorkspaces(recent.mid(0, kRecentWorkspaces));
}

void MainWindow::askForWorkspace() {
    auto* dialog = new QFileDialog(this, tr("Open or create a workspace"),
                                   QFileInfo(m_parts.desk->workspaceFolder()).path());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, m_parts.desk, &RunDesk::openWorkspace);
    dialog->open();
}

QStringList MainWindow::activeTargets() const {
    QStringList selected;
    for (const auto& id : m_runs->selectedRuns())
        if (isActive(m_parts.desk->row(m_parts.desk->rowOf(id)).state)) selected.push_back(id);
    return selected;
}

QStringList MainWindow::resumeTargets() const {
    QStringList ids;
    for (const auto& id : m_runs->selectedRuns()) {
        const auto state = m_parts.desk->row(m_parts.desk->rowOf(id)).state;
        if (state == RunState::Paused || state == RunState::Stopped || state == RunState::Failed)
            ids.push_back(id);
        if (isActive(state)) return {};
    }
    return ids;
}

void MainWindow::updateActions() {
    const bool open = m_parts.desk->workspaceState() == WorkspaceState::Open && !m_closing;
    const bool resumes = !resumeTargets().isEmpty();
    const bool active = !activeTargets().isEmpty();
    const auto problem = m_setup->startProblem();
    m_actions->start->setEnabled(problem.isEmpty());
    m_actions->start->setToolTip(problem.isEmpty() ? tr("Queue the run that Setup describes (Ctrl+R)")
                                                   : problem);
    m_actions->showPause(resumes);
    m_actions->pause->setEnabled(open && (resumes || active));
    m_actions->stop->setEnabled(open && active);
    m_actions->undoDelete->setEnabled(open && m_parts.desk->undoableRuns() > 0);
}

void MainWindow::pauseOrResume() {
    const auto resuming = resumeTargets();
    if (!resuming.isEmpty())
        m_parts.desk->resume(resuming);
    else
        m_parts.desk->pause(activeTargets());
}

void MainWindow::runExample(const Example& example) {
    startRuns(QVector<RunConfig>(example.runs.begin(), example.runs.end()));
}

void MainWindow::startRuns(const QVector<RunConfig>& configs) {
    m_parts.desk->start(configs);
    if (m_tabs->currentWidget() == m_start) showPanel(QStringLiteral("curves"));
}

bool MainWindow::showPanel(const QString& id) {
    const auto ids = panelIds();
    if (!ids.contains(id)) return false;
    m_tabs->setCurrentIndex(static_cast<int>(ids.indexOf(id)));
    m_tabs->tabBar()->setFocus(); // arrows go on to the next view, Space pauses
    return true;
}

QStringList MainWindow::panelIds() const {
    QStringList ids{QStringLiteral("start")};
    for (const auto& panel : m_panels)
        ids.push_back(panel.id);
    return ids;
}

void MainWindow::showHelp() {
    if (!m_help) m_help = new HelpWindow(this);
    m_help->show();
    m_help->raise();
}

void MainWindow::restoreLayout() {
    const auto geometry = m_parts.settings->value(QStringLiteral("geometry")).toByteArray();
    if (!geometry.isEmpty()) restoreGeometry(geometry);
    const auto layout = m_parts.settings->value(QStringLiteral("layout")).toByteArray();
    if (!layout.isEmpty()) restoreState(layout, kLayoutVersion);
}

void MainWindow::resetLayout() {
    restoreState(m_firstLayout, kLayoutVersion);
    resizeDocks({m_setupDock}, {372}, Qt::Horizontal);
    resizeDocks({m_runsDock}, {230}, Qt::Vertical);
}

void MainWindow::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Space && event->modifiers() == Qt::NoModifier &&
        m_actions->pause->isEnabled()) {
        pauseOrResume(); // only what no field or button has used arrives here
        return;
    }
    QMainWindow::keyPressEvent(event);
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (m_closed) {
        event->accept();
        return;
    }
    event->ignore();
    if (m_closing) return;
    const auto status = m_parts.desk->status();
    if (status.running + status.queued > 0)
        askBeforeClosing();
    else
        beginClosing();
}

void MainWindow::askBeforeClosing() {
    if (m_closeQuestion) {
        m_closeQuestion->raise();
        return;
    }
    const auto status = m_parts.desk->status();
    auto* question = new QMessageBox(QMessageBox::NoIcon, tr("Close Quantarium?"),
                                     tr("<b>Close while runs are active?</b><br>%1 training, %2 waiting.")
                                         .arg(status.running)
                                         .arg(status.queued),
                                     QMessageBox::NoButton, this);
    question->setIconPixmap(themedIcon(QStringLiteral("quantarium"), m_parts.themes->theme())
                                .pixmap(QSize(40, 40), devicePixelRatioF()));
    question->setObjectName(QStringLiteral("closeQuestion"));
    question->setAttribute(Qt::WA_DeleteOnClose);
    question->setWindowModality(Qt::NonModal);
    question->setInformativeText(
        tr("Each run writes a checkpoint and can be resumed later from where it stopped."));
    auto* leave = question->addButton(tr("Checkpoint and close"), QMessageBox::AcceptRole);
    leave->setObjectName(QStringLiteral("checkpointAndClose"));
    question->addButton(tr("Keep training"), QMessageBox::RejectRole);
    connect(leave, &QAbstractButton::clicked, this, &MainWindow::beginClosing);
    m_closeQuestion = question;
    question->show();
}

void MainWindow::closeNow() {
    if (m_closing) return;
    delete m_closeQuestion;
    beginClosing();
}

void MainWindow::beginClosing() {
    m_parts.settings->setValue(QStringLiteral("geometry"), saveGeometry());
    m_parts.settings->setValue(QStringLiteral("layout"), saveState(kLayoutVersion));
    m_closing = true;
    m_messages->showMessage(MessageKind::Warning, tr("Closing: runs write their checkpoints…"));
    showWorkspaceState();
    m_parts.desk->shutDown();
}

} // namespace quantarium::widgets
