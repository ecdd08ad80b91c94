// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/runs/runs_panel.h"

#include <algorithm>

#include <QClipboard>
#include <QDesktopServices>
#include <QGuiApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QPushButton>
#include <QToolTip>
#include <QUrl>
#include <QVBoxLayout>

#include "widgets/models/run_cells.h"
#include "widgets/theme/icons.h"

namespace quantarium::widgets {

namespace {

constexpr int kWidths[RunsModel::ColumnCount] = {206, 84, 130, 86, 84, 84,  70, 62,
                                                 104, 86, 88,  66, 66, 116, 72};

} // namespace

RunsPanel::RunsPanel(RunDesk* desk, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_theme(Theme::current()) {
    setObjectName(QStringLiteral("runs"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(8, 4, 8, 4);
    m_filter = new QLineEdit;
    m_filter->setObjectName(QStringLiteral("filter"));
    m_filter->setPlaceholderText(tr("Filter by name, state, network, dataset, method"));
    m_filter->setAccessibleName(tr("Filter runs"));
    m_filter->setClearButtonEnabled(true);
    m_filter->setMaximumWidth(420);
    m_count = new QLabel;
    m_count->setProperty("role", QStringLiteral("muted"));
    bar->addWidget(m_filter, 1);
    bar->addStretch(1);
    bar->addWidget(m_count);
    layout->addLayout(bar);
    makeTable();
    m_pages = new QStackedWidget;
    m_pages->addWidget(m_table);
    m_pages->addWidget(makeEmptyPage());
    layout->addWidget(m_pages, 1);

    connect(m_filter, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_proxy->setFilterText(text);
        showEmptyOrTable();
    });
    for (const auto signal : {&RunDesk::rowsReset, &RunDesk::rowsInserted, &RunDesk::rowsRemoved,
                              &RunDesk::workspaceStateChanged})
        connect(desk, signal, this, &RunsPanel::showEmptyOrTable);
    connect(desk, &RunSource::currentRunChanged, this, &RunsPanel::followCurrent);
    showEmptyOrTable();
    followCurrent(desk->currentRun());
}

void RunsPanel::makeTable() {
    m_model = new RunsModel(m_desk, this);
    m_proxy = new RunsProxy(m_desk, this);
    m_proxy->setSourceModel(m_model);
    m_table = new QTableView;
    m_table->setObjectName(QStringLiteral("runsTable"));
    m_table->setAccessibleName(tr("Runs"));
    m_table->setModel(m_proxy);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_table->setEditTriggers(QAbstractItemView::EditKeyPressed);
    m_table->setAlternatingRowColors(true);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setSortingEnabled(true);
    m_table->horizontalHeader()->setSortIndicatorClearable(true);
    m_table->horizontalHeader()->setSortIndicator(-1,
                                                  Qt::AscendingOrder); // newest first until somebody sorts
    m_proxy->sort(-1);
    m_table->horizontalHeader()->setSectionsMovable(true);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 9);
    m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    for (int column = 0; column < RunsModel::ColumnCount; ++column)
        m_table->setColumnWidth(column, kWidths[column]);
    m_progress = new ProgressDelegate(this);
    m_table->setItemDelegateForColumn(RunsModel::Progress, m_progress);
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    m_table->installEventFilter(this);
    connect(m_table, &QTableView::customContextMenuRequested, this, [this](const QPoint& point) {
        auto* menu = new QMenu(this);
        menu->setAttribute(Qt::WA_DeleteOnClose);
        fillMenu(*menu);
        menu->popup(m_table->viewport()->mapToGlobal(point));
    });
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& current) {
                if (current.isValid()) m_desk->setCurrentRun(current.data(RunsModel::IdRole).toString());
            });
}

QWidget* RunsPanel::makeEmptyPage() {
    auto* page = new QWidget;
    auto* layout = new QVBoxLayout(page);
    layout->setAlignment(Qt::AlignCenter);
    m_nothing = new QLabel;
    m_nothing->setProperty("role", QStringLiteral("muted"));
    m_nothing->setAlignment(Qt::AlignCenter);
    m_nothing->setWordWrap(true);
    auto* button = new QPushButton(tr("Run the first example"));
    button->setObjectName(QStringLiteral("firstRun"));
    connect(button, &QPushButton::clicked, this, &RunsPanel::firstRunWanted);
    connect(m_filter, &QLineEdit::textChanged, button,
            [button](const QString& text) { button->setVisible(text.isEmpty()); });
    layout->addWidget(m_nothing);
    layout->addWidget(button, 0, Qt::AlignCenter);
    return page;
}

void RunsPanel::showEmptyOrTable() {
    const int shown = m_proxy->rowCount();
    const int all = m_desk->rowCount();
    m_pages->setCurrentIndex(shown > 0 ? 0 : 1);
    m_nothing->setText(m_desk->workspaceState() == WorkspaceState::Opening ? tr("Opening the workspace…")
                       : all == 0 ? tr("Each run gets a row here: state, progress, accuracy, memory.")
                                  : tr("No run fits the filter."));
    m_count->setText(shown == all ? tr("%n run(s)", nullptr, all) : tr("%1 of %2 runs").arg(shown).arg(all));
    m_count->setText(
        m_count->text().replace(QLatin1String("(s)"), all == 1 ? QString() : QStringLiteral("s")));
}

void RunsPanel::setTheme(const Theme& theme) {
    m_theme = theme;
    m_model->setTheme(theme);
    m_progress->setTheme(theme);
    for (auto* action : m_filter->actions())
        if (action->property("role") == QLatin1String("search")) m_filter->removeAction(action);
    auto* search =
        m_filter->addAction(themedIcon(QStringLiteral("search"), theme), QLineEdit::LeadingPosition);
    search->setText(tr("Filter"));
    search->setProperty("role", QStringLiteral("search"));
    m_table->viewport()->update();
}

void RunsPanel::followCurrent(const QString& id) {
    const int row = m_desk->rowOf(id);
    if (row < 0) return;
    const auto index = m_proxy->mapFromSource(m_model->index(row, 0));
    if (!index.isValid() || m_table->currentIndex().row() == index.row()) return;
    m_table->selectRow(index.row());
    m_table->scrollTo(index);
}

QStringList RunsPanel::selectedRuns() const {
    auto rows = m_table->selectionModel()->selectedRows();
    std::sort(rows.begin(), rows.end(),
              [](const QModelIndex& a, const QModelIndex& b) { return a.row() < b.row(); });
    QStringList ids;
    for (const auto& index : rows)
        ids.push_back(index.data(RunsModel::IdRole).toString());
    return ids;
}

QStringList RunsPanel::shownRuns() const {
    QStringList ids;
    for (int row = 0; row < m_proxy->rowCount(); ++row)
        ids.push_back(m_proxy->index(row, 0).data(RunsModel::IdRole).toString());
    return ids;
}

QString RunsPanel::selectionAsTsv() const {
    QStringList heading;
    for (int column = 0; column < RunsModel::ColumnCount; ++column)
        heading.push_back(m_model->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString());
    QStringList lines{heading.join(QLatin1Char('\t'))};
    auto ids = selectedRuns();
    if (ids.isEmpty()) ids = shownRuns();
    for (const auto& id : ids) {
        QStringList cells;
        for (int column = 0; column < RunsModel::ColumnCount; ++column)
            cells.push_back(runCellText(m_desk->row(m_desk->rowOf(id)), column).simplified());
        lines.push_back(cells.join(QLatin1Char('\t')));
    }
    return lines.join(QLatin1Char('\n')) + QLatin1Char('\n');
}

void RunsPanel::copySelection() const {
    QGuiApplication::clipboard()->setText(selectionAsTsv());
}

QStringList RunsPanel::selectedIn(std::initializer_list<RunState> states) const {
    QStringList ids;
    for (const auto& id : selectedRuns())
        if (std::find(states.begin(), states.end(), m_desk->row(m_desk->rowOf(id)).state) != states.end())
            ids.push_back(id);
    return ids;
}

void RunsPanel::pauseSelected() {
    m_desk->pause(selectedIn({RunState::Running, RunState::Queued}));
}
void RunsPanel::resumeSelected() {
    m_desk->resume(selectedIn({RunState::Paused, RunState::Stopped, RunState::Failed}));
}
void RunsPanel::stopSelected() {
    m_desk->stop(selectedIn({RunState::Running, RunState::Queued}));
}

void RunsPanel::deleteSelected() {
    const auto ids = selectedIn({RunState::Paused, RunState::Stopped, RunState::Failed, RunState::Finished});
    if (!ids.isEmpty()) m_desk->moveToBin(ids);
}

bool RunsPanel::eventFilter(QObject* watched, QEvent* event) {
    if (watched != m_table || event->type() != QEvent::KeyPress) return QWidget::eventFilter(watched, event);
    auto* key = static_cast<QKeyEvent*>(event);
    if (key->matches(QKeySequence::Copy)) {
        copySelection();
        return true;
    }
    if (key->matches(QKeySequence::Delete)) {
        deleteSelected();
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void RunsPanel::fillMenu(QMenu& menu) {
    const auto add = [&](const char* icon, const QString& text, bool enabled, auto action) {
        auto* item = menu.addAction(themedIcon(QLatin1String(icon), m_theme), text, this, action);
        item->setEnabled(enabled);
        return item;
    };
    const auto ids = selectedRuns();
    const auto one = ids.size() == 1 ? ids.front() : QString();
    add("pause", tr("Pause"), !selectedIn({RunState::Running, RunState::Queued}).isEmpty(),
        [this] { pauseSelected(); });
    add("resume", tr("Resume"),
        !selectedIn({RunState::Paused, RunState::Stopped, RunState::Failed}).isEmpty(),
        [this] { resumeSelected(); });
    add("stop", tr("Stop"), !selectedIn({RunState::Running, RunState::Queued}).isEmpty(),
        [this] { stopSelected(); });
    menu.addSeparator();
    add("rename", tr("Rename"), !one.isEmpty(), [this] {
        m_table->edit(m_table->currentIndex().siblingAtColumn(RunsModel::Name));
    })->setShortcut(Qt::Key_F2);
    add("delete", tr("Move to the bin"),
        !selectedIn({RunState::Paused, RunState::Stopped, RunState::Failed, RunState::Finished}).isEmpty(),
        [this] { deleteSelected(); })
        ->setShortcut(QKeySequence::Delete);
    add("undo", tr("Undo delete"), m_desk->undoableRuns() > 0, [this] { m_desk->undoBin(); });
    menu.addSeparator();
    const bool failed = !one.isEmpty() && !m_desk->row(m_desk->rowOf(one)).reason.isEmpty();
    add("warning", tr("Show the reason"), failed, [this, one] {
        const int row = m_desk->rowOf(one);
        if (row >= 0)
            emit m_desk->message(MessageKind::Problem,
                                 m_desk->row(row).name + QStringLiteral(": ") + m_desk->row(row).reason);
    });
    add("folder", tr("Open its folder"), !one.isEmpty(),
        [this, one] { QDesktopServices::openUrl(QUrl::fromLocalFile(m_desk->runFolder(one))); });
    add("copy", tr("Copy the id"), !one.isEmpty(), [one] { QGuiApplication::clipboard()->setText(one); });
    add("copy", tr("Copy rows"), true, [this] { copySelection(); })->setShortcut(QKeySequence::Copy);
}

} // namespace quantarium::widgets
