// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/models/runs_model.h"

#include <algorithm>

#include <QCoreApplication>
#include <QIcon>
#include <QPainter>
#include <QPixmap>

#include "widgets/models/run_cells.h"

namespace quantarium::widgets {

namespace {

struct ColumnText {
    const char* title;
    const char* help;
};

constexpr ColumnText kColumns[RunsModel::ColumnCount] = {
    {QT_TRANSLATE_NOOP("Runs", "Name"),
     QT_TRANSLATE_NOOP("Runs", "Checked runs are shown in the views, in this colour")},
    {QT_TRANSLATE_NOOP("Runs", "State"), QT_TRANSLATE_NOOP("Runs", "What the run is doing")},
    {QT_TRANSLATE_NOOP("Runs", "Progress"), QT_TRANSLATE_NOOP("Runs", "Share of its optimizer steps done")},
    {QT_TRANSLATE_NOOP("Runs", "Time left"),
     QT_TRANSLATE_NOOP("Runs", "Estimated from the steps done so far")},
    {QT_TRANSLATE_NOOP("Runs", "Network"), QT_TRANSLATE_NOOP("Runs", "Network")},
    {QT_TRANSLATE_NOOP("Runs", "Dataset"), QT_TRANSLATE_NOOP("Runs", "Dataset")},
    {QT_TRANSLATE_NOOP("Runs", "Method"), QT_TRANSLATE_NOOP("Runs", "How weights are quantized")},
    {QT_TRANSLATE_NOOP("Runs", "Bits"), QT_TRANSLATE_NOOP("Runs", "Bits stored per quantized weight")},
    {QT_TRANSLATE_NOOP("Runs", "First / last"),
     QT_TRANSLATE_NOOP("Runs", "What happens to the first and the last layer")},
    {QT_TRANSLATE_NOOP("Runs", "Last val. %"),
     QT_TRANSLATE_NOOP("Runs", "Top-1 accuracy of the last epoch on validation data")},
    {QT_TRANSLATE_NOOP("Runs", "Best val. %"),
     QT_TRANSLATE_NOOP("Runs", "Top-1 accuracy of the best epoch, picked and measured on validation data")},
    {QT_TRANSLATE_NOOP("Runs", "Test %"),
     QT_TRANSLATE_NOOP("Runs", "Top-1 accuracy on test data of the epoch that was best on validation data, "
                               "measured when the run ends")},
    {QT_TRANSLATE_NOOP("Runs", "Δ float"),
     QT_TRANSLATE_NOOP("Runs", "Percentage points above or below its float run, once both have finished: on "
                               "test data where both were tested, else on validation data")},
    {QT_TRANSLATE_NOOP("Runs", "Memory × (all)"),
     QT_TRANSLATE_NOOP("Runs", "Memory of all weights in float divided by the memory they take now, "
                               "everything counted: codes, scales, codebooks, and what is kept in float. A "
                               "cell's tip also has the quantized weights alone.")},
    {QT_TRANSLATE_NOOP("Runs", "Time"), QT_TRANSLATE_NOOP("Runs", "Time spent on the run so far")},
};

bool isNumeric(int column) {
    return column == RunsModel::TimeLeft || column == RunsModel::Bits || column >= RunsModel::Last;
}

} // namespace

RunsModel::RunsModel(RunDesk* desk, QObject* parent)
    : QAbstractTableModel(parent), m_desk(desk), m_theme(Theme::current()) {
    connect(desk, &RunDesk::rowsAboutToBeReset, this, [this] { beginResetModel(); });
    connect(desk, &RunDesk::rowsReset, this, [this] { endResetModel(); });
    connect(desk, &RunDesk::rowsAboutToBeInserted, this,
            [this](int first, int last) { beginInsertRows({}, first, last); });
    connect(desk, &RunDesk::rowsInserted, this, [this] { endInsertRows(); });
    connect(desk, &RunDesk::rowsAboutToBeRemoved, this,
            [this](int first, int last) { beginRemoveRows({}, first, last); });
    connect(desk, &RunDesk::rowsRemoved, this, [this] { endRemoveRows(); });
    connect(desk, &RunDesk::rowChanged, this,
            [this](int row) { emit dataChanged(index(row, 0), index(row, ColumnCount - 1)); });
}

void RunsModel::setTheme(const Theme& theme) {
    m_theme = theme;
    if (rowCount() > 0)
        emit dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1),
                         {Qt::DecorationRole, Qt::ForegroundRole});
}

int RunsModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : m_desk->rowCount();
}
int RunsModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(ColumnCount);
}

QVariant RunsModel::decoration(const RunRow& row) const {
    const qreal scale = 2; // drawn at twice the size for sharp edges on any screen
    QPixmap pixmap(QSize(12, 12) * scale);
    pixmap.setDevicePixelRatio(scale);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    const QColor colour = row.colour >= 0 ? m_theme.runColour(row.colour) : m_theme.border;
    painter.setPen(QPen(colour, 1.6));
    painter.setBrush(row.checked && row.colour >= 0 ? QBrush(colour) : QBrush(Qt::NoBrush));
    painter.drawRoundedRect(QRectF(1.5, 1.5, 9, 9), 2, 2);
    QIcon icon(pixmap);
    icon.addPixmap(pixmap, QIcon::Selected); // the run's colour, not tinted by the selection
    return icon;
}

QVariant RunsModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= m_desk->rowCount()) return {};
    const auto& row = m_desk->row(index.row());
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
        return runCellText(row, column);
    case Qt::EditRole:
        return column == Name ? QVariant(row.name) : QVariant();
    case Qt::CheckStateRole:
        return column == Name ? QVariant(row.checked ? Qt::Checked : Qt::Unchecked) : QVariant();
    case Qt::DecorationRole:
        return column == Name ? decoration(row) : QVariant();
    case Qt::TextAlignmentRole:
        return QVariant::fromValue(
            Qt::Alignment((isNumeric(column) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
    case Qt::ForegroundRole:
        if (column != State) return {};
        if (row.state == RunState::Failed) return m_theme.bad;
        if (row.state == RunState::Finished) return m_theme.good;
        if (row.state == RunState::Paused || row.state == RunState::Stopped) return m_theme.warning;
        return {};
    case Qt::ToolTipRole:
        return runCellHelp(row, column);
    case SortRole:
        return runSortValue(row, column);
    case IdRole:
        return row.id;
    case ProgressRole:
        return row.progress;
    default:
        return {};
    }
}

bool RunsModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    if (!index.isValid() || index.column() != Name) return false;
    const auto id = m_desk->row(index.row()).id;
    if (role == Qt::CheckStateRole) {
        m_desk->setChecked(id, value.toInt() == Qt::Checked);
        return true;
    }
    if (role != Qt::EditRole || value.toString().trimmed().isEmpty()) return false;
    m_desk->rename(id, value.toString().trimmed());
    return true;
}

QVariant RunsModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
    if (role == Qt::DisplayRole) return QCoreApplication::translate("Runs", kColumns[section].title);
    if (role == Qt::ToolTipRole) return QCoreApplication::translate("Runs", kColumns[section].help);
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(
            Qt::Alignment((isNumeric(section) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
    return {};
}

Qt::ItemFlags RunsModel::flags(const QModelIndex& index) const {
    if (!index.isValid()) return Qt::NoItemFlags;
    Qt::ItemFlags flags = Qt::ItemIsSelectable | Qt::ItemIsEnabled | Qt::ItemNeverHasChildren;
    if (index.column() == Name) flags |= Qt::ItemIsUserCheckable | Qt::ItemIsEditable;
    return flags;
}

RunsProxy::RunsProxy(RunDesk* desk, QObject* parent) : QSortFilterProxyModel(parent), m_desk(desk) {
    setSortRole(RunsModel::SortRole);
    setDynamicSortFilter(true);
}

void RunsProxy::setFilterText(const QString& text) {
    m_words = text.simplified().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

bool RunsProxy::filterAcceptsRow(int row, const QModelIndex& parent) const {
    if (parent.isValid() || m_words.isEmpty()) return true;
    const auto& run = m_desk->row(row);
    QString text = run.name + QLatin1Char(' ') + run.id;
    for (const int column : {RunsModel::State, RunsModel::Network, RunsModel::Dataset, RunsModel::Method})
        text += QLatin1Char(' ') + runCellText(run, column);
    return std::all_of(m_words.begin(), m_words.end(),
                       [&](const QString& word) { return text.contains(word, Qt::CaseInsensitive); });
}

bool RunsProxy::lessThan(const QModelIndex& left, const QModelIndex& right) const {
    const auto a = left.data(RunsModel::SortRole);
    const auto b = right.data(RunsModel::SortRole);
    if (!a.isValid() || !b.isValid()) return !a.isValid() && b.isValid();
    if (a.typeId() == QMetaType::QString) return QString::localeAwareCompare(a.toString(), b.toString()) < 0;
    return a.toDouble() < b.toDouble();
}

} // namespace quantarium::widgets
