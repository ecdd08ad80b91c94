// SPDX-License-Identifier: GPL-3.0-or-later
// WeightsPanel: its parts and how they are joined.
#include "widgets/weights/weights_panel.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QShortcut>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include "widgets/plot/tool_buttons.h"
#include "widgets/weights/epoch_scrubber.h"
#include "widgets/weights/layer_grid.h"
#include "widgets/weights/layer_model.h"
#include "widgets/weights/pin_bar.h"
#include "widgets/weights/snapshot_history.h"

namespace quantarium::widgets {
namespace {

constexpr int kTableWidth = 570; // all columns readable

/// Text that breaks into lines and can be selected and copied.
QLabel* readableLabel(const QString& name) {
    auto* label = new QLabel;
    label->setObjectName(name);
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    return label;
}

} // namespace

WeightsPanel::WeightsPanel(RunSource* source, QWidget* parent)
    : QWidget(parent), m_source(source), m_pace(this, [this] { refresh(); }), m_theme(Theme::current()),
      m_model(new LayerModel(this)), m_history(new SnapshotHistory(source, this)) {
    setObjectName(QStringLiteral("weightsPanel"));
    setAccessibleName(tr("Weights"));

    m_scrubber = new EpochScrubber;
    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 0, 0);
    auto* splitter = new QSplitter(Qt::Horizontal);
    splitter->addWidget(makeTable());
    splitter->addWidget(makeViews());
    splitter->setStretchFactor(0, 2);
    splitter->setStretchFactor(1, 5);
    splitter->setChildrenCollapsible(false);
    splitter->setSizes({kTableWidth, kTableWidth * 3 / 2});
    m_tools = makeTools();
    for (QWidget* row : {m_tools, static_cast<QWidget*>(m_scrubber)})
        row->setStyleSheet(toolRowStyle(m_theme));
    column->addWidget(m_tools);
    column->addWidget(splitter, 1);
    column->addWidget(m_scrubber);

    m_pages = new QStackedWidget;
    m_pages->addWidget(makeEmpty());
    m_pages->addWidget(content);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(6, 6, 6, 6);
    layout->addWidget(m_pages);

    makeShortcuts();
    connectSource();
    m_runId = source->currentRun();
    m_history->setRun(m_runId);
    refresh();
}

QWidget* WeightsPanel::makeEmpty() {
    auto* page = new QWidget;
    auto* column = new QVBoxLayout(page);
    m_emptyText = new QLabel;
    m_emptyText->setObjectName(QStringLiteral("emptyText"));
    m_emptyText->setAlignment(Qt::AlignCenter);
    m_emptyText->setWordWrap(true);
    m_emptyButton =
        makeToolButton(QString(), QStringLiteral("emptyButton"), tr("Select the newest run"), false);
    connect(m_emptyButton, &QToolButton::clicked, this, [this] {
        const auto runs = m_source->runs();
        if (!runs.isEmpty()) m_source->setCurrentRun(runs.first().id);
    });
    column->addStretch(1);
    column->addWidget(m_emptyText);
    column->addWidget(m_emptyButton, 0, Qt::AlignHCenter);
    column->addStretch(1);
    return page;
}

void WeightsPanel::addModeButtons(QHBoxLayout* row) {
    m_modes = new QButtonGroup(this);
    const auto add = [&](WeightMode mode, const QString& text, const QString& name, const QString& hint) {
        QToolButton* button = makeToolButton(text, name, hint, true);
        m_modes->addButton(button, int(mode));
        row->addWidget(button);
    };
    add(WeightMode::Latent, tr("Latent"), QStringLiteral("modeLatent"),
        tr("The float weights behind the quantized ones; of a search, the expected level"));
    add(WeightMode::Quantized, tr("Quantized"), QStringLiteral("modeQuantized"),
        tr("The quantized weights: exact counts at their levels"));
    add(WeightMode::Both, tr("Both"), QStringLiteral("modeBoth"),
        tr("Latent weights behind, exact counts of the quantized ones as stems"));
    m_modes->button(int(WeightMode::Both))->setChecked(true);
    connect(m_modes, &QButtonGroup::idToggled, this, [this](int, bool on) {
        if (!on) return;
        for (PlotView* view : {m_plot, m_ridges, static_cast<PlotView*>(m_heat)})
            view->resetView();
        refresh();
    });
}

QWidget* WeightsPanel::makeTools() {
    auto* tools = new QWidget;
    auto* row = new QHBoxLayout(tools);
    row->setContentsMargins(0, 0, 0, 0);
    m_runText = new QLabel;
    QFont bold = font();
    bold.setBold(true);
    m_runText->setFont(bold);
    m_runText->setTextInteractionFlags(Qt::TextSelectableByMouse);
    row->addWidget(m_runText);
    row->addStretch(1);
    addModeButtons(row);
    row->addSpacing(8);
    m_heights = new QComboBox;
    m_heights->setObjectName(QStringLiteral("heights"));
    m_heights->setAccessibleName(tr("Heights"));
    m_heights->addItems({tr("Counts"), tr("Share (%)")});
    connect(m_heights, &QComboBox::currentIndexChanged, this, &WeightsPanel::refresh);
    m_share = makeToolButton(tr("Same range"), QStringLiteral("shareRange"),
                             tr("One range of weight values for all layers"), true);
    m_lock = makeToolButton(tr("Lock ranges"), QStringLiteral("lock"),
                            tr("Keep the axes where they are while new data arrives"), true);
    QToolButton* reset = makeToolButton(tr("Reset view"), QStringLiteral("reset"),
                                        tr("Back to the robust range (double click or Home)"), false);
    m_pin =
        makeToolButton(tr("Pin"), QStringLiteral("pin"),
                       tr("Keep this run × layer × epoch in the plot, to compare others with it (P)"), false);
    connect(m_share, &QToolButton::toggled, this, &WeightsPanel::refresh);
    connect(m_lock, &QToolButton::toggled, this, [this](bool on) {
        for (PlotView* view : {m_plot, m_ridges, static_cast<PlotView*>(m_heat)})
            view->setRangeLocked(on);
    });
    connect(reset, &QToolButton::clicked, this, [this] {
        for (PlotView* view : {m_plot, m_ridges, static_cast<PlotView*>(m_heat)})
            view->resetView();
    });
    connect(m_pin, &QToolButton::clicked, this, &WeightsPanel::pinShown);
    row->addWidget(m_heights);
    for (QToolButton* button : {m_share, m_lock, reset, m_pin})
        row->addWidget(button);
    return tools;
}

QWidget* WeightsPanel::makeTable() {
    m_table = new QTableView;
    m_table->setObjectName(QStringLiteral("layerTable"));
    m_table->setAccessibleName(tr("Layers"));
    m_table->setModel(m_model);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setTabKeyNavigation(false);
    m_table->setShowGrid(false);
    m_table->setAlternatingRowColors(true);
    m_table->setWordWrap(false);
    m_table->setTextElideMode(Qt::ElideMiddle);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->horizontalHeader()->setMinimumSectionSize(fontMetrics().averageCharWidth() * 5);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& current) {
                const LayerSnapshot* layer = m_model->layerAt(current.row());
                if (layer) setLayer(QString::fromStdString(layer->layer));
            });
    return m_table;
}

QWidget* WeightsPanel::makeViews() {
    m_plot = new PlotView;
    m_plot->setObjectName(QStringLiteral("layerPlot"));
    m_plot->setAccessibleName(tr("Histogram of the layer's weights"));
    m_grid = new LayerGrid(m_model);
    m_ridges = new PlotView;
    m_ridges->setObjectName(QStringLiteral("ridgePlot"));
    m_ridges->setAccessibleName(tr("The layer's weights over the epochs, as ridges"));
    m_heat = new HeatMapView;
    m_heat->setObjectName(QStringLiteral("heatMap"));
    m_heat->setAccessibleName(tr("The layer's weights over the epochs, as a heat map"));
    for (PlotView* view : {m_ridges, static_cast<PlotView*>(m_heat)}) {
        view->setEmptyText(
            tr("No epoch has been recorded yet.\nThe first one appears when the first epoch ends."));
    }
    m_views = new QTabWidget;
    m_views->setObjectName(QStringLiteral("views"));
    m_views->setDocumentMode(true);
    const auto addPage =
        [this](QWidget* view, const QString& title) { // a page of its own, for export to find the view in it
            auto* page = new QWidget;
            auto* layout = new QVBoxLayout(page);
            layout->setContentsMargins(0, 0, 0, 0);
            layout->addWidget(view);
            m_views->addTab(page, title);
        };
    addPage(m_plot, tr("La&yer"));
    addPage(m_grid, tr("&All layers"));
    addPage(m_ridges, tr("&Ridgeline"));
    addPage(m_heat, tr("&Heat map"));
    connect(m_views, &QTabWidget::currentChanged, this, &WeightsPanel::refresh);

    m_pins = new PinBar;
    connect(m_pins, &PinBar::changed, this, &WeightsPanel::refresh);
    m_numbers = readableLabel(QStringLiteral("numbers"));
    m_ownValues = readableLabel(QStringLiteral("ownValues"));
    m_ownValues->setTextFormat(Qt::RichText);
    m_ownValues->setAccessibleName(tr("Method's own values"));
    m_ownValues->setToolTip(tr("What the quantization methods of this layer's weights and of its inputs tell "
                               "of themselves, at this epoch"));
    auto* right = new QWidget;
    auto* column = new QVBoxLayout(right);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_views, 1);
    column->addWidget(m_pins);
    column->addWidget(m_numbers);
    column->addWidget(m_ownValues);
    return right;
}

void WeightsPanel::makeShortcuts() {
    const auto add = [this](const QKeySequence& keys, auto action) {
        auto* shortcut = new QShortcut(keys, this);
        shortcut->setContext(Qt::WidgetWithChildrenShortcut);
        connect(shortcut, &QShortcut::activated, this, action);
    };
    add(Qt::Key_L, [this] { m_scrubber->goLive(); });
    add(Qt::Key_End, [this] { m_scrubber->goLive(); });
    add(Qt::Key_BracketLeft, [this] { m_scrubber->stepBack(); });
    add(Qt::Key_BracketRight, [this] { m_scrubber->stepForward(); });
    add(Qt::Key_P, [this] { pinShown(); });
}

void WeightsPanel::connectSource() {
    connect(m_source, &RunSource::currentRunChanged, this, &WeightsPanel::setRun);
    connect(m_source, &RunSource::runsChanged, this, [this] {
        if (m_pages->currentIndex() == 0) m_pace.requestLive();
    });
    connect(m_source, &RunSource::snapshotChanged, this, [this](const QString& id) {
        if (id == m_runId) m_pace.requestLive();
    });
    connect(m_scrubber, &EpochScrubber::epochChanged, this, [this] {
        watch();
        m_pace.request();
    });
    connect(m_history, &SnapshotHistory::changed, this, [this] {
        if (m_views->currentIndex() >= RidgePage) m_pace.requestLive();
    });
    connect(m_grid, &QAbstractItemView::activated, this, [this] { m_views->setCurrentIndex(LayerPage); });
    connect(m_grid->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& current) {
                const LayerSnapshot* layer = m_model->layerAt(current.row());
                if (layer && m_views->currentIndex() == AllLayersPage)
                    setLayer(QString::fromStdString(layer->layer));
            });
}

WeightMode WeightsPanel::mode() const {
    return static_cast<WeightMode>(m_modes->checkedId());
}

void WeightsPanel::setMode(WeightMode mode) {
    m_modes->button(int(mode))->setChecked(true);
}

} // namespace quantarium::widgets
