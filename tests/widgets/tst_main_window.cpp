// SPDX-License-Identifier: GPL-3.0-or-later
#include <QDockWidget>
#include <QMessageBox>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include "tests/widgets/fake_desk.h"
#include "widgets/main_window/main_window.h"

using namespace quantarium;
using namespace quantarium::widgets;

namespace {

Example madeUpExample() {
    Example example;
    example.id = "first-look";
    example.title = "First look";
    example.shows = "Float beside 1 bit";
    example.minutes = 3;
    example.runs = {madeUpRow(1, "float", 32).config, madeUpRow(2, "rdhs", 1).config};
    return example;
}

} // namespace

class MainWindowTest : public QObject {
    Q_OBJECT
private slots:
    void init();
    void cleanup();
    void oneClickRunsTheExample();
    void failedWorkspaceIsExplained();
    void startExplainsWhyItIsOff();
    void ctrlRStarts();
    void pauseActsOnTheSelection();
    void pauseBecomesResume();
    void stopActsOnTheSelection();
    void aSmallWindowFitsASmallScreen();
    void aSignalClosesWithoutAsking();
    void spacePausesButOnlyWhenNothingElseUsesIt();
    void ctrlZBringsRunsBack();
    void messagesDontBlock();
    void closingAsksWhileTraining();
    void closingWithoutRunsJustCloses();
    void layoutThemeAndWorkspaceAreRemembered();
    void digitsGoToViews();
    void exportMenuOffersTheTable();
    void ctrlEOpensTheExportMenu();
    void everyButtonHasAName();

private:
    void addRun(int number, RunState state) {
        auto row = madeUpRow(number);
        row.state = state;
        m_desk->add(row);
    }
    std::unique_ptr<MainWindow> makeWindow() {
        auto window =
            std::make_unique<MainWindow>(MainWindow::Parts{m_desk.get(),
                                                           m_service.get(),
                                                           m_themes.get(),
                                                           m_settings.get(),
                                                           {madeUpExample()},
                                                           m_folder->filePath(QStringLiteral("presets"))});
        window->show();
        if (!QTest::qWaitForWindowActive(window.get())) return nullptr; // shortcuts need it
        return window;
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<QSettings> m_settings;
    std::unique_ptr<FakeDesk> m_desk;
    std::unique_ptr<FakeSetup> m_service;
    std::unique_ptr<ThemeController> m_themes;
    std::unique_ptr<MainWindow> m_window;
};

void MainWindowTest::init() {
    m_folder = std::make_unique<QTemporaryDir>();
    m_settings =
        std::make_unique<QSettings>(m_folder->filePath(QStringLiteral("settings.ini")), QSettings::IniFormat);
    m_desk = std::make_unique<FakeDesk>();
    m_service = std::make_unique<FakeSetup>();
    m_themes = std::make_unique<ThemeController>();
    m_window = makeWindow();
    QVERIFY(m_window);
}

void MainWindowTest::cleanup() {
    m_window.reset();
    m_themes.reset();
    m_service.reset();
    m_desk.reset();
    m_settings.reset();
}

void MainWindowTest::oneClickRunsTheExample() {
    auto* button = m_window->findChild<QPushButton*>(QStringLiteral("run-first-look"));
    QVERIFY(button && button->isVisible());
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(m_desk->startedConfigs.size(), 2);
    QCOMPARE(m_desk->startedConfigs[1].weights.method, std::string("rdhs"));
    QVERIFY(!m_window->startPage()->isVisible()); // it shows the curves now
}

void MainWindowTest::failedWorkspaceIsExplained() {
    m_window->showPanel(QStringLiteral("curves"));
    m_desk->setState(WorkspaceState::Failed, QStringLiteral("/workspace: locked by process 42."));
    auto* problem = m_window->findChild<QLabel*>(QStringLiteral("workspaceProblem"));
    QVERIFY(problem->isVisible());
    QVERIFY(problem->text().contains(QStringLiteral("process 42")));
    QVERIFY(m_window->findChild<QPushButton*>(QStringLiteral("chooseAnother"))->isVisible());
    QVERIFY(!m_window->findChild<QPushButton*>(QStringLiteral("run-first-look"))->isEnabled());
    QTest::mouseClick(m_window->findChild<QPushButton*>(QStringLiteral("tryAgain")), Qt::LeftButton);
    QCOMPARE(m_desk->commands, QStringList{QStringLiteral("open /workspace")});
    m_desk->setState(WorkspaceState::Open);
    QVERIFY(!problem->isVisible());
}

void MainWindowTest::startExplainsWhyItIsOff() {
    QVERIFY(m_window->actions()->start->isEnabled());
    m_desk->setState(WorkspaceState::Opening);
    QVERIFY(!m_window->actions()->start->isEnabled());
    QVERIFY(m_window->actions()->start->toolTip().contains(QStringLiteral("workspace")));
}

void MainWindowTest::ctrlRStarts() {
    QTest::keyClick(m_window.get(), Qt::Key_R, Qt::ControlModifier);
    QCOMPARE(m_desk->startedConfigs.size(), 1);
    QCOMPARE(m_desk->startedConfigs.front().dataset.id, std::string("shapes10"));
}

void MainWindowTest::pauseActsOnTheSelection() {
    addRun(1, RunState::Running);
    addRun(2, RunState::Running);
    m_window->runsPanel()->table()->selectRow(0);
    m_window->actions()->pause->trigger();
    QCOMPARE(m_desk->commands, QStringList{QStringLiteral("pause run-00002")});
}

void MainWindowTest::pauseBecomesResume() {
    addRun(1, RunState::Stopped);
    QVERIFY(!m_window->actions()->pause->isEnabled());
    m_window->runsPanel()->table()->selectRow(0);
    QCOMPARE(m_window->actions()->pause->text(), QStringLiteral("Resume"));
    m_window->actions()->pause->trigger();
    QCOMPARE(m_desk->commands, QStringList{QStringLiteral("resume run-00001")});
}

void MainWindowTest::stopActsOnTheSelection() {
    addRun(1, RunState::Queued);
    addRun(2, RunState::Running);
    addRun(3, RunState::Finished);
    auto* table = m_window->runsPanel()->table();
    table->clearSelection();
    QVERIFY(!m_window->actions()->stop->isEnabled());
    table->selectRow(0); // finished
    QVERIFY(!m_window->actions()->stop->isEnabled());
    QVERIFY(!m_window->actions()->pause->isEnabled());
    table->selectAll();
    QVERIFY(m_window->actions()->stop->isEnabled());
    m_window->actions()->stop->trigger();
    QCOMPARE(m_desk->commands, QStringList{QStringLiteral("stop run-00002 run-00001")});
}

void MainWindowTest::aSmallWindowFitsASmallScreen() {
    for (const auto& id : m_window->panelIds()) {
        m_window->showPanel(id);
        m_window->resize(800, 600);
        QCoreApplication::processEvents();
        QVERIFY2(m_window->width() <= 1280 && m_window->height() <= 720, qPrintable(id));
        QVERIFY2(
            m_window->size() == QSize(800, 600),
            qPrintable(QStringLiteral("%1: %2 × %3").arg(id).arg(m_window->width()).arg(m_window->height())));
    }
}

void MainWindowTest::aSignalClosesWithoutAsking() {
    addRun(1, RunState::Running);
    m_window->close();
    QVERIFY(m_window->findChild<QMessageBox*>(QStringLiteral("closeQuestion")));
    m_window->closeNow();
    QVERIFY(!m_window->findChild<QMessageBox*>(QStringLiteral("closeQuestion")));
    QCOMPARE(m_desk->commands, QStringList{QStringLiteral("shutDown")});
    QTRY_VERIFY(!m_window->isVisible());
}

void MainWindowTest::spacePausesButOnlyWhenNothingElseUsesIt() {
    addRun(1, RunState::Running);
    m_window->runsPanel()->table()->selectRow(0);
    auto* name = m_window->setupPanel()->findChild<QLineEdit*>(QStringLiteral("name.editor"));
    name->setFocus();
    QTest::keyClick(name, Qt::Key_Space);
    QCOMPARE(name->text(), QStringLiteral(" "));
    QVERIFY(m_desk->commands.isEmpty());
    QTest::keyClick(m_window.get(), Qt::Key_Space);
    QCOMPARE(m_desk->commands, QStringList{QStringLiteral("pause run-00001")});
    m_desk->commands.clear();
    QTest::keyClick(m_window.get(), Qt::Key_2, Qt::ControlModifier); // no button of the view gets it either
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
    QCOMPARE(m_desk->commands, QStringList{QStringLiteral("pause run-00001")});
}

void MainWindowTest::ctrlZBringsRunsBack() {
    addRun(1, RunState::Finished);
    m_window->runsPanel()->table()->selectRow(0);
    m_window->runsPanel()->deleteSelected();
    QCOMPARE(m_desk->rowCount(), 0);
    QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(m_desk->rowCount(), 1);
}

void MainWindowTest::messagesDontBlock() {
    auto* bar = m_window->messages();
    emit m_desk->message(MessageKind::Problem, QStringLiteral("first problem"));
    emit m_desk->message(MessageKind::Problem, QStringLiteral("second problem"));
    emit m_desk->message(MessageKind::Problem, QStringLiteral("second problem")); // said once
    QCOMPARE(bar->text(), QStringLiteral("first problem"));
    QVERIFY(!QApplication::activeModalWidget());
    auto* close = bar->findChild<QToolButton*>(QStringLiteral("closeMessage"));
    QTest::mouseClick(close, Qt::LeftButton);
    QCOMPARE(bar->text(), QStringLiteral("second problem"));
    QTest::mouseClick(close, Qt::LeftButton);
    QVERIFY(bar->isHidden());
}

void MainWindowTest::closingAsksWhileTraining() {
    addRun(1, RunState::Running);
    m_window->close();
    QVERIFY(m_window->isVisible());
    auto* question = m_window->findChild<QMessageBox*>(QStringLiteral("closeQuestion"));
    QVERIFY(question && question->isVisible() && !question->isModal());
    QVERIFY(m_desk->commands.isEmpty());
    QTest::mouseClick(question->findChild<QAbstractButton*>(QStringLiteral("checkpointAndClose")),
                      Qt::LeftButton);
    QCOMPARE(m_desk->commands, QStringList{QStringLiteral("shutDown")});
    QTRY_VERIFY(!m_window->isVisible());
}

void MainWindowTest::closingWithoutRunsJustCloses() {
    addRun(1, RunState::Finished);
    m_window->close();
    QCOMPARE(m_desk->commands, QStringList{QStringLiteral("shutDown")});
    QTRY_VERIFY(!m_window->isVisible());
}

void MainWindowTest::layoutThemeAndWorkspaceAreRemembered() {
    m_window->findChild<QDockWidget*>(QStringLiteral("setupDock"))->hide();
    m_desk->openWorkspace(QStringLiteral("/data/mine"));
    m_desk->setState(WorkspaceState::Open);
    m_window->actions()->themeMenu->actions().at(2)->trigger();
    QVERIFY(m_themes->theme().dark);
    QVERIFY(Theme::current().dark);
    m_window->close();
    QTRY_VERIFY(!m_window->isVisible());
    m_window = makeWindow();
    QVERIFY(m_window->findChild<QDockWidget*>(QStringLiteral("setupDock"))->isHidden());
    QCOMPARE(m_settings->value(QStringLiteral("lastWorkspace")).toString(), QStringLiteral("/data/mine"));
    QVERIFY(m_settings->value(QStringLiteral("recentWorkspaces"))
                .toStringList()
                .contains(QStringLiteral("/workspace")));
    QCOMPARE(m_settings->value(QStringLiteral("theme")).toInt(), static_cast<int>(ThemeChoice::Dark));
    m_themes->choose(ThemeChoice::Light);
}

void MainWindowTest::digitsGoToViews() {
    QVERIFY(m_window->startPage()->isVisible());
    QTest::keyClick(m_window.get(), Qt::Key_2, Qt::ControlModifier);
    QVERIFY(!m_window->startPage()->isVisible());
    QTest::keyClick(m_window.get(), Qt::Key_1, Qt::ControlModifier);
    QVERIFY(m_window->startPage()->isVisible());
    QVERIFY(!m_window->showPanel(QStringLiteral("no such view")));
}

void MainWindowTest::exportMenuOffersTheTable() {
    auto* menu = m_window->actions()->exportMenu;
    emit menu->aboutToShow();
    const auto find = [menu](const QString& text) {
        for (auto* action : menu->actions())
            if (action->text() == text) return action;
        return static_cast<QAction*>(nullptr);
    };
    QVERIFY(!find(QStringLiteral("CSV"))->isEnabled()); // no runs
    addRun(1, RunState::Finished);
    emit menu->aboutToShow();
    for (const char* format : {"CSV", "TSV", "JSON", "Markdown", "LaTeX (booktabs)"})
        QVERIFY2(find(QString::fromLatin1(format)) && find(QString::fromLatin1(format))->isEnabled(), format);
}

void MainWindowTest::ctrlEOpensTheExportMenu() {
    QTest::keyClick(m_window.get(), Qt::Key_E, Qt::ControlModifier);
    QVERIFY(m_window->actions()->exportMenu->isVisible());
    m_window->actions()->exportMenu->close();
}

void MainWindowTest::everyButtonHasAName() {
    for (auto* button : m_window->findChildren<QAbstractButton*>()) {
        if (button->objectName().startsWith(QStringLiteral("qt_")) || !button->isVisible()) continue;
        const bool named =
            !button->text().isEmpty() || !button->accessibleName().isEmpty() || !button->toolTip().isEmpty();
        QVERIFY2(named, qPrintable(button->objectName() + QStringLiteral(" in ") +
                                   button->parentWidget()->objectName()));
    }
}

QTEST_MAIN(MainWindowTest)
#include "tst_main_window.moc"
