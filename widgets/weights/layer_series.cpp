// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/weights/layer_series.h"

#include <algorithm>

#include <QStringList>

#include "widgets/plot/number_text.h"

namespace quantarium::widgets {
namespace {

constexpr qsizetype kMostMarks = 64; // more would be a grey wall

/// "1,204 (3.1 %)"
QString countReading(std::int64_t count, std::int64_t elements) {
    return QStringLiteral("%1 (%2)").arg(countText(count),
                                         percentText(elements > 0 ? double(count) / double(elements) : 0, 2));
}

double scaled(std::int64_t count, const LayerSnapshot& layer, bool share) {
    return share && layer.elements > 0 ? 100.0 * double(count) / double(layer.elements) : double(count);
}

PlotSeries histogramSeries(const LayerSnapshot& layer, const Histogram& histogram, const QString& id,
                           const QString& label, const QColor& colour, const LayerDrawing& drawing) {
    PlotSeries series{drawing.idPrefix + id, label + drawing.labelSuffix};
    series.style = SeriesStyle::Steps;
    series.x = binEdges(histogram);
    for (const std::int64_t count : histogram.counts)
        series.y.append(scaled(count, layer, drawing.share));
    series.y.append(0);
    series.colour = drawing.colour.value_or(colour);
    series.pen = drawing.pen;
    series.width = drawing.overlay ? 1.6 : 1.2;
    series.fill = drawing.overlay ? 0 : 0.32;
    const QVector<double> edges = series.x;
    series.reading = [counts = histogram.counts, edges, elements = layer.elements](qsizetype bin) {
        return QStringLiteral("%1 in [%2, %3)")
            .arg(countReading(counts[std::size_t(bin)], elements), numberText(edges[bin], 3),
                 numberText(edges[bin + 1], 3));
    };
    return series;
}

PlotSeries stemSeries(const LayerSnapshot& layer, const LayerDrawing& drawing, const Theme& theme) {
    PlotSeries series{drawing.idPrefix + QStringLiteral("levels"),
                      drawing.overlay ? QStringLiteral("quantized") + drawing.labelSuffix
                                      : QStringLiteral("quantized weights (what the network uses)")};
    series.style = SeriesStyle::Stems;
    for (const LevelCount& level : layer.levels) {
        series.x.append(level.value);
        series.y.append(scaled(level.count, layer, drawing.share));
    }
    series.colour = drawing.colour.value_or(theme.quantized);
    series.pen = drawing.pen;
    series.width = drawing.overlay ? 1.4 : 2.4;
    series.fill = drawing.overlay ? 0 : 1;
    series.rightAxis = drawing.mode == WeightMode::Both;
    series.reading = [levels = layer.levels, elements = layer.elements](qsizetype i) {
        const LevelCount& level = levels[std::size_t(i)];
        return QStringLiteral("%1 at level %2")
            .arg(countReading(level.count, elements), numberText(level.value, 6));
    };
    return series;
}

QString latentLabel(const LayerSnapshot& layer, bool overlay) {
    if (overlay) return layer.latentFrozen ? QStringLiteral("latent, free") : QStringLiteral("latent");
    if (!isQuantized(layer)) return QStringLiteral("float weights (kept: the network uses them as they are)");
    return layer.latentFrozen ? QStringLiteral("latent weights, free (what the optimizer moves)")
                              : QStringLiteral("latent weights (what the optimizer moves)");
}

PlotSeries markSeries(const LayerSnapshot& layer, const Theme& theme) {
    PlotSeries series{QStringLiteral("marks"),
                      QStringLiteral("levels of the value space (%1)").arg(layer.valueSpace.size())};
    series.style = SeriesStyle::Marks;
    series.x = QVector<double>(layer.valueSpace.begin(), layer.valueSpace.end());
    series.colour = theme.mutedText;
    series.colour.setAlphaF(series.x.size() > kMostMarks ? 0.12F : 0.45F);
    series.pen = Qt::DotLine;
    series.width = 1;
    series.inCursor = false;
    series.inRange = false;
    return series;
}

} // namespace

bool isQuantized(const LayerSnapshot& layer) {
    return !layer.levels.empty();
}

bool showsLatent(WeightMode mode, const LayerSnapshot& layer) {
    return mode != WeightMode::Quantized || !isQuantized(layer);
}

bool showsQuantized(WeightMode mode, const LayerSnapshot& layer) {
    return mode != WeightMode::Latent && isQuantized(layer);
}

std::int64_t usedLevels(const LayerSnapshot& layer) {
    return std::count_if(layer.levels.begin(), layer.levels.end(),
                         [](const LevelCount& level) { return level.count > 0; });
}

std::int64_t usableLevels(const LayerSnapshot& layer) {
    return std::max<std::int64_t>(std::int64_t(layer.valueSpace.size()), usedLevels(layer));
}

QString numbersLine(const LayerSnapshot& layer) {
    QStringList parts{QStringLiteral("%1 weights").arg(countText(layer.elements))};
    if (!isQuantized(layer)) {
        parts.append(QStringLiteral("kept in float: the network uses the latent weights themselves"));
        return parts.join(QStringLiteral(" · "));
    }
    parts.append(QStringLiteral("%1 of %2 levels used").arg(usedLevels(layer)).arg(usableLevels(layer)));
    parts.append(QStringLiteral("entropy %1 bits").arg(layer.levelEntropyBits, 0, 'f', 2));
    parts.append(QStringLiteral("zeros %1").arg(percentText(layer.zeroShare)));
    if (layer.flips)
        parts.append(
            QStringLiteral("flips since last epoch %1").arg(countReading(*layer.flips, layer.elements)));
    if (layer.sqnrDb) parts.append(QStringLiteral("SQNR %1 dB").arg(*layer.sqnrDb, 0, 'f', 1));
    if (layer.frozenShare) parts.append(QStringLiteral("frozen %1").arg(percentText(*layer.frozenShare)));
    const std::int64_t outside = layer.latent.below + layer.latent.above;
    if (outside > 0)
        parts.append(QStringLiteral("%1 latent weights outside the bins").arg(countText(outside)));
    return parts.join(QStringLiteral(" · "));
}

QVector<double> binEdges(const Histogram& histogram) {
    QVector<double> edges;
    const auto bins = qsizetype(histogram.counts.size());
    for (qsizetype i = 0; i <= bins && bins > 0; ++i) {
        edges.append(histogram.low + (histogram.high - histogram.low) * double(i) / double(bins));
    }
    return edges;
}

QVector<PlotSeries> layerSeries(const LayerSnapshot& layer, const LayerDrawing& drawing, const Theme& theme) {
    QVector<PlotSeries> series;
    if (!drawing.overlay && !layer.valueSpace.empty()) series.append(markSeries(layer, theme));
    if (showsLatent(drawing.mode, layer)) {
        const QString latent = latentLabel(layer, drawing.overlay),
                      frozen = drawing.overlay ? QStringLiteral("frozen")
                                               : QStringLiteral("latent weights, frozen");
        series.append(
            histogramSeries(layer, layer.latent, QStringLiteral("latent"), latent, theme.latent, drawing));
        if (layer.latentFrozen) {
            series.append(histogramSeries(layer, *layer.latentFrozen, QStringLiteral("frozen"), frozen,
                                          theme.frozen, drawing));
        }
    }
    if (showsQuantized(drawing.mode, layer)) series.append(stemSeries(layer, drawing, theme));
    return series;
}

std::optional<ValueRange> weightRange(const LayerSnapshot& layer, WeightMode mode) {
    std::optional<ValueRange> range;
    const auto include = [&](const std::optional<ValueRange>& other) {
        if (other) range = range ? united(*range, *other) : *other;
    };
    const auto counts = [](const Histogram& histogram) {
        return QVector<double>(histogram.counts.begin(), histogram.counts.end());
    };
    if (showsLatent(mode, layer)) {
        include(robustBinRange(binEdges(layer.latent), counts(layer.latent)));
        if (layer.latentFrozen)
            include(robustBinRange(binEdges(*layer.latentFrozen), counts(*layer.latentFrozen)));
    }
    for (const LevelCount& level : layer.levels) {
        if (level.count > 0) include(ValueRange{level.value, level.value});
    }
    if (mode == WeightMode::Quantized && !layer.valueSpace.empty())
        include(ValueRange{layer.valueSpace.front(), layer.valueSpace.back()});
    if (range) range = widened(*range, 0.05);
    return range;
}

QString latentAxisTitle(bool share) {
    return share ? QStringLiteral("latent weights per bin (%)")
                 : QStringLiteral("latent weights per bin (count)");
}

QString quantizedAxisTitle(bool share) {
    return share ? QStringLiteral("quantized weights per level (%)")
                 : QStringLiteral("quantized weights per level (count)");
}

} // namespace quantarium::widgets
