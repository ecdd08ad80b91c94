// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/weights/weights_panel.h"

#include <QComboBox>
#include <QFileInfo>
#include <QLabel>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTableView>
#include <QToolButton>

#include "widgets/plot/figure_file.h"
#include "widgets/plot/number_text.h"
#include "widgets/plot/tool_buttons.h"
#include "widgets/weights/epoch_scrubber.h"
#include "widgets/weights/layer_grid.h"
#include "widgets/weights/layer_history.h"
#include "widgets/weights/layer_model.h"
#include "widgets/weights/own_values.h"
#include "widgets/weights/pin_bar.h"
#include "widgets/weights/snapshot_history.h"

namespace quantarium::widgets {
namespace {

constexpr int kMostRidges = 20;
constexpr int kMostRows = 200; // of the heat map

} // namespace

WeightsPanel::~WeightsPanel() {
    if (!m_watched.isEmpty()) m_source->watchWeights(m_watched, false);
}

void WeightsPanel::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    watch();
    m_pace.shown();
}

void WeightsPanel::hideEvent(QHideEvent* event) {
    QWidget::hideEvent(event);
    watch();
}

void WeightsPanel::watch() {
    const QString wanted = isVisible() && m_scrubber->isLive() ? m_runId : QString();
    if (wanted == m_watched) return;
    if (!m_watched.isEmpty()) m_source->watchWeights(m_watched, false);
    m_watched = wanted;
    if (!m_watched.isEmpty()) m_source->watchWeights(m_watched, true);
}

void WeightsPanel::setRun(const QString& runId) {
    if (runId == m_runId) return;
    m_runId = runId;
    m_history->setRun(runId);
    m_scrubber->goLive();
    watch();
    m_pace.request();
}

void WeightsPanel::setTheme(const Theme& theme) {
    m_theme = theme;
    for (QWidget* row : {m_tools, static_cast<QWidget*>(m_scrubber)})
        row->setStyleSheet(toolRowStyle(theme));
    m_plot->setTheme(theme);
    m_ridges->setTheme(theme);
    m_heat->setTheme(theme);
    m_grid->setTheme(theme);
    refresh();
}

const LayerSnapshot* WeightsPanel::shownLayer() const {
    return m_model->layerAt(m_model->rowOf(m_layer));
}

void WeightsPanel::setLayer(const QString& layer) {
    m_layer = layer;
    const int row = m_model->rowOf(layer);
    if (row >= 0 && m_table->currentIndex().row() != row) m_table->setCurrentIndex(m_model->index(row, 0));
    m_pace.request();
}

void WeightsPanel::updateEpochs() {
    m_scrubber->setEpochs(m_source->snapshotEpochs(m_runId));
    const auto newest = m_source->snapshot(m_runId, EpochScrubber::kLive);
    m_scrubber->setLiveText(newest ? tr("epoch %1, step %2").arg(newest->epoch).arg(countText(newest->step))
                                   : QString());
}

void WeightsPanel::showEmpty() {
    const auto row = m_source->run(m_runId);
    const bool reading = !m_source->snapshotEpochs(m_runId).isEmpty();
    m_emptyText->setText(
        reading ? tr("Reading the weights of “%1”…").arg(row ? row->name : m_runId)
        : row ? tr("“%1” has no weight snapshots yet.\nThey appear when its training starts.").arg(row->name)
              : tr("No run is selected.\nSelect one in the Runs table to see its weights."));
    const auto runs = m_source->runs();
    m_emptyButton->setVisible(!row && !runs.isEmpty());
    if (!runs.isEmpty()) m_emptyButton->setText(tr("Show “%1”").arg(runs.first().name));
    m_pages->setCurrentIndex(0);
}

void WeightsPanel::refresh() {
    m_pace.refreshed();
    updateEpochs();
    auto snapshot = m_source->snapshot(m_runId, m_scrubber->epoch());
    const bool beingRead = !snapshot && m_modelRun == m_runId && !m_source->snapshotEpochs(m_runId).isEmpty();
    if (!beingRead) m_model->setSnapshot(std::move(snapshot)); // else what is shown stays until it is here
    m_modelRun = m_runId;
    const auto row = m_source->run(m_runId);
    m_runText->setText(row ? row->name : QString());
    if (m_model->rowCount() == 0) {
        showEmpty();
        return;
    }
    m_pages->setCurrentIndex(1);
    if (!shownLayer()) {
        int first = 0;
        for (int i = m_model->rowCount() - 1; i >= 0; --i)
            first = isQuantized(*m_model->layerAt(i)) ? i : first;
        m_layer = QString::fromStdString(m_model->layerAt(first)->layer);
    }
    const int shown = m_model->rowOf(m_layer);
    if (m_table->currentIndex().row() != shown) m_table->setCurrentIndex(m_model->index(shown, 0));
    updateTexts();
    switch (m_views->currentIndex()) {
    case LayerPage:
        updateLayerPlot();
        break;
    case AllLayersPage:
        updateGrid();
        break;
    default:
        updateHistory();
        break;
    }
}

void WeightsPanel::updateTexts() {
    m_numbers->setText(numbersLine(*shownLayer()));
    const QString ownValues = ownValuesHtml(*shownLayer());
    m_ownValues->setText(ownValues);
    m_ownValues->setVisible(!ownValues.isEmpty());
}

std::optional<ValueRange> WeightsPanel::sharedRange() const {
    std::optional<ValueRange> shared;
    for (int i = 0; i < m_model->rowCount(); ++i) {
        const auto range = weightRange(*m_model->layerAt(i), mode());
        if (range) shared = shared ? united(*shared, *range) : *range;
    }
    return shared;
}

void WeightsPanel::updateLayerPlot() {
    const LayerSnapshot& layer = *shownLayer();
    const bool share = m_heights->currentIndex() == 1;
    LayerDrawing drawing{mode(), share};
    QVector<PlotSeries> series = layerSeries(layer, drawing, m_theme);
    auto range = m_share->isChecked() ? sharedRange() : weightRange(layer, mode());
    for (int i = 0; i < m_pins->pins().size(); ++i) {
        const Pin& pin = m_pins->pins()[i];
        LayerDrawing overlay{mode(),
                             share,
                             true,
                             QStringLiteral("pin%1/").arg(i),
                             QStringLiteral(" · ") + pin.textBeside(m_layer),
                             m_theme.runColour(pin.runColour),
                             PinBar::penOf(i)};
        series += layerSeries(pin.layer, overlay, m_theme);
        const auto pinned = weightRange(pin.layer, mode());
        if (pinned && !m_share->isChecked()) range = range ? united(*range, *pinned) : *pinned;
    }
    const bool latent = showsLatent(mode(), layer), quantized = showsQuantized(mode(), layer);
    PlotAxis x{tr("weight value"), range};
    PlotAxis left{countAxisTitle(latent, quantized || layer.latentFrozen, share)};
    left.fromZero = true;
    const auto& snapshot = *m_model->snapshot();
    m_plot->setTitle(
        tr("%1 · epoch %2, step %3").arg(m_layer).arg(snapshot.epoch).arg(countText(snapshot.step)));
    m_plot->setXAxis(x);
    m_plot->setYAxis(left);
    m_plot->setSeries(series);
}

void WeightsPanel::updateGrid() {
    m_grid->setMode(mode());
    m_grid->setSharedRange(m_share->isChecked() ? sharedRange() : std::nullopt);
    const QModelIndex shown = m_model->index(m_model->rowOf(m_layer), 0);
    if (m_grid->currentIndex() != shown) m_grid->setCurrentIndex(shown);
}

void WeightsPanel::updateHistory() {
    const bool ridges = m_views->currentIndex() == RidgePage;
    m_history->want(ridges ? kMostRidges : kMostRows);
    const LayerHistory history = historyOf(m_history->snapshots(), m_layer, mode());
    PlotView* view = ridges ? m_ridges : m_heat;
    const QString loading = m_history->isComplete() ? QString() : tr(" · loading…");
    view->setTitle(m_layer + loading);
    if (ridges) {
        showRidges(*m_ridges, history, mode(), m_theme);
    } else {
        showHeatMap(*m_heat, history, mode(), m_theme);
    }
}

void WeightsPanel::pinShown() {
    const LayerSnapshot* layer = shownLayer();
    const auto row = m_source->run(m_runId);
    if (!layer || !row) return;
    m_pins->add(
        {m_runId, row->name, row->colour, m_model->snapshot()->epoch, m_model->snapshot()->step, *layer});
}

QStringList WeightsPanel::exportFormats() const {
    if (m_pages->currentIndex() == 0) return {};
    return {QStringLiteral("csv"), QStringLiteral("png"), QStringLiteral("svg"), QStringLiteral("pdf")};
}

void WeightsPanel::exportTo(const QString& file) {
    if (QFileInfo(file).suffix().toLower() == QLatin1String("csv")) {
        writeText(m_views->currentIndex() >= RidgePage ? historyCsv() : csv(), file);
        return;
    }
    const QString title = tr("Weights of %1, %2").arg(m_runText->text(), m_layer);
    writeFigure(pageOf(*m_views->currentWidget(), title, m_theme.base), file);
}

} // namespace quantarium::widgets
