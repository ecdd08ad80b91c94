// SPDX-License-Identifier: GPL-3.0-or-later
// WeightsPanel: what the CSV file holds. Counts are whole numbers, as recorded.
#include "widgets/plot/figure_file.h"
#include "widgets/plot/number_text.h"
#include "widgets/weights/layer_history.h"
#include "widgets/weights/layer_model.h"
#include "widgets/weights/own_values.h"
#include "widgets/weights/pin_bar.h"
#include "widgets/weights/snapshot_history.h"
#include "widgets/weights/weights_panel.h"

#include <QLabel>
#include <QTabWidget>

namespace quantarium::widgets {
namespace {

const QStringList kHeader{QStringLiteral("run"),  QStringLiteral("layer"), QStringLiteral("epoch"),
                          QStringLiteral("step"), QStringLiteral("what"),  QStringLiteral("low"),
                          QStringLiteral("high"), QStringLiteral("count"), QStringLiteral("value")};

/// Bins as [low, high), levels with low = high; a method's own values with a value only.
QString layerLines(const QString& run, const LayerSnapshot& layer, qint64 epoch, qint64 step,
                   WeightMode mode) {
    QString text;
    const QStringList before{run, QString::fromStdString(layer.layer), QString::number(epoch),
                             QString::number(step)};
    const auto addBins = [&](const Histogram& histogram, const QString& what) {
        const QVector<double> edges = binEdges(histogram);
        for (qsizetype bin = 0; bin + 1 < edges.size(); ++bin) {
            text +=
                csvLine(before + QStringList{what, exactText(edges[bin]), exactText(edges[bin + 1]),
                                             QString::number(histogram.counts[std::size_t(bin)]), QString()});
        }
        text += csvLine(before + QStringList{what, QStringLiteral("-inf"), exactText(histogram.low),
                                             QString::number(histogram.below), QString()});
        text += csvLine(before + QStringList{what, exactText(histogram.high), QStringLiteral("inf"),
                                             QString::number(histogram.above), QString()});
    };
    if (showsLatent(mode, layer)) {
        addBins(layer.latent, layer.latentFrozen ? QStringLiteral("latent free") : QStringLiteral("latent"));
        if (layer.latentFrozen) addBins(*layer.latentFrozen, QStringLiteral("latent frozen"));
    }
    if (showsQuantized(mode, layer)) {
        for (const LevelCount& level : layer.levels) {
            const QString value = exactText(level.value);
            text += csvLine(before + QStringList{QStringLiteral("quantized"), value, value,
                                                 QString::number(level.count), QString()});
        }
    }
    for (const QStringList& own : ownValueFields(layer))
        text += csvLine(before + QStringList{own[0], QString(), QString(), QString(), own[1]});
    return text;
}

} // namespace

QString WeightsPanel::csv() const {
    QString text = csvLine(kHeader);
    const WeightSnapshot& snapshot = *m_model->snapshot();
    if (m_views->currentIndex() == AllLayersPage) {
        for (const LayerSnapshot& layer : snapshot.layers)
            text += layerLines(m_runText->text(), layer, snapshot.epoch, snapshot.step, mode());
        return text;
    }
    text += layerLines(m_runText->text(), *shownLayer(), snapshot.epoch, snapshot.step, mode());
    for (const Pin& pin : m_pins->pins())
        text += layerLines(pin.runName, pin.layer, pin.epoch, pin.step, mode());
    return text;
}

QString WeightsPanel::historyCsv() const {
    QString text = csvLine(kHeader);
    const auto& snapshots = m_history->snapshots();
    const LayerHistory history = historyOf(snapshots, m_layer, mode());
    for (qsizetype i = 0; i < history.epochs.size(); ++i) {
        const qint64 epoch = history.epochs[i];
        text +=
            layerLines(m_runText->text(), *history.layers[i], epoch, snapshots.value(epoch)->step, mode());
    }
    return text;
}

} // namespace quantarium::widgets
