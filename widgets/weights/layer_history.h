// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QMap>
#include <QString>

#include "widgets/plot/heat_map_view.h"
#include "widgets/weights/layer_series.h"

namespace quantarium::widgets {

/// One layer over the epochs, oldest first.
struct LayerHistory {
    QVector<qint64> epochs;
    QVector<const LayerSnapshot*> layers; ///< into snapshots that the caller keeps
    std::optional<ValueRange> range;      ///< robust, over all epochs
};

LayerHistory historyOf(const QMap<qint64, std::shared_ptr<const WeightSnapshot>>& snapshots,
                       const QString& layer, WeightMode mode);

/// Latent counts of a layer (free and frozen together) spread over `columns` equal cells of `range`, as
/// shares of all weights. A bin that crosses cells is divided by its overlap, so this is for the eye; exact
/// counts are in the histogram.
QVector<double> latentShares(const LayerSnapshot& layer, const ValueRange& range, int columns);

/// A histogram line for each epoch, standing on its epoch: latent weights as filled ridges, levels as stems.
void showRidges(PlotView& view, const LayerHistory& history, WeightMode mode, const Theme& theme);

/// Epochs upwards, weight values across: latent weights as colour, levels as dots, the more opaque the more
/// weights have them.
void showHeatMap(HeatMapView& view, const LayerHistory& history, WeightMode mode, const Theme& theme);

} // namespace quantarium::widgets
