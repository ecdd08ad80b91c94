// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QHeaderView>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

#include "tests/widgets/fake_desk.h"
#include "widgets/models/run_cells.h"
#include "widgets/runs/runs_panel.h"

using namespace quantarium;
using namespace quantarium::widgets;

class RunsTableTest : public QObject {
    Q_OBJECT
private slots:
    void modelKeepsTheRules();
    void cellsReadLikeSentences();
    void headersAndTipsSayWhatWasMeasured();
    void columnsReachTheRightEdge();
    void sortsByNumberNotByText();
    void filterKeepsRowsWithEveryWord();
    void checkBoxShowsARun();
    void selectingARowMakesItCurrent();
    void keysCopyAndDelete();
    void f2Renames();
    void emptyTableOffersTheFirstExample();
    void tenThousandRowsSortAndFilter();
};

void RunsTableTest::modelKeepsTheRules() {
    FakeDesk desk;
    RunsModel model(&desk);
    RunsProxy proxy(&desk);
    proxy.setSourceModel(&model);
    const QAbstractItemModelTester modelTester(&model,
                                               QAbstractItemModelTester::FailureReportingMode::QtTest);
    const QAbstractItemModelTester proxyTester(&proxy,
                                               QAbstractItemModelTester::FailureReportingMode::QtTest);
    for (int i = 0; i < 5; ++i)
        desk.add(madeUpRow(i));
    proxy.sort(RunsModel::Name, Qt::DescendingOrder);
    auto changed = desk.row(2);
    changed.progress = 0.5;
    desk.change(2, changed);
    proxy.setFilterText(QStringLiteral("run 3"));
    QCOMPARE(proxy.rowCount(), 1);
    desk.moveToBin({desk.row(0).id, desk.row(1).id});
    QCOMPARE(model.rowCount(), 3);
    QCOMPARE(proxy.rowCount(), 0);
    desk.undoBin();
    QCOMPARE(proxy.rowCount(), 1);
    desk.reset({});
    QCOMPARE(model.rowCount(), 0);
}

void RunsTableTest::cellsReadLikeSentences() {
    auto row = madeUpRow(1);
    row.state = RunState::Running;
    row.phase = QStringLiteral("training");
    row.progress = 0.426;
    row.secondsLeft = 200;
    row.deltaToFloat = -1.318;
    row.deltaReference = QStringLiteral("float");
    row.last = {{QStringLiteral("validation_top1"), 87.126}};
    row.report.emplace().memory.reductionEverything = 6.24;
    QCOMPARE(runCellText(row, RunsModel::State), QStringLiteral("training"));
    QCOMPARE(runCellText(row, RunsModel::Progress), QStringLiteral("42 %"));
    QCOMPARE(runCellText(row, RunsModel::TimeLeft), QStringLiteral("3 min 20 s"));
    QCOMPARE(runCellText(row, RunsModel::Delta), QStringLiteral("−1.32"));
    QCOMPARE(runCellText(row, RunsModel::Last), QStringLiteral("87.13"));
    QCOMPARE(runCellText(row, RunsModel::Best), QStringLiteral("–"));
    QCOMPARE(runCellText(row, RunsModel::Memory), QStringLiteral("6.2×"));
    QVERIFY(runCellHelp(row, RunsModel::Delta).contains(QStringLiteral("float")));
    QCOMPARE(runCellText(madeUpRow(2, "float", 32), RunsModel::Bits), QStringLiteral("float"));
}

void RunsTableTest::headersAndTipsSayWhatWasMeasured() {
    FakeDesk desk;
    RunsModel model(&desk);
    const auto title = [&](int column) {
        return model.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
    };
    QCOMPARE(title(RunsModel::Memory), QStringLiteral("Memory × (all)"));
    QVERIFY(title(RunsModel::Last).contains(QStringLiteral("val.")));
    QVERIFY(title(RunsModel::Best).contains(QStringLiteral("val.")));
    auto row = madeUpRow(1);
    row.bestEpoch = 7;
    row.epochsDone = 10;
    QVERIFY(runCellHelp(row, RunsModel::Test).contains(QStringLiteral("when the run ends")));
    QVERIFY(runCellHelp(row, RunsModel::Last).contains(QStringLiteral("Epoch 10")));
    row.best = {{QStringLiteral("test_top1"), 80}};
    row.last = {{QStringLiteral("test_top1"), 79.5}};
    QVERIFY(runCellHelp(row, RunsModel::Test).contains(QStringLiteral("Epoch 7, the best on validation")));
    QVERIFY(runCellHelp(row, RunsModel::Test).contains(QStringLiteral("79.50")));
    row.state = RunState::Running;
    QVERIFY(runCellHelp(row, RunsModel::Delta).contains(QStringLiteral("has finished")));
    row.deltaToFloat = 1;
    row.deltaReference = QStringLiteral("base (started from it)");
    QVERIFY(runCellHelp(row, RunsModel::Delta).contains(QStringLiteral("test data")));
    row.deltaOnTest = false;
    QVERIFY(runCellHelp(row, RunsModel::Delta).contains(QStringLiteral("validation data")));
}

void RunsTableTest::columnsReachTheRightEdge() {
    FakeDesk desk;
    desk.add(madeUpRow(1));
    RunsPanel panel(&desk);
    panel.resize(1900, 300);
    panel.show();
    QCOMPARE(panel.table()->horizontalHeader()->length(), panel.table()->viewport()->width());
}

void RunsTableTest::sortsByNumberNotByText() {
    FakeDesk desk;
    for (const double delta : {-10.0, -2.0, 1.0}) {
        auto row = madeUpRow(desk.rowCount());
        row.deltaToFloat = delta;
        desk.add(row);
    }
    desk.add(madeUpRow(9)); // nothing measured: sorts below every number
    RunsModel model(&desk);
    RunsProxy proxy(&desk);
    proxy.setSourceModel(&model);
    proxy.sort(RunsModel::Delta, Qt::AscendingOrder);
    QStringList shown;
    for (int i = 0; i < proxy.rowCount(); ++i)
        shown.push_back(proxy.index(i, RunsModel::Delta).data().toString());
    QCOMPARE(shown, (QStringList{QStringLiteral("–"), QStringLiteral("−10.00"), QStringLiteral("−2.00"),
                                 QStringLiteral("+1.00")}));
}

void RunsTableTest::filterKeepsRowsWithEveryWord() {
    FakeDesk desk;
    desk.add(madeUpRow(1, "float", 32));
    desk.add(madeUpRow(2, "inq"));
    desk.add(madeUpRow(3, "rdhs", 1));
    RunsPanel panel(&desk);
    auto* filter = panel.findChild<QLineEdit*>(QStringLiteral("filter"));
    QTest::keyClicks(filter, QStringLiteral("shapes10 rdhs"));
    QCOMPARE(panel.shownRuns(), QStringList{QStringLiteral("run-00003")});
    QTest::keyClicks(filter, QStringLiteral(" finished"));
    QCOMPARE(panel.shownRuns(), QStringList());
    filter->clear();
    QCOMPARE(panel.shownRuns().size(), 3);
}

void RunsTableTest::checkBoxShowsARun() {
    FakeDesk desk;
    desk.add(madeUpRow(1));
    RunsPanel panel(&desk);
    panel.resize(1200, 300);
    panel.show();
    const auto index = panel.table()->model()->index(0, RunsModel::Name);
    QStyleOptionViewItem option;
    option.initFrom(panel.table());
    option.rect = panel.table()->visualRect(index);
    option.features = QStyleOptionViewItem::HasCheckIndicator | QStyleOptionViewItem::HasDisplay;
    const auto box =
        panel.table()->style()->subElementRect(QStyle::SE_ItemViewItemCheckIndicator, &option, panel.table());
    const QSignalSpy spy(&desk, &RunSource::checkedRunsChanged);
    QTest::mouseClick(panel.table()->viewport(), Qt::LeftButton, {}, box.center());
    QCOMPARE(desk.checkedRuns(), QStringList{QStringLiteral("run-00001")});
    QCOMPARE(spy.size(), 1);
}

void RunsTableTest::selectingARowMakesItCurrent() {
    FakeDesk desk;
    desk.add(madeUpRow(1));
    desk.add(madeUpRow(2));
    RunsPanel panel(&desk);
    panel.resize(1200, 300);
    panel.show();
    panel.table()->setFocus();
    panel.table()->setCurrentIndex(panel.table()->model()->index(0, 1));
    QCOMPARE(desk.currentRun(), QStringLiteral("run-00002"));
    QTest::keyClick(panel.table(), Qt::Key_Down);
    QCOMPARE(desk.currentRun(), QStringLiteral("run-00001"));
    desk.setCurrentRun(QStringLiteral("run-00002"));
    QCOMPARE(panel.selectedRuns(), QStringList{QStringLiteral("run-00002")});
}

void RunsTableTest::keysCopyAndDelete() {
    FakeDesk desk;
    auto running = madeUpRow(1);
    running.state = RunState::Running;
    desk.add(running);
    auto finished = madeUpRow(2);
    finished.state = RunState::Finished;
    desk.add(finished);
    RunsPanel panel(&desk);
    panel.show();
    panel.table()->selectAll();
    QTest::keyClick(panel.table(), Qt::Key_C, Qt::ControlModifier);
    const auto lines = QGuiApplication::clipboard()->text().split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    QCOMPARE(lines.size(), 3);
    QVERIFY(lines[0].startsWith(QStringLiteral("Name\tState\t")));
    QVERIFY(lines[1].startsWith(QStringLiteral("Run 2\tfinished\t")));
    QTest::keyClick(panel.table(), Qt::Key_Delete);
    QCOMPARE(desk.commands, QStringList{QStringLiteral("bin run-00002")}); // a running run is not deleted
}

void RunsTableTest::f2Renames() {
    FakeDesk desk;
    desk.add(madeUpRow(1));
    RunsPanel panel(&desk);
    panel.resize(1200, 300);
    panel.show();
    panel.table()->setFocus();
    panel.table()->setCurrentIndex(panel.table()->model()->index(0, RunsModel::Name));
    QTest::keyClick(panel.table(), Qt::Key_F2);
    auto* editor = panel.table()->findChild<QLineEdit*>();
    QVERIFY(editor);
    editor->selectAll();
    QTest::keyClicks(editor, QStringLiteral("my baseline"));
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(desk.row(0).name, QStringLiteral("my baseline"));
}

void RunsTableTest::emptyTableOffersTheFirstExample() {
    FakeDesk desk;
    RunsPanel panel(&desk);
    panel.show();
    auto* button = panel.findChild<QPushButton*>(QStringLiteral("firstRun"));
    QVERIFY(button->isVisible());
    const QSignalSpy spy(&panel, &RunsPanel::firstRunWanted);
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(spy.size(), 1);
    desk.add(madeUpRow(1));
    QVERIFY(!button->isVisible());
    QVERIFY(panel.table()->isVisible());
}

void RunsTableTest::tenThousandRowsSortAndFilter() {
    FakeDesk desk;
    std::vector<RunRow> rows;
    for (int i = 9999; i >= 0; --i) {
        rows.push_back(madeUpRow(i, i % 2 ? "inq" : "rdhs", i % 2 ? 5 : 1));
        rows.back().last = {{QStringLiteral("validation_top1"), (i * 7919) % 10000 / 100.0}};
    }
    desk.reset(std::move(rows));
    RunsPanel panel(&desk);
    panel.show();
    panel.table()->sortByColumn(RunsModel::Last, Qt::DescendingOrder);
    const auto* model = panel.table()->model();
    QCOMPARE(model->rowCount(), 10000);
    QCOMPARE(model->index(0, RunsModel::Last).data().toString(), QStringLiteral("99.99"));
    for (int i = 0; i < 1000; ++i)
        QVERIFY(model->index(i, 0).data(RunsModel::IdRole) != model->index(i + 1, 0).data(RunsModel::IdRole));
    QTest::keyClicks(panel.findChild<QLineEdit*>(QStringLiteral("filter")), QStringLiteral("rdhs"));
    QCOMPARE(model->rowCount(), 5000);
}

QTEST_MAIN(RunsTableTest)
#include "tst_runs_table.moc"
