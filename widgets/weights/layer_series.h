// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include <QString>
#include <QVector>

#include "core/run/snapshot.h"
#include "widgets/plot/plot_series.h"
#include "widgets/theme/theme.h"

namespace quantarium::widgets {

/// Which of a layer's two weights is shown.
enum class WeightMode { Latent, Quantized, Both };

/// Whether the layer has quantized weights at all (a kept float layer has none).
bool isQuantized(const LayerSnapshot& layer);
bool showsLatent(WeightMode mode, const LayerSnapshot& layer);
bool showsQuantized(WeightMode mode, const LayerSnapshot& layer);

std::int64_t usedLevels(const LayerSnapshot& layer);
std::int64_t usableLevels(const LayerSnapshot& layer);

/// "2,304 weights · 7 of 8 levels used · entropy 2.31 bits · zeros 0.0 % · flips since last epoch 21 (0.9 %)
/// · SQNR 14.2 dB"
QString numbersLine(const LayerSnapshot& layer);

/// The n + 1 edges of n bins.
QVector<double> binEdges(const Histogram& histogram);

/// What one layer's histogram is drawn with.
struct LayerDrawing {
    WeightMode mode = WeightMode::Both;
    bool share = false;                ///< per cent of the layer's weights instead of counts
    bool overlay = false;              ///< pinned: outlines only
    QString idPrefix = {};             ///< tells pinned ones apart
    QString labelSuffix = {};          ///< " · INQ 3 bits, layer1, epoch 4"
    std::optional<QColor> colour = {}; ///< overlays: the run's
    Qt::PenStyle pen = Qt::SolidLine;
};

/// Latent histogram as filled steps (INQ: free and frozen apart), exact level counts as stems, and marks at
/// every level that the layer can use. Counts stay whole numbers; nothing is binned again.
QVector<PlotSeries> layerSeries(const LayerSnapshot& layer, const LayerDrawing& drawing, const Theme& theme);

/// Robust range of a layer's weights: all but the outermost 0.05 % of the latent ones, and every level used.
std::optional<ValueRange> weightRange(const LayerSnapshot& layer, WeightMode mode);

QString latentAxisTitle(bool share);
QString quantizedAxisTitle(bool share);

} // namespace quantarium::widgets
