// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/weights/layer_series.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <QHash>
#include <QStringList>

#include "widgets/plot/number_text.h"

namespace quantarium::widgets {
namespace {

constexpr qsizetype kMostMarks = 64;                               // more would be a grey wall
constexpr std::array<std::string_view, 1> kTrainedAsFloat{"admm"}; // methods that quantize at the end

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

QString latentLabel(const LayerSnapshot& layer, bool overlay) {
    if (overlay) return layer.latentFrozen ? QStringLiteral("latent, free") : QStringLiteral("latent");
    if (!isQuantized(layer)) return QStringLiteral("float weights (kept: the network uses them as they are)");
    if (layer.search) return QStringLiteral("soft weights (expected level; the optimizer moves the logits)");
    return layer.latentFrozen ? QStringLiteral("free weights (what the optimizer moves)")
                              : QStringLiteral("latent weights (what the optimizer moves)");
}

/// Whether training goes on with other weights than the levels.
bool trainsOtherWeights(const LayerSnapshot& layer) {
    const bool partlyFrozen = layer.frozenShare && *layer.frozenShare < 1;
    return partlyFrozen ||
           std::find(kTrainedAsFloat.begin(), kTrainedAsFloat.end(), layer.method) != kTrainedAsFloat.end();
}

QString quantizedLabel(const LayerSnapshot& layer, bool overlay) {
    if (overlay) return QStringLiteral("quantized");
    if (layer.search) return QStringLiteral("chosen levels (largest logit; what would be deployed)");
    return trainsOtherWeights(layer) ? QStringLiteral("quantized weights (what would be deployed)")
                                     : QStringLiteral("quantized weights (what the network uses)");
}

PlotSeries stemSeries(const LayerSnapshot& layer, const LayerDrawing& drawing, const Theme& theme) {
    PlotSeries series{drawing.idPrefix + QStringLiteral("levels"),
                      quantizedLabel(layer, drawing.overlay) + drawing.labelSuffix};
    series.style = SeriesStyle::Stems;
    for (const LevelCount& level : layer.levels) {
        series.x.append(level.value);
        series.y.append(scaled(level.count, layer, drawing.share));
    }
    series.colour = drawing.colour.value_or(theme.quantized);
    series.pen = drawing.pen;
    series.width = drawing.overlay ? 1.4 : 2.4;
    series.fill = drawing.overlay ? 0 : 1;
    series.reading = [levels = layer.levels, elements = layer.elements](qsizetype i) {
        const LevelCount& level = levels[std::size_t(i)];
        return QStringLiteral("%1 at level %2")
            .arg(countReading(level.count, elements), numberText(level.value, 6));
    };
    return series;
}

/// The bin that a value was counted in, as the snapshot's makers compute it; −1: none.
qsizetype binOf(const Histogram& histogram, double value) {
    const auto bins = double(histogram.counts.size());
    const double place = (value - histogram.low) * (bins / (histogram.high - histogram.low));
    if (!(place >= 0) || !(place < bins)) return -1;
    return qsizetype(place);
}

double nearestLevel(const std::vector<double>& levels, double value) {
    const auto nearest = std::min_element(levels.begin(), levels.end(), [value](double a, double b) {
        return std::abs(a - value) < std::abs(b - value);
    });
    return nearest == levels.end() ? value : *nearest;
}

PlotSeries frozenSeries(const LayerSnapshot& layer, const LayerDrawing& drawing, const Theme& theme) {
    PlotSeries series{drawing.idPrefix + QStringLiteral("frozen"),
                      (drawing.overlay ? QStringLiteral("frozen")
                                       : QStringLiteral("frozen weights (they stay at their level)")) +
                          drawing.labelSuffix};
    series.style = SeriesStyle::Stems;
    const auto frozen = frozenCounts(layer);
    for (const FrozenCount& one : frozen) {
        series.x.append(one.value);
        series.y.append(scaled(one.count, layer, drawing.share));
    }
    series.colour = drawing.colour.value_or(theme.frozen);
    series.pen = drawing.pen;
    series.width = drawing.overlay ? 3 : 6; // the level's own stem stands in it
    series.fill = 0;
    series.dots = false;
    series.reading = [frozen, elements = layer.elements](qsizetype i) {
        const FrozenCount& one = frozen[i];
        const auto count = countReading(one.count, elements);
        return one.levels == 1 ? QStringLiteral("%1 at level %2").arg(count, numberText(one.value, 6))
                               : QStringLiteral("%1 at %2 levels around %3")
                                     .arg(count)
                                     .arg(one.levels)
                                     .arg(numberText(one.value, 3));
    };
    return series;
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

std::optional<double> shownSqnr(const LayerSnapshot& layer) {
    return layer.search ? std::nullopt : layer.sqnrDb;
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
    if (layer.codebooks > 1)
        parts.back() += QStringLiteral(" (%1 in each of %2 filters)")
                            .arg(usableLevels(layer) / layer.codebooks)
                            .arg(layer.codebooks);
    parts.append(QStringLiteral("entropy %1 bits").arg(layer.levelEntropyBits, 0, 'f', 2));
    parts.append(QStringLiteral("zeros %1").arg(percentText(layer.zeroShare)));
    if (layer.flips)
        parts.append(
            QStringLiteral("flips since last epoch %1").arg(countReading(*layer.flips, layer.elements)));
    if (const auto sqnr = shownSqnr(layer)) parts.append(QStringLiteral("SQNR %1 dB").arg(*sqnr, 0, 'f', 1));
    if (layer.frozenShare) parts.append(QStringLiteral("frozen %1").arg(percentText(*layer.frozenShare)));
    const std::int64_t outside = layer.latent.below + layer.latent.above;
    if (outside > 0)
        parts.append(QStringLiteral("%1 latent %2 outside the bins")
                         .arg(countText(outside),
                              outside == 1 ? QStringLiteral("weight") : QStringLiteral("weights")));
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

QVector<FrozenCount> frozenCounts(const LayerSnapshot& layer) {
    QVector<FrozenCount> frozen;
    if (!layer.latentFrozen) return frozen;
    if (layer.frozenShare && *layer.frozenShare >= 1) {
        for (const LevelCount& level : layer.levels)
            if (level.count > 0) frozen.append({level.value, level.count});
        return frozen;
    }
    const Histogram& histogram = *layer.latentFrozen;
    QHash<qsizetype, QVector<double>> levels;
    for (const double value : layer.valueSpace)
        levels[binOf(histogram, value)].append(value);
    const QVector<double> edges = binEdges(histogram);
    for (qsizetype bin = 0; bin + 1 < edges.size(); ++bin) {
        const std::int64_t count = histogram.counts[std::size_t(bin)];
        if (count == 0) continue;
        auto here = levels.value(bin);
        if (here.isEmpty()) // a level on the bin's edge, rounded to the other side
            here.append(nearestLevel(layer.valueSpace, (edges[bin] + edges[bin + 1]) / 2));
        frozen.append({(here.first() + here.last()) / 2, count, here.size()});
    }
    return frozen;
}

QVector<PlotSeries> layerSeries(const LayerSnapshot& layer, const LayerDrawing& drawing, const Theme& theme) {
    QVector<PlotSeries> series;
    if (!drawing.overlay && !layer.valueSpace.empty()) series.append(markSeries(layer, theme));
    if (showsLatent(drawing.mode, layer)) {
        series.append(histogramSeries(layer, layer.latent, QStringLiteral("latent"),
                                      latentLabel(layer, drawing.overlay), theme.latent, drawing));
        if (layer.latentFrozen) series.append(frozenSeries(layer, drawing, theme));
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
        for (const FrozenCount& one : frozenCounts(layer))
            include(ValueRange{one.value, one.value});
    }
    for (const LevelCount& level : layer.levels) {
        if (level.count > 0) include(ValueRange{level.value, level.value});
    }
    if (mode == WeightMode::Quantized && !layer.valueSpace.empty())
        include(ValueRange{layer.valueSpace.front(), layer.valueSpace.back()});
    if (range) range = widened(*range, 0.05);
    return range;
}

QString countAxisTitle(bool latent, bool quantized, bool share) {
    const QString where = latent && quantized ? QStringLiteral("per bin or level")
                          : quantized         ? QStringLiteral("per level")
                                              : QStringLiteral("per bin");
    return share ? QStringLiteral("share %1 (%)").arg(where) : QStringLiteral("count ") + where;
}

} // namespace quantarium::widgets
