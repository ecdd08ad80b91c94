// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/weights/layer_model.h"

#include <algorithm>

#include "widgets/plot/number_text.h"
#include "widgets/weights/layer_series.h"

namespace quantarium::widgets {
namespace {

bool sameLayers(const WeightSnapshot* one, const WeightSnapshot* other) {
    if (!one || !other) return one == other;
    return std::equal(one->layers.begin(), one->layers.end(), other->layers.begin(), other->layers.end(),
                      [](const LayerSnapshot& a, const LayerSnapshot& b) { return a.layer == b.layer; });
}

QString textOf(const LayerSnapshot& layer, int column) {
    const bool quantized = isQuantized(layer);
    switch (column) {
    case LayerModel::Layer:
        return QString::fromStdString(layer.layer);
    case LayerModel::Method:
        return QString::fromStdString(layer.method);
    case LayerModel::Bits:
        return QString::number(layer.bits);
    case LayerModel::Levels:
        return quantized ? QStringLiteral("%1 / %2").arg(usedLevels(layer)).arg(usableLevels(layer))
                         : QStringLiteral("–");
    case LayerModel::Sqnr:
        return shownSqnr(layer) ? QString::number(*shownSqnr(layer), 'f', 1) : QStringLiteral("–");
    case LayerModel::Zeros:
        return quantized ? QString::number(100 * layer.zeroShare, 'f', 1) : QStringLiteral("–");
    case LayerModel::Weights:
        return countText(layer.elements);
    default:
        return {};
    }
}

bool isText(int column) {
    return column == LayerModel::Layer || column == LayerModel::Method;
}

} // namespace

void LayerModel::setSnapshot(std::shared_ptr<const WeightSnapshot> snapshot) {
    if (sameLayers(m_snapshot.get(), snapshot.get())) {
        m_snapshot = std::move(snapshot);
        if (rowCount() > 0) emit dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
        return;
    }
    beginResetModel();
    m_snapshot = std::move(snapshot);
    endResetModel();
}

const LayerSnapshot* LayerModel::layerAt(int row) const {
    if (!m_snapshot || row < 0 || row >= int(m_snapshot->layers.size())) return nullptr;
    return &m_snapshot->layers[std::size_t(row)];
}

int LayerModel::rowOf(const QString& layer) const {
    for (int row = 0; row < rowCount(); ++row) {
        if (QString::fromStdString(layerAt(row)->layer) == layer) return row;
    }
    return -1;
}

int LayerModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() || !m_snapshot ? 0 : int(m_snapshot->layers.size());
}

int LayerModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant LayerModel::data(const QModelIndex& index, int role) const {
    const LayerSnapshot* layer = index.isValid() ? layerAt(index.row()) : nullptr;
    if (!layer) return {};
    switch (role) {
    case Qt::DisplayRole:
        return textOf(*layer, index.column());
    case Qt::ToolTipRole:
        return numbersLine(*layer);
    case Qt::TextAlignmentRole:
        return int((isText(index.column()) ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    case Qt::AccessibleTextRole:
        return QStringLiteral("%1: %2").arg(headerData(index.column(), Qt::Horizontal).toString(),
                                            textOf(*layer, index.column()));
    default:
        return {};
    }
}

QVariant LayerModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
    static const char* const kTitles[] = {"Parameter name",       "Bits of the quantized weight",
                                          "Levels used / usable", "Signal-to-quantization-noise ratio",
                                          "Share of zeros",       "Number of weights",
                                          "Quantization method"};
    static const char* const kShort[] = {"Layer",     "Bits",    "Levels", "SQNR (dB)",
                                         "Zeros (%)", "Weights", "Method"};
    if (role == Qt::DisplayRole) return QString::fromLatin1(kShort[section]);
    if (role == Qt::ToolTipRole) return QString::fromLatin1(kTitles[section]);
    if (role == Qt::TextAlignmentRole)
        return int((isText(section) ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    return {};
}

} // namespace quantarium::widgets
