// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "widgets/bridge/run_source.h"
#include "widgets/plot/exportable.h"
#include "widgets/plot/heat_map_view.h"
#include "widgets/plot/refresh_pace.h"
#include "widgets/weights/layer_series.h"

class QButtonGroup;
class QComboBox;
class QHBoxLayout;
class QLabel;
class QStackedWidget;
class QTableView;
class QTabWidget;
class QToolButton;

namespace quantarium::widgets {

class EpochScrubber;
class LayerGrid;
class LayerModel;
class PinBar;
class SnapshotHistory;

/// The weights of the run selected in the Runs table: latent histogram and exact level counts of one layer,
/// all layers on a page, and one layer over the epochs as ridges or as a heat map. Follows the newest weights
/// until the person goes back in time.
class WeightsPanel : public QWidget, public Exportable {
    Q_OBJECT
public:
    explicit WeightsPanel(RunSource* source, QWidget* parent = nullptr);
    ~WeightsPanel() override;

    void setTheme(const Theme& theme);

    PlotView* layerPlot() const { return m_plot; }
    PlotView* ridgePlot() const { return m_ridges; }
    HeatMapView* heatMap() const { return m_heat; }
    LayerGrid* layerGrid() const { return m_grid; }
    EpochScrubber* scrubber() const { return m_scrubber; }
    PinBar* pinBar() const { return m_pins; }
    QString layer() const { return m_layer; }
    void setLayer(const QString& layer);
    WeightMode mode() const;
    void setMode(WeightMode mode);

    QStringList exportFormats() const override;
    void exportTo(const QString& file) override;

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    enum Page { LayerPage, AllLayersPage, RidgePage, HeatPage };

    QWidget* makeTools();
    void addModeButtons(QHBoxLayout* row);
    QWidget* makeEmpty();
    void showEmpty();
    QWidget* makeTable();
    QWidget* makeViews();
    void makeShortcuts();
    void connectSource();
    void setRun(const QString& runId);
    void watch();
    void refresh();
    void updateTexts();
    void updateEpochs();
    void updateLayerPlot();
    void updateGrid();
    void updateHistory();
    void pinShown();
    const LayerSnapshot* shownLayer() const;
    std::optional<ValueRange> sharedRange() const;
    QString csv() const;
    QString historyCsv() const;

    RunSource* m_source;
    RefreshPace m_pace;
    Theme m_theme;
    QString m_runId;
    QString m_watched; ///< the run whose live snapshots are asked for
    QString m_layer;
    QString m_modelRun; ///< whose layers the table has
    LayerModel* m_model;
    SnapshotHistory* m_history;

    QStackedWidget* m_pages = nullptr;
    QLabel* m_emptyText = nullptr;
    QToolButton* m_emptyButton = nullptr;
    QWidget* m_tools = nullptr;
    QLabel* m_runText = nullptr;
    QButtonGroup* m_modes = nullptr;
    QComboBox* m_heights = nullptr;
    QToolButton* m_lock = nullptr;
    QToolButton* m_share = nullptr;
    QToolButton* m_pin = nullptr;
    QTableView* m_table = nullptr;
    QTabWidget* m_views = nullptr;
    PlotView* m_plot = nullptr;
    PlotView* m_ridges = nullptr;
    HeatMapView* m_heat = nullptr;
    LayerGrid* m_grid = nullptr;
    PinBar* m_pins = nullptr;
    QLabel* m_numbers = nullptr;
    QLabel* m_ownValues = nullptr;
    EpochScrubber* m_scrubber = nullptr;
};

} // namespace quantarium::widgets
