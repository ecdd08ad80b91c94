// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QAbstractTableModel>

#include "core/run/snapshot.h"

namespace quantarium::widgets {

/// The layers that a search method (RDHS, SGT) trains, with the state of their search.
class SearchModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Layer, Temperature, Noise, PathEntropy, LargestProbability, FlipRate, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    /// Layers without a search are left out; null empties the table.
    void setSnapshot(std::shared_ptr<const WeightSnapshot> snapshot);
    const LayerSnapshot* layerAt(int row) const;
    int rowOf(const QString& layer) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    std::shared_ptr<const WeightSnapshot> m_snapshot;
    QVector<const LayerSnapshot*> m_layers; ///< into m_snapshot
};

} // namespace quantarium::widgets
