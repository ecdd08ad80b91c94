// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

#include "widgets/bridge/run_desk.h"
#include "widgets/theme/theme.h"

namespace quantarium::widgets {

/// The runs of a RunDesk as a table. Reads the desk's rows directly and copies nothing, so 10,000 rows cost
/// nothing.
class RunsModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column {
        Name,
        State,
        Progress,
        TimeLeft,
        Network,
        Dataset,
        Method,
        Bits,
        Policy,
        Last,
        Best,
        Test,
        Delta,
        Memory,
        Seconds,
        ColumnCount
    };
    enum Role {
        SortRole = Qt::UserRole, ///< a number or text to sort by
        IdRole,
        ProgressRole ///< 0 … 1
    };

    explicit RunsModel(RunDesk* desk, QObject* parent = nullptr);

    void setTheme(const Theme& theme);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

private:
    QVariant decoration(const RunRow& row) const;

    RunDesk* m_desk;
    Theme m_theme;
};

/// Sorts by RunsModel::SortRole and keeps the rows whose name, state, network, dataset, method or id contain
/// every word.
class RunsProxy : public QSortFilterProxyModel {
    Q_OBJECT
public:
    explicit RunsProxy(RunDesk* desk, QObject* parent = nullptr);

    void setFilterText(const QString& text);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    RunDesk* m_desk;
    QStringList m_words;
};

} // namespace quantarium::widgets
