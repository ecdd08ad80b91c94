// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/weights/layer_history.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "widgets/plot/number_text.h"

namespace quantarium::widgets {
namespace {

constexpr int kColumns = 128;
constexpr double kStemHeight = 0.7;   // of the highest stem, in the same; stems don't overlap
constexpr double kRidgeOverlap = 1.6; // height of the highest ridge, in distances between ridges

void addOverlap(const Histogram& histogram, const ValueRange& range, QVector<double>& cells) {
    const QVector<double> edges = binEdges(histogram);
    const double cell = (range.high - range.low) / double(cells.size());
    for (qsizetype bin = 0; bin + 1 < edges.size(); ++bin) {
        const std::int64_t count = histogram.counts[std::size_t(bin)];
        const double width = edges[bin + 1] - edges[bin];
        if (count == 0 || !(width > 0)) continue;
        const auto first = qsizetype(std::max(0.0, std::floor((edges[bin] - range.low) / cell)));
        for (qsizetype i = first; i < cells.size() && range.low + double(i) * cell < edges[bin + 1]; ++i) {
            const double left = std::max(edges[bin], range.low + double(i) * cell);
            const double right = std::min(edges[bin + 1], range.low + double(i + 1) * cell);
            if (right > left) cells[i] += double(count) * (right - left) / width;
        }
    }
}

double share(std::int64_t count, const LayerSnapshot& layer) {
    return layer.elements > 0 ? double(count) / double(layer.elements) : 0;
}

/// The distance between neighbouring epochs shown, for the ridges' height.
double epochDistance(const QVector<qint64>& epochs) {
    if (epochs.size() < 2) return 1;
    return double(epochs.last() - epochs.first()) / double(epochs.size() - 1);
}

/// "latent", or of a search "soft": its weights have no float values of their own.
QString latentWord(const LayerHistory& history) {
    const bool search = std::any_of(history.layers.begin(), history.layers.end(),
                                    [](const LayerSnapshot* layer) { return layer->search.has_value(); });
    return search ? QStringLiteral("soft") : QStringLiteral("latent");
}

PlotAxis valueAxis(const LayerHistory& history, WeightMode mode) {
    const QString what = mode == WeightMode::Latent ? latentWord(history) + QStringLiteral(" weight value")
                         : mode == WeightMode::Quantized ? QStringLiteral("quantized weight value")
                                                         : QStringLiteral("weight value");
    return {what, history.range};
}

PlotAxis epochAxis(const LayerHistory& history, double headroom) {
    PlotAxis axis{QStringLiteral("epoch")};
    axis.integers = true;
    if (!history.epochs.isEmpty()) {
        const double half = 0.5 * epochDistance(history.epochs);
        axis.home = ValueRange{double(history.epochs.first()) - half,
                               double(history.epochs.last()) + headroom + half};
    }
    return axis;
}

struct Stem {
    double level = 0;
    double base = 0;
    double top = 0;
};

/// Stems of every level of one epoch.
void appendStems(QVector<Stem>& stems, const LayerSnapshot& layer, double base, double height,
                 double highest) {
    for (const LevelCount& level : layer.levels) {
        if (level.count > 0)
            stems.append({level.value, base, base + height * share(level.count, layer) / highest});
    }
}

PlotSeries stemSegments(QVector<Stem> stems, const QColor& colour) {
    std::stable_sort(stems.begin(), stems.end(),
                     [](const Stem& a, const Stem& b) { return a.level < b.level; });
    PlotSeries series{QStringLiteral("stems"), QStringLiteral("quantized weights by level")};
    series.style = SeriesStyle::Segments;
    series.colour = colour;
    series.width = 1.6;
    series.inCursor = false;
    for (const Stem& stem : stems) {
        series.x += {stem.level, stem.level, stem.level};
        series.y += {stem.base, stem.top, std::nan("")};
    }
    return series;
}

double highestLevelShare(const LayerHistory& history) {
    double highest = 0;
    for (const LayerSnapshot* layer : history.layers) {
        for (const LevelCount& level : layer->levels)
            highest = std::max(highest, share(level.count, *layer));
    }
    return highest;
}

QVector<PlotSeries> levelDots(const LayerHistory& history, const QColor& colour) {
    struct Class {
        double above;
        float opacity;
        const char* label;
    };
    static constexpr std::array<Class, 4> kClasses{{{0.0, 0.25F, "level with up to 1 % of the weights"},
                                                    {0.01, 0.45F, "level with 1 – 10 %"},
                                                    {0.1, 0.7F, "level with 10 – 25 %"},
                                                    {0.25, 1.0F, "level with more than 25 %"}}};
    QVector<PlotSeries> dots;
    for (const Class& one : kClasses) {
        PlotSeries series{QStringLiteral("levels above %1").arg(one.above), QString::fromUtf8(one.label)};
        series.style = SeriesStyle::Points;
        series.colour = colour;
        series.colour.setAlphaF(one.opacity);
        series.width = std::clamp(360.0 / double(std::max<qsizetype>(1, history.epochs.size())), 3.0, 9.0);
        series.inCursor = false;
        dots.append(series);
    }
    for (qsizetype i = 0; i < history.layers.size(); ++i) {
        for (const LevelCount& level : history.layers[i]->levels) {
            const double part = share(level.count, *history.layers[i]);
            if (level.count == 0) continue;
            std::size_t chosen = 0;
            for (std::size_t k = 0; k < kClasses.size(); ++k)
                chosen = part > kClasses[k].above ? k : chosen;
            dots[qsizetype(chosen)].x.append(level.value);
            dots[qsizetype(chosen)].y.append(double(history.epochs[i]));
        }
    }
    dots.removeIf([](const PlotSeries& series) { return series.x.isEmpty(); });
    return dots;
}

} // namespace

LayerHistory historyOf(const QMap<qint64, std::shared_ptr<const WeightSnapshot>>& snapshots,
                       const QString& layer, WeightMode mode) {
    LayerHistory history;
    const std::string name = layer.toStdString();
    for (auto entry = snapshots.begin(); entry != snapshots.end(); ++entry) {
        const auto& layers = entry.value()->layers;
        const auto found = std::find_if(layers.begin(), layers.end(),
                                        [&](const LayerSnapshot& one) { return one.layer == name; });
        if (found == layers.end()) continue;
        history.epochs.append(entry.key());
        history.layers.append(&*found);
        const auto range = weightRange(*found, mode);
        if (range) history.range = history.range ? united(*history.range, *range) : *range;
    }
    return history;
}

QVector<double> latentShares(const LayerSnapshot& layer, const ValueRange& range, int columns) {
    QVector<double> cells(columns, 0.0);
    if (!(range.high > range.low)) return cells;
    addOverlap(layer.latent, range, cells);
    if (layer.latentFrozen) addOverlap(*layer.latentFrozen, range, cells);
    for (double& cell : cells)
        cell = layer.elements > 0 ? cell / double(layer.elements) : 0;
    return cells;
}

void showRidges(PlotView& view, const LayerHistory& history, WeightMode mode, const Theme& theme) {
    const double height = kRidgeOverlap * epochDistance(history.epochs);
    const ValueRange range = history.range.value_or(ValueRange{0, 1});
    QVector<PlotBand> bands;
    QVector<PlotSeries> series;
    double highest = 0;
    QVector<QVector<double>> ridges;
    for (const LayerSnapshot* layer : history.layers) {
        ridges.append(showsLatent(mode, *layer) ? latentShares(*layer, range, kColumns) : QVector<double>());
        for (const double cell : ridges.last())
            highest = std::max(highest, cell);
    }
    const double highestLevel = highestLevelShare(history),
                 stemHeight = kStemHeight * epochDistance(history.epochs);
    QVector<Stem> stems;
    const double cell = (range.high - range.low) / kColumns;
    for (qsizetype i = history.epochs.size() - 1; i >= 0; --i) { // the newest behind
        const auto base = double(history.epochs[i]);
        if (highest > 0 && !ridges[i].isEmpty()) {
            PlotBand band{QStringLiteral("epoch %1").arg(history.epochs[i])};
            for (int column = 0; column < kColumns; ++column) {
                band.x.append(range.low + (column + 0.5) * cell);
                band.low.append(base);
                band.high.append(base + height * ridges[i][column] / highest);
            }
            band.colour = theme.latent;
            band.opacity = 0.35;
            band.outline = 1;
            bands.append(band);
        }
        if (highestLevel > 0 && showsQuantized(mode, *history.layers[i]))
            appendStems(stems, *history.layers[i], base, stemHeight, highestLevel);
    }
    if (!bands.isEmpty()) {
        PlotSeries key{QStringLiteral("key"), latentWord(history) + QStringLiteral(" weights")};
        key.colour = theme.latent;
        key.inCursor = false;
        series.append(key);
    }
    if (!stems.isEmpty()) series.append(stemSegments(stems, theme.quantized));
    view.setXAxis(valueAxis(history, mode));
    view.setYAxis(epochAxis(history, height));
    view.setSeries(series);
    view.setBands(bands);
}

void showHeatMap(HeatMapView& view, const LayerHistory& history, WeightMode mode, const Theme& theme) {
    HeatMap map;
    const bool latent = std::any_of(history.layers.begin(), history.layers.end(),
                                    [mode](const LayerSnapshot* layer) { return showsLatent(mode, *layer); });
    if (latent && history.range && history.range->high > history.range->low) {
        const double distance = epochDistance(history.epochs);
        map = {*history.range,
               {double(history.epochs.first()) - distance / 2, double(history.epochs.last()) + distance / 2},
               kColumns,
               int(history.epochs.size()),
               {},
               latentWord(history) + QStringLiteral(" weights per cell (% of the layer)"),
               theme.latent};
        for (const LayerSnapshot* layer : history.layers) {
            for (const double cell : latentShares(*layer, *history.range, kColumns))
                map.cells.append(100 * cell);
        }
    }
    const bool levels =
        std::any_of(history.layers.begin(), history.layers.end(),
                    [mode](const LayerSnapshot* layer) { return showsQuantized(mode, *layer); });
    view.setXAxis(valueAxis(history, mode));
    view.setYAxis(epochAxis(history, 0));
    view.setHeatMap(map);
    view.setSeries(levels ? levelDots(history, theme.quantized) : QVector<PlotSeries>());
}

} // namespace quantarium::widgets
