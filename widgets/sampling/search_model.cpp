// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/sampling/search_model.h"

#include <algorithm>

#include "widgets/plot/number_text.h"

namespace quantarium::widgets {
namespace {

QString textOf(const LayerSnapshot& layer, int column) {
    const SearchState& search = *layer.search;
    switch (column) {
    case SearchModel::Layer:
        return QString::fromStdString(layer.layer);
    case SearchModel::Temperature:
        return search.temperature ? numberText(*search.temperature, 3) : QStringLiteral("–");
    case SearchModel::Noise:
        return numberText(search.noise, 3);
    case SearchModel::PathEntropy:
        return QString::number(search.meanPathEntropy, 'f', 3);
    case SearchModel::LargestProbability:
        return QString::number(100 * search.meanLargestProbability, 'f', 1);
    case SearchModel::FlipRate:
        return QString::number(100 * search.flipRate, 'f', 2);
    default:
        return {};
    }
}

} // namespace

void SearchModel::setSnapshot(std::shared_ptr<const WeightSnapshot> snapshot) {
    QVector<const LayerSnapshot*> layers;
    if (snapshot) {
        for (const LayerSnapshot& layer : snapshot->layers) {
            if (layer.search) layers.append(&layer);
        }
    }
    const bool same =
        std::equal(layers.begin(), layers.end(), m_layers.begin(), m_layers.end(),
                   [](const LayerSnapshot* a, const LayerSnapshot* b) { return a->layer == b->layer; });
    if (!same) beginResetModel();
    m_layers = layers;
    m_snapshot = std::move(snapshot);
    if (!same) {
        endResetModel();
    } else if (!m_layers.isEmpty()) {
        emit dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
    }
}

const LayerSnapshot* SearchModel::layerAt(int row) const {
    return row >= 0 && row < m_layers.size() ? m_layers[row] : nullptr;
}

int SearchModel::rowOf(const QString& layer) const {
    for (int row = 0; row < m_layers.size(); ++row) {
        if (QString::fromStdString(m_layers[row]->layer) == layer) return row;
    }
    return -1;
}

int SearchModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_layers.size());
}

int SearchModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant SearchModel::data(const QModelIndex& index, int role) const {
    const LayerSnapshot* layer = index.isValid() ? layerAt(index.row()) : nullptr;
    if (!layer) return {};
    if (role == Qt::DisplayRole) return textOf(*layer, index.column());
    if (role == Qt::TextAlignmentRole)
        return int((index.column() == Layer ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    return {};
}

QVariant SearchModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
    static const char* const kTitles[] = {"Layer", "τ", "μ", "Entropy", "Top (%)", "Flips (%)"};
    static const char* const kHints[] = {
        "Parameter name",
        "Temperature of the softmax in the backward pass; – where the method has none",
        "Weight of the Gumbel noise",
        "Path entropy in nats: of softmax(logits / τ), mean over the layer's weights",
        "Largest path probability in per cent: of softmax(logits / τ), mean over the layer's weights",
        "Share of the weights whose chosen value changed since the previous epoch"};
    if (role == Qt::DisplayRole) return QString::fromUtf8(kTitles[section]);
    if (role == Qt::ToolTipRole) return QString::fromUtf8(kHints[section]);
    if (role == Qt::TextAlignmentRole)
        return int((section == Layer ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    return {};
}

} // namespace quantarium::widgets
