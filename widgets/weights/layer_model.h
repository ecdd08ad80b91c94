// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QAbstractTableModel>

#include "core/run/snapshot.h"

namespace quantarium::widgets {

/// The layers of one weight snapshot, one row each.
class LayerModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Layer, Bits, Levels, Sqnr, Zeros, Weights, Method, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    /// Null empties the table. Rows stay (and with them the selection) while the layers' names are the same.
    void setSnapshot(std::shared_ptr<const WeightSnapshot> snapshot);
    const std::shared_ptr<const WeightSnapshot>& snapshot() const { return m_snapshot; }
    /// Null outside the table.
    const LayerSnapshot* layerAt(int row) const;
    /// −1: no such layer.
    int rowOf(const QString& layer) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    std::shared_ptr<const WeightSnapshot> m_snapshot;
};

} // namespace quantarium::widgets
