// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/sampling/live_search.h"

#include <algorithm>
#include <cmath>

#include <QGridLayout>
#include <QHash>
#include <QHeaderView>
#include <QLabel>
#include <QListWidget>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include "widgets/plot/number_text.h"
#include "widgets/plot/tool_buttons.h"
#include "widgets/sampling/search_model.h"
#include "widgets/weights/snapshot_history.h"

namespace quantarium::widgets {
namespace {

constexpr int kMostEpochs = 200;
constexpr int kTableWidth = 470; // all columns readable
constexpr float kFaint = 0.35F;  // the lines of the layers that are not chosen

double entropyOf(const SearchState& state) {
    return state.meanPathEntropy;
}
double largestOf(const SearchState& state) {
    return 100 * state.meanLargestProbability;
}
double flipsOf(const SearchState& state) {
    return 100 * state.flipRate;
}
double temperatureOf(const SearchState& state) {
    return state.temperature.value_or(std::nan(""));
}

/// "weight 1,024: −0.5 leads, logits −1.2, 0.3"
QString exampleText(const WeightLogits& example, const SearchState& state) {
    QStringList logits;
    for (const double logit : example.logits)
        logits.append(numberText(logit, 2));
    const auto best = std::max_element(example.logits.begin(), example.logits.end()) - example.logits.begin();
    const QString value =
        std::size_t(best) < state.values.size() ? numberText(state.values[std::size_t(best)], 3) : QString();
    return LiveSearch::tr("weight %1: chooses %2, logits %3")
        .arg(countText(example.index), value, logits.join(QStringLiteral(", ")));
}

} // namespace

LiveSearch::LiveSearch(RunSource* source, QWidget* parent)
    : QWidget(parent), m_source(source), m_pace(this, [this] { refresh(); }), m_theme(Theme::current()),
      m_model(new SearchModel(this)), m_history(new SnapshotHistory(source, this)) {
    auto* splitter = new QSplitter(Qt::Horizontal);
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(makeTable());
    splitter->addWidget(makeCurves());
    splitter->setSizes({kTableWidth, kTableWidth * 5 / 4});
    m_title = new QLabel;
    m_title->setObjectName(QStringLiteral("searchTitle"));
    m_title->setTextFormat(Qt::RichText);
    m_title->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(0, 4, 0, 0);
    column->addWidget(m_title);
    column->addWidget(splitter, 1);
    m_pages = new QStackedWidget;
    m_pages->addWidget(makeEmpty());
    m_pages->addWidget(content);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_pages);

    connect(source, &RunSource::currentRunChanged, this, &LiveSearch::setRun);
    connect(source, &RunSource::runsChanged, this, [this] {
        if (!isEmpty()) updateTitle(); // its name, its state
    });
    connect(source, &RunSource::snapshotChanged, this, [this](const QString& id) {
        if (id == m_runId) m_pace.requestLive();
    });
    connect(m_history, &SnapshotHistory::changed, this, [this] { m_pace.requestLive(); });
    m_runId = source->currentRun();
    m_history->setRun(m_runId);
    refresh();
}

LiveSearch::~LiveSearch() {
    if (!m_watched.isEmpty()) m_source->watchWeights(m_watched, false);
}

QWidget* LiveSearch::makeEmpty() {
    auto* page = new QWidget;
    auto* column = new QVBoxLayout(page);
    m_emptyText = new QLabel;
    m_emptyText->setObjectName(QStringLiteral("searchEmptyText"));
    m_emptyText->setAlignment(Qt::AlignCenter);
    m_emptyText->setWordWrap(true);
    m_emptyButton = makeToolButton(QString(), QStringLiteral("searchEmptyButton"),
                                   tr("Select the newest run that searches"), false);
    connect(m_emptyButton, &QToolButton::clicked, this, [this] {
        const auto run = newestSearch();
        if (run) m_source->setCurrentRun(run->id);
    });
    column->addStretch(1);
    column->addWidget(m_emptyText);
    column->addWidget(m_emptyButton, 0, Qt::AlignHCenter);
    column->addStretch(1);
    return page;
}

std::optional<RunRow> LiveSearch::newestSearch() const {
    for (const RunRow& run : m_source->runs()) {
        const std::string& method = run.config.weights.method;
        if ((method == "rdhs" || method == "sgt") && run.id != m_runId) return run;
    }
    return std::nullopt;
}

QWidget* LiveSearch::makeTable() {
    m_table = new QTableView;
    m_table->setObjectName(QStringLiteral("searchTable"));
    m_table->setAccessibleName(tr("Search by layer"));
    m_table->setModel(m_model);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setTabKeyNavigation(false);
    m_table->setShowGrid(false);
    m_table->setAlternatingRowColors(true);
    m_table->setTextElideMode(Qt::ElideMiddle);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_table->horizontalHeader()->setMinimumSectionSize(fontMetrics().averageCharWidth() * 4);
    m_table->horizontalHeader()->setStretchLastSection(true);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& current) {
                const LayerSnapshot* layer = m_model->layerAt(current.row());
                if (!layer) return;
                m_layer = QString::fromStdString(layer->layer);
                updateExamples();
                updateCurves();
            });
    m_examplesTitle = new QLabel;
    m_examplesTitle->setWordWrap(true);
    m_examples = new QListWidget;
    m_examples->setObjectName(QStringLiteral("examples"));
    m_examples->setAccessibleName(tr("Example weights"));
    m_examples->setTextElideMode(Qt::ElideRight);
    connect(m_examples, &QListWidget::itemClicked, this,
            [this](QListWidgetItem* item) { chooseExample(m_examples->row(item)); });
    connect(m_examples, &QListWidget::itemActivated, this,
            [this](QListWidgetItem* item) { chooseExample(m_examples->row(item)); });
    auto* side = new QWidget;
    auto* column = new QVBoxLayout(side);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_table, 3);
    column->addWidget(m_examplesTitle);
    column->addWidget(m_examples, 1);
    return side;
}

QWidget* LiveSearch::makeCurves() {
    auto* curves = new QWidget;
    auto* grid = new QGridLayout(curves);
    grid->setContentsMargins(0, 0, 0, 0);
    const auto add = [&](const QString& name, const QString& title, bool fromZero, int row, int column) {
        auto* view = new PlotView;
        view->setObjectName(name);
        view->setAccessibleName(title);
        PlotAxis x{tr("epoch")}, y{title};
        x.integers = true;
        y.fromZero = fromZero;
        view->setXAxis(x);
        view->setYAxis(y);
        view->setEmptyText(tr("The first epoch has not ended yet"));
        grid->addWidget(view, row, column);
        return view;
    };
    m_entropy = add(QStringLiteral("entropyPlot"), tr("path entropy (nats)"), true, 0, 0);
    m_largest = add(QStringLiteral("largestPlot"), tr("largest path probability (%)"), false, 0, 1);
    m_flips = add(QStringLiteral("flipPlot"), tr("flips (% of weights per epoch)"), true, 1, 0);
    m_temperature = add(QStringLiteral("temperaturePlot"), tr("temperature τ"), true, 1, 1);
    m_temperature->setEmptyText(tr("This method has no temperature"));
    return curves;
}

void LiveSearch::setTheme(const Theme& theme) {
    m_theme = theme;
    for (PlotView* view : {m_entropy, m_largest, m_flips, m_temperature})
        view->setTheme(theme);
    updateTitle();
    updateCurves();
}

void LiveSearch::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    watch();
    m_pace.shown();
}

void LiveSearch::hideEvent(QHideEvent* event) {
    QWidget::hideEvent(event);
    watch();
}

void LiveSearch::watch() {
    const QString wanted = isVisible() ? m_runId : QString();
    if (wanted == m_watched) return;
    if (!m_watched.isEmpty()) m_source->watchWeights(m_watched, false);
    m_watched = wanted;
    if (!m_watched.isEmpty()) m_source->watchWeights(m_watched, true);
}

void LiveSearch::setRun(const QString& runId) {
    if (runId == m_runId) return;
    m_runId = runId;
    m_history->setRun(runId);
    watch();
    m_pace.request();
}

bool LiveSearch::isEmpty() const {
    return m_model->rowCount() == 0;
}

void LiveSearch::refresh() {
    m_pace.refreshed();
    auto snapshot = m_source->snapshot(m_runId, -1);
    const bool beingRead = !snapshot && m_modelRun == m_runId;
    if (!beingRead) m_model->setSnapshot(std::move(snapshot)); // else what is shown stays until it is here
    m_modelRun = m_runId;
    m_pages->setCurrentIndex(isEmpty() ? 0 : 1);
    if (isEmpty()) {
        const auto row = m_source->run(m_runId), other = newestSearch();
        m_emptyButton->setVisible(other.has_value());
        if (other) m_emptyButton->setText(tr("Show “%1”").arg(other->name));
        m_emptyText->setText(row ? tr("“%1” doesn't search its weights, or has not started yet.\nSelect a "
                                      "run with the method RDHS or SGT in the "
                                      "Runs table to watch its search here.")
                                       .arg(row->name)
                                 : tr("No run is selected.\nSelect one with the method RDHS or SGT in the "
                                      "Runs table to watch its search here."));
        return;
    }
    updateTitle();
    m_history->want(kMostEpochs);
    if (m_model->rowOf(m_layer) < 0) m_layer = QString::fromStdString(m_model->layerAt(0)->layer);
    const int row = m_model->rowOf(m_layer);
    if (m_table->currentIndex().row() != row) m_table->setCurrentIndex(m_model->index(row, 0));
    updateExamples();
    updateCurves();
}

void LiveSearch::updateExamples() {
    const LayerSnapshot* layer = m_model->layerAt(m_model->rowOf(m_layer));
    if (!layer) return;
    const auto& examples = layer->search->examples;
    m_examplesTitle->setText(
        tr("Weights of %1: click one to take its logits into the laboratory").arg(m_layer));
    while (m_examples->count() > int(examples.size()))
        delete m_examples->takeItem(m_examples->count() - 1);
    for (int i = 0; i < int(examples.size()); ++i) { // rows stay, and with them the focus
        if (i >= m_examples->count()) m_examples->addItem(QString());
        const QString text = exampleText(examples[std::size_t(i)], *layer->search);
        m_examples->item(i)->setText(text);
        m_examples->item(i)->setToolTip(text);
    }
}

void LiveSearch::chooseExample(int row) {
    const LayerSnapshot* layer = m_model->layerAt(m_model->rowOf(m_layer));
    if (!layer || row < 0 || row >= int(layer->search->examples.size())) return;
    const WeightLogits& example = layer->search->examples[std::size_t(row)];
    emit weightChosen(example.logits, layer->search->values, *layer->search,
                      tr("weight %1 of %2").arg(countText(example.index), m_layer));
}

void LiveSearch::updateTitle() {
    const auto row = m_source->run(m_runId);
    if (!row) return;
    m_title->setText(QStringLiteral("<span style='color:%1'>■</span> <b>%2</b> · %3")
                         .arg(m_theme.runColour(row->colour).name(), row->name.toHtmlEscaped(),
                              tr("epoch %1 of %2").arg(row->epochsDone).arg(row->epochsTotal)));
}

PlotSeries LiveSearch::layerLine(const QString& layer, const QColor& colour) const {
    PlotSeries line{layer, layer};
    const bool chosen = layer == m_layer;
    line.colour = colour;
    if (!chosen) line.colour.setAlphaF(kFaint);
    line.width = chosen ? 2.6 : 1;
    line.inLegend = chosen;
    line.inCursor = chosen;
    return line;
}

PlotSeries LiveSearch::othersKey(const QColor& colour) const {
    PlotSeries key{QStringLiteral("key"), tr("thin: the other %1 layers").arg(m_model->rowCount() - 1)};
    key.colour = colour;
    key.colour.setAlphaF(kFaint);
    key.width = 1;
    key.inCursor = false;
    key.inRange = false;
    return key;
}

QVector<PlotSeries> LiveSearch::layerLines(double (*value)(const SearchState&), const QColor& colour) const {
    QVector<PlotSeries> lines;
    QHash<QString, qsizetype> places;
    for (int row = 0; row < m_model->rowCount(); ++row) {
        const QString layer = QString::fromStdString(m_model->layerAt(row)->layer);
        places.insert(layer, lines.size());
        lines.append(layerLine(layer, colour));
    }
    const auto& snapshots = m_history->snapshots();
    for (auto entry = snapshots.begin(); entry != snapshots.end(); ++entry) {
        for (const LayerSnapshot& one : entry.value()->layers) {
            if (!one.search || std::isnan(value(*one.search))) continue;
            const qsizetype place = places.value(QString::fromStdString(one.layer), -1);
            if (place < 0) continue;
            lines[place].x.append(double(entry.key()));
            lines[place].y.append(value(*one.search));
        }
    }
    const qsizetype chosen = places.value(m_layer, -1);
    if (chosen >= 0) lines.append(lines.takeAt(chosen)); // in front
    if (lines.size() > 1) lines.append(othersKey(colour));
    return lines;
}

void LiveSearch::updateCurves() {
    const auto row = m_source->run(m_runId);
    const QColor colour = row ? m_theme.runColour(row->colour) : m_theme.accent;
    m_entropy->setSeries(layerLines(entropyOf, colour));
    m_largest->setSeries(layerLines(largestOf, colour));
    m_flips->setSeries(layerLines(flipsOf, colour));
    m_temperature->setSeries(layerLines(temperatureOf, colour));
}

QString LiveSearch::csv() const {
    QString text = csvLine({QStringLiteral("quantity"), QStringLiteral("layer"), QStringLiteral("epoch"),
                            QStringLiteral("value")});
    for (PlotView* view : {m_entropy, m_largest, m_flips, m_temperature})
        text += view->csvLines({view->plotYAxis().title});
    return text;
}

} // namespace quantarium::widgets
