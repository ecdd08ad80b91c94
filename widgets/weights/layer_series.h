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

/// The signal-to-quantization-noise ratio; none for a search, whose soft weight is no approximation of the
/// chosen one.
std::optional<double> shownSqnr(const LayerSnapshot& layer);

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

/// Frozen weights (INQ) at one level, or at several that share a bin of the snapshot.
struct FrozenCount {
    double value = 0; ///< the level; the middle of those that share the bin
    std::int64_t count = 0;
    qsizetype levels = 1;
};

/// How many frozen weights sit at each level: exact, since they lie on the levels, wherever a bin holds one
/// level only or all weights are frozen. Empty without frozen weights.
QVector<FrozenCount> frozenCounts(const LayerSnapshot& layer);

/// Latent histogram as filled steps, exact level counts and INQ's frozen weights as stems, and marks at every
/// level that the layer can use. Counts stay whole numbers; nothing is binned again. One scale for all: equal
/// counts are equally high.
QVector<PlotSeries> layerSeries(const LayerSnapshot& layer, const LayerDrawing& drawing, const Theme& theme);

/// Robust range of a layer's weights: all but the outermost 0.05 % of the latent ones, and every level used.
std::optional<ValueRange> weightRange(const LayerSnapshot& layer, WeightMode mode);

/// Title of the count axis: what is counted depends on what is shown.
QString countAxisTitle(bool latent, bool quantized, bool share);

} // namespace quantarium::widgets
