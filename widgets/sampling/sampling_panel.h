// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QWidget>

#include "widgets/bridge/run_source.h"
#include "widgets/plot/exportable.h"
#include "widgets/plot/plot_view.h"
#include "widgets/sampling/gumbel_experiment.h"

class QDoubleSpinBox;
class QLabel;
class QSlider;
class QSpinBox;
class QStackedWidget;
class QTableWidget;
class QTabWidget;

namespace quantarium::widgets {

class AlphaBars;
class GumbelRunner;
class LiveSearch;
class SampleGrid;
class SimplexView;

/// The Gumbel laboratory: α, μ and τ to play with; Gumbel-Softmax beside Gumbel-Max, measured against the
/// closed forms; the grid of paper B's Figure 2; the 3-simplex; and the search of a running RDHS or SGT run,
/// whose weights can be loaded.
class SamplingPanel : public QWidget, public Exportable {
    Q_OBJECT
public:
    explicit SamplingPanel(RunSource* source, QWidget* parent = nullptr);

    void setTheme(const Theme& theme);

    AlphaBars* bars() const { return m_bars; }
    PlotView* softPlot() const { return m_soft; }
    PlotView* maxPlot() const { return m_max; }
    PlotView* ratioPlot() const { return m_ratio; }
    LiveSearch* search() const { return m_search; }
    /// The newest result shown; null before the first.
    const std::shared_ptr<const GumbelResult>& result() const { return m_result; }
    GumbelRequest request() const;

    QStringList exportFormats() const override;
    void exportTo(const QString& file) override;

signals:
    /// A result is on the screen.
    void resultShown();

protected:
    void showEvent(QShowEvent* event) override;

private:
    enum Page { SamplesPage, GridPage, SimplexPage, SearchPage };

    QWidget* makeControls();
    QWidget* makeSamplesPage();
    QWidget* makeGridPage();
    QWidget* makeSimplexPage();
    QDoubleSpinBox* makeParameter(const QString& name, const QString& title, double low, double value,
                                  QSlider*& slider);
    void setCategories(int count);
    void loadWeight(const std::vector<double>& logits, const std::vector<double>& values,
                    const SearchState& state, const QString& name);
    void ask();
    void showResult(std::shared_ptr<const GumbelResult> result);
    void showPlots();
    void showRatio();
    void showTable();
    void fitTableWidth(); ///< as wide as its columns, which have no need to scroll
    QStringList tableFields(int row) const;
    QString resultCsv() const;

    Theme m_theme;
    GumbelRunner* m_runner;
    std::shared_ptr<const GumbelResult> m_result;
    bool m_stale = true; ///< what is shown isn't what the controls say
    AlphaBars* m_bars = nullptr;
    QLabel* m_loaded = nullptr;
    QSpinBox* m_categories = nullptr;
    QDoubleSpinBox* m_mu = nullptr;
    QDoubleSpinBox* m_tau = nullptr;
    QSlider* m_muSlider = nullptr;
    QSlider* m_tauSlider = nullptr;
    QSpinBox* m_samples = nullptr;
    QSpinBox* m_seed = nullptr;
    QTabWidget* m_tabs = nullptr;
    PlotView* m_soft = nullptr;
    PlotView* m_max = nullptr;
    PlotView* m_ratio = nullptr;
    QTableWidget* m_table = nullptr;
    QLabel* m_fit = nullptr;
    SampleGrid* m_softGrid = nullptr;
    SampleGrid* m_maxGrid = nullptr;
    QStackedWidget* m_simplexPages = nullptr;
    SimplexView* m_simplex = nullptr;
    LiveSearch* m_search = nullptr;
};

} // namespace quantarium::widgets
