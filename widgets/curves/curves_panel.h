// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QSet>
#include <QStringList>
#include <QWidget>

#include "widgets/curves/curve_math.h"
#include "widgets/plot/exportable.h"
#include "widgets/plot/plot_view.h"
#include "widgets/plot/refresh_pace.h"

class QCheckBox;
class QComboBox;
class QGridLayout;
class QLabel;
class QMenu;
class QSlider;
class QStackedWidget;
class QToolButton;

namespace quantarium::widgets {

/// Loss, accuracy and every other recorded number of the checked runs against epoch, step or time, one plot
/// for each quantity. Training dashed, validation solid; runs in their colours; mean ± std over the runs of a
/// group on request.
class CurvesPanel : public QWidget, public Exportable {
    Q_OBJECT
public:
    explicit CurvesPanel(RunSource* source, QWidget* parent = nullptr);

    void setTheme(const Theme& theme);

    /// The plot of a quantity ("loss", "top1"), null while it isn't shown.
    PlotView* plot(const QString& quantity) const;
    QStringList shownQuantities() const { return m_shown; }
    void setQuantityShown(const QString& quantity, bool shown);

    QStringList exportFormats() const override;
    void exportTo(const QString& file) override;

protected:
    void showEvent(QShowEvent* event) override;

private:
    struct StepCurve {
        qsizetype size = -1;
        int smoothing = -1;
        CurveAxis axis = CurveAxis::Epoch;
        double lastX = 0;
        LinePoints raw;
        QVector<double> smooth;
    };

    QWidget* makeTools();
    QWidget* makeEmpty();
    void refresh();
    void updateMenu(const QStringList& quantities);
    void arrangePlots();
    PlotView* makePlot(const QString& quantity);
    void updatePlot(const QString& quantity, const QVector<RunRow>& runs);
    void addRun(const QString& quantity, const RunRow& row, bool faint, QVector<PlotSeries>& series);
    void addStepLoss(const RunRow& row, bool faint, QVector<PlotSeries>& series);
    void addMeans(const QString& quantity, const QVector<RunRow>& runs, QVector<PlotSeries>& series,
                  QVector<PlotBand>& bands);
    void addKey(QVector<PlotSeries>& series) const;
    /// What a plot above explains is not explained again, and no legend is endless.
    void shortenLegend(QVector<PlotSeries>& series);
    const StepCurve& stepCurve(const QString& runId);
    double stepsPerEpoch(const RunRow& row);
    void alignPlots();
    QVector<RunRow> checkedRows() const;
    QSet<QString> averagedGroups(const QVector<RunRow>& runs) const;
    CurveAxis axis() const;

    RunSource* m_source;
    RefreshPace m_pace;
    Theme m_theme;
    QStringList m_shown{QStringLiteral("loss"), QStringLiteral("top1")};
    QHash<QString, PlotView*> m_plots;
    QHash<QString, StepCurve> m_steps;
    QHash<QString, RunAxis> m_axes;         ///< of this update
    QSet<QString> m_explained;              ///< what the legends of this update have so far
    QHash<QString, double> m_stepsPerEpoch; ///< known for certain
    bool m_linking = false;

    QStackedWidget* m_pages = nullptr;
    QWidget* m_tools = nullptr;
    QWidget* m_canvas = nullptr;
    QGridLayout* m_grid = nullptr;
    QComboBox* m_axisBox = nullptr;
    QSlider* m_smoothing = nullptr;
    QLabel* m_smoothingText = nullptr;
    QCheckBox* m_means = nullptr;
    QToolButton* m_quantities = nullptr;
    QMenu* m_menu = nullptr;
    QToolButton* m_lock = nullptr;
    QToolButton* m_box = nullptr;
    QToolButton* m_log = nullptr;
    QToolButton* m_reset = nullptr;
    QLabel* m_emptyText = nullptr;
    QToolButton* m_emptyButton = nullptr;
};

} // namespace quantarium::widgets
