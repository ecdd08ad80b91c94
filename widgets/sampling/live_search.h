// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <vector>

#include <QWidget>

#include "widgets/bridge/run_source.h"
#include "widgets/plot/plot_view.h"
#include "widgets/plot/refresh_pace.h"

class QLabel;
class QListWidget;
class QStackedWidget;
class QTableView;
class QToolButton;

namespace quantarium::widgets {

class SearchModel;
class SnapshotHistory;

/// The search of the selected run as it goes on: temperature, path entropy, largest path probability and flip
/// rate by layer, now and over the epochs, and a few real weights whose logits can be taken into the
/// laboratory.
class LiveSearch : public QWidget {
    Q_OBJECT
public:
    explicit LiveSearch(RunSource* source, QWidget* parent = nullptr);
    ~LiveSearch() override;

    void setTheme(const Theme& theme);
    bool isEmpty() const;
    PlotView* entropyPlot() const { return m_entropy; }
    PlotView* flipPlot() const { return m_flips; }
    /// The table's and the curves' numbers, with a header.
    QString csv() const;

signals:
    /// The person chose a weight: its logits, the values they stand for, and which weight it is.
    void weightChosen(const std::vector<double>& logits, const std::vector<double>& values,
                      const SearchState& state, const QString& name);

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    QWidget* makeEmpty();
    QWidget* makeTable();
    QWidget* makeCurves();
    /// Another run than the shown one, with a search method.
    std::optional<RunRow> newestSearch() const;
    void setRun(const QString& runId);
    void watch();
    void refresh();
    void updateExamples();
    void updateCurves();
    void chooseExample(int row);
    PlotSeries layerLine(const QString& layer, const QColor& colour) const;
    /// What the thin lines are, for the legend.
    PlotSeries othersKey(const QColor& colour) const;
    QVector<PlotSeries> layerLines(double (*value)(const SearchState&), const QColor& colour) const;
    void updateTitle();

    RunSource* m_source;
    RefreshPace m_pace;
    Theme m_theme;
    QString m_runId;
    QString m_watched;
    QString m_layer;
    QString m_modelRun; ///< whose layers the table has
    SearchModel* m_model;
    SnapshotHistory* m_history;
    QStackedWidget* m_pages = nullptr;
    QLabel* m_title = nullptr; ///< which run this is
    QLabel* m_emptyText = nullptr;
    QToolButton* m_emptyButton = nullptr;
    QTableView* m_table = nullptr;
    QLabel* m_examplesTitle = nullptr;
    QListWidget* m_examples = nullptr;
    PlotView* m_entropy = nullptr;
    PlotView* m_largest = nullptr;
    PlotView* m_flips = nullptr;
    PlotView* m_temperature = nullptr;
};

} // namespace quantarium::widgets
