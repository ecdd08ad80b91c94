// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/curves/curves_panel.h"

#include <algorithm>

#include <QCheckBox>
#include <QComboBox>
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QScopedValueRollback>
#include <QSlider>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include "widgets/plot/figure_file.h"
#include "widgets/plot/tool_buttons.h"

namespace quantarium::widgets {

CurvesPanel::CurvesPanel(RunSource* source, QWidget* parent)
    : QWidget(parent), m_source(source), m_pace(this, [this] { refresh(); }), m_theme(Theme::current()) {
    setObjectName(QStringLiteral("curvesPanel"));
    setAccessibleName(tr("Curves"));
    m_canvas = new QWidget;
    m_grid = new QGridLayout(m_canvas);
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setSpacing(6);
    m_pages = new QStackedWidget;
    m_pages->addWidget(makeEmpty());
    m_pages->addWidget(m_canvas);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(6, 6, 6, 6);
    m_tools = makeTools();
    m_tools->setStyleSheet(toolRowStyle(m_theme));
    layout->addWidget(m_tools);
    layout->addWidget(m_pages, 1);

    connect(source, &RunSource::checkedRunsChanged, this, [this] { m_pace.request(); });
    connect(source, &RunSource::currentRunChanged, this, [this] { m_pace.request(); });
    connect(source, &RunSource::runsChanged, this, [this] { m_pace.requestLive(); });
    connect(source, &RunSource::seriesChanged, this, [this](const QString& id) {
        if (m_source->checkedRuns().contains(id)) m_pace.requestLive();
    });
    refresh();
}

QWidget* CurvesPanel::makeTools() {
    auto* tools = new QWidget;
    auto* row = new QHBoxLayout(tools);
    row->setContentsMargins(0, 0, 0, 0);

    m_axisBox = new QComboBox;
    m_axisBox->setObjectName(QStringLiteral("axisBox"));
    m_axisBox->setAccessibleName(tr("Horizontal axis"));
    m_axisBox->addItems({tr("Epoch"), tr("Step"), tr("Time")});
    connect(m_axisBox, &QComboBox::currentIndexChanged, this, [this] {
        for (PlotView* view : std::as_const(m_plots))
            view->resetView();
        refresh();
    });
    auto* axisLabel = new QLabel(tr("&Against"));
    axisLabel->setBuddy(m_axisBox);

    m_smoothing = new QSlider(Qt::Horizontal);
    m_smoothing->setObjectName(QStringLiteral("smoothing"));
    m_smoothing->setAccessibleName(tr("Smoothing of the step loss"));
    m_smoothing->setRange(0, 99);
    m_smoothing->setValue(90);
    m_smoothing->setFixedWidth(110);
    m_smoothingText = new QLabel;
    m_smoothingText->setMinimumWidth(fontMetrics().horizontalAdvance(QStringLiteral("0.00 ")));
    connect(m_smoothing, &QSlider::valueChanged, this, [this] { m_pace.request(); });
    auto* smoothingLabel = new QLabel(tr("S&moothing"));
    smoothingLabel->setBuddy(m_smoothing);

    m_means = new QCheckBox(tr("Mean ± std over seeds"));
    m_means->setObjectName(QStringLiteral("means"));
    m_means->setToolTip(tr("One curve with a band for the checked runs that differ only in their seed"));
    connect(m_means, &QCheckBox::toggled, this, &CurvesPanel::refresh);

    m_quantities =
        makeToolButton(tr("Show"), QStringLiteral("quantities"), tr("Which quantities are plotted"), false);
    m_quantities->setPopupMode(QToolButton::InstantPopup);
    m_menu = new QMenu(m_quantities);
    m_quantities->setMenu(m_menu);

    m_log =
        makeToolButton(tr("Log loss"), QStringLiteral("logLoss"), tr("Logarithmic axis for the loss"), true);
    m_lock = makeToolButton(tr("Lock ranges"), QStringLiteral("lock"),
                            tr("Keep the axes where they are while new data arrives"), true);
    m_box = makeToolButton(tr("Box zoom"), QStringLiteral("boxZoom"),
                           tr("Drag a box to zoom into it (also Shift + drag)"), true);
    m_reset = makeToolButton(tr("Reset view"), QStringLiteral("reset"),
                             tr("Show everything again (double click or Home)"), false);
    connect(m_log, &QToolButton::toggled, this, &CurvesPanel::refresh);
    connect(m_lock, &QToolButton::toggled, this, [this](bool on) {
        for (PlotView* view : std::as_const(m_plots))
            view->setRangeLocked(on);
    });
    connect(m_box, &QToolButton::toggled, this, [this](bool on) {
        for (PlotView* view : std::as_const(m_plots))
            view->setBoxZoom(on);
    });
    connect(m_reset, &QToolButton::clicked, this, [this] {
        for (PlotView* view : std::as_const(m_plots))
            view->resetView();
    });

    row->addWidget(m_quantities);
    row->addWidget(axisLabel);
    row->addWidget(m_axisBox);
    row->addSpacing(8);
    row->addWidget(smoothingLabel);
    row->addWidget(m_smoothing);
    row->addWidget(m_smoothingText);
    row->addWidget(m_means);
    row->addStretch(1);
    for (QToolButton* button : {m_log, m_box, m_lock, m_reset})
        row->addWidget(button);
    return tools;
}

QWidget* CurvesPanel::makeEmpty() {
    auto* page = new QWidget;
    auto* layout = new QVBoxLayout(page);
    m_emptyText = new QLabel;
    m_emptyText->setObjectName(QStringLiteral("emptyText"));
    m_emptyText->setAlignment(Qt::AlignCenter);
    m_emptyText->setWordWrap(true);
    m_emptyButton = new QToolButton;
    m_emptyButton->setObjectName(QStringLiteral("emptyButton"));
    m_emptyButton->setFocusPolicy(Qt::StrongFocus);
    connect(m_emptyButton, &QToolButton::clicked, this,
            [this] { m_source->setChecked(m_source->currentRun(), true); });
    layout->addStretch(1);
    layout->addWidget(m_emptyText);
    layout->addWidget(m_emptyButton, 0, Qt::AlignHCenter);
    layout->addStretch(1);
    return page;
}

void CurvesPanel::setTheme(const Theme& theme) {
    m_theme = theme;
    m_tools->setStyleSheet(toolRowStyle(theme));
    for (PlotView* view : std::as_const(m_plots))
        view->setTheme(theme);
    refresh();
}

CurveAxis CurvesPanel::axis() const {
    return static_cast<CurveAxis>(m_axisBox->currentIndex());
}

PlotView* CurvesPanel::plot(const QString& quantity) const {
    return m_plots.value(quantity);
}

void CurvesPanel::setQuantityShown(const QString& quantity, bool shown) {
    if (shown == m_shown.contains(quantity)) return;
    if (shown) {
        m_shown.append(quantity);
    } else {
        m_shown.removeAll(quantity);
    }
    refresh();
}

void CurvesPanel::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    m_pace.shown();
}

double CurvesPanel::stepsPerEpoch(const RunRow& row) {
    const auto known = m_stepsPerEpoch.constFind(row.id);
    if (known != m_stepsPerEpoch.constEnd()) return *known;
    const auto exact = recordedStepsPerEpoch(*m_source, row.id);
    if (exact) m_stepsPerEpoch.insert(row.id, *exact);
    return exact.value_or(estimatedStepsPerEpoch(row, m_source->stepLosses(row.id)));
}

void CurvesPanel::alignPlots() {
    std::optional<ValueRange> all;
    for (const PlotView* view : std::as_const(m_plots)) {
        if (!view->isEmpty()) all = all ? united(*all, view->dataXRange()) : view->dataXRange();
    }
    if (all && axis() == CurveAxis::Epoch && all->high < 1) all = ValueRange{0, 1}; // ticks stand at epochs
    for (PlotView* view : std::as_const(m_plots)) {
        PlotAxis x = view->plotXAxis();
        x.home = all;
        view->setXAxis(x);
    }
}

QVector<RunRow> CurvesPanel::checkedRows() const {
    QVector<RunRow> rows;
    for (const QString& id : m_source->checkedRuns()) {
        if (auto row = m_source->run(id)) rows.append(*row);
    }
    return rows;
}

void CurvesPanel::refresh() {
    m_pace.refreshed();
    m_smoothingText->setText(QString::number(m_smoothing->value() / 100.0, 'f', 2));
    const QVector<RunRow> runs = checkedRows();
    QStringList quantities{QStringLiteral("loss"), QStringLiteral("top1")};
    m_axes.clear();
    for (const RunRow& row : runs) {
        m_axes.insert(row.id, RunAxis(axis(), stepsPerEpoch(row), m_source->epochSeconds(row.id)));
        for (const QString& name : m_source->seriesNames(row.id)) {
            const QString quantity = parseSeriesName(name).quantity;
            if (!quantities.contains(quantity)) quantities.append(quantity);
        }
    }
    updateMenu(quantities);
    arrangePlots();
    m_explained.clear();
    for (const QString& quantity : std::as_const(m_shown))
        updatePlot(quantity, runs);
    alignPlots();

    const auto current = m_source->run(m_source->currentRun());
    m_pages->setCurrentIndex(runs.isEmpty() ? 0 : 1);
    m_emptyText->setText(
        tr("No run is ticked.\nTick one or several in the Runs table to compare their curves here."));
    m_emptyButton->setVisible(current.has_value());
    if (current) m_emptyButton->setText(tr("Show “%1”").arg(current->name));
}

void CurvesPanel::updateMenu(const QStringList& quantities) {
    QStringList known;
    for (const QAction* action : m_menu->actions())
        known.append(action->data().toString());
    if (known == quantities) return;
    m_menu->clear();
    for (const QString& quantity : quantities) {
        QAction* action = m_menu->addAction(quantityTitle(quantity));
        action->setData(quantity);
        action->setCheckable(true);
        action->setChecked(m_shown.contains(quantity));
        connect(action, &QAction::toggled, this,
                [this, quantity](bool on) { setQuantityShown(quantity, on); });
    }
}

PlotView* CurvesPanel::makePlot(const QString& quantity) {
    auto* view = new PlotView(m_canvas);
    view->setObjectName(QStringLiteral("plot_") + quantity);
    view->setAccessibleName(tr("Curves of %1").arg(quantityTitle(quantity)));
    view->setTheme(m_theme);
    view->setRangeLocked(m_lock->isChecked());
    view->setBoxZoom(m_box->isChecked());
    view->setEmptyText(tr("No %1 has been measured yet").arg(quantityTitle(quantity)));
    connect(view, &PlotView::cursorMoved, this, [this, view](std::optional<double> x) {
        if (m_linking) return;
        const QScopedValueRollback guard(m_linking, true);
        for (PlotView* other : std::as_const(m_plots)) {
            if (other != view) other->setCursor(x);
        }
    });
    connect(view, &PlotView::viewChanged, this, [this, view] {
        if (m_linking || !view->isZoomed()) return;
        const QScopedValueRollback guard(m_linking, true);
        for (PlotView* other : std::as_const(m_plots)) {
            if (other != view) other->showXRange(view->xRange());
        }
    });
    return view;
}

void CurvesPanel::arrangePlots() {
    bool changed = false;
    for (const QString& quantity : m_plots.keys()) {
        if (m_shown.contains(quantity)) continue;
        delete m_plots.take(quantity);
        changed = true;
    }
    for (const QString& quantity : std::as_const(m_shown)) {
        if (m_plots.contains(quantity)) continue;
        m_plots.insert(quantity, makePlot(quantity));
        changed = true;
    }
    if (!changed) return;
    const int columns = m_shown.size() > 3 ? 2 : 1;
    for (int i = 0; i < m_shown.size(); ++i)
        m_grid->addWidget(m_plots.value(m_shown[i]), i / columns, i % columns);
}

QStringList CurvesPanel::exportFormats() const {
    if (m_pages->currentIndex() == 0) return {};
    return {QStringLiteral("csv"), QStringLiteral("png"), QStringLiteral("svg"), QStringLiteral("pdf")};
}

void CurvesPanel::exportTo(const QString& file) {
    if (QFileInfo(file).suffix().toLower() != QLatin1String("csv")) {
        writeFigure(pageOf(*m_canvas, tr("Curves"), m_theme.base), file);
        return;
    }
    QString text = csvLine(
        {QStringLiteral("quantity"), QStringLiteral("series"), axisTitle(axis()), QStringLiteral("value")});
    for (const QString& quantity : std::as_const(m_shown))
        text += m_plots.value(quantity)->csvLines({quantityTitle(quantity)});
    writeText(text, file);
}

} // namespace quantarium::widgets
