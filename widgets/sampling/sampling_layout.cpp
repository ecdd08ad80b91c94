// SPDX-License-Identifier: GPL-3.0-or-later
// SamplingPanel: its parts and how they are joined.
#include "widgets/sampling/sampling_panel.h"

#include <cmath>

#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>
#include <QSpinBox>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTableWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include "widgets/sampling/alpha_bars.h"
#include "widgets/sampling/gumbel_runner.h"
#include "widgets/sampling/live_search.h"
#include "widgets/sampling/sample_grid.h"
#include "widgets/sampling/simplex_view.h"

namespace quantarium::widgets {
namespace {

constexpr int kControlsWidth = 300;
constexpr int kSliderSteps = 100; // from 0.01 to 100 in powers of ten

double fromSlider(int position) {
    return std::pow(10.0, 4.0 * position / kSliderSteps - 2);
}

int toSlider(double value) {
    return value > 0 ? int(std::lround((std::log10(value) + 2) / 4 * kSliderSteps)) : 0;
}

} // namespace

SamplingPanel::SamplingPanel(RunSource* source, QWidget* parent)
    : QWidget(parent), m_theme(Theme::current()), m_runner(new GumbelRunner(this)) {
    setObjectName(QStringLiteral("samplingPanel"));
    setAccessibleName(tr("Sampling"));
    m_search = new LiveSearch(source);
    m_tabs = new QTabWidget;
    m_tabs->setObjectName(QStringLiteral("samplingTabs"));
    m_tabs->setDocumentMode(true);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(6, 6, 6, 6);
    QWidget* controls = makeControls();
    row->addWidget(controls);
    row->addWidget(m_tabs, 1);
    m_tabs->addTab(makeSamplesPage(), tr("Softmax against &Max"));
    m_tabs->addTab(makeGridPage(), tr("Grid over τ and &μ"));
    m_tabs->addTab(makeSimplexPage(), tr("S&implex"));
    m_tabs->addTab(m_search, tr("&Live search"));
    connect(m_tabs, &QTabWidget::currentChanged, this,
            [controls](int page) { controls->setVisible(page != SearchPage); });

    connect(m_search, &LiveSearch::weightChosen, this, &SamplingPanel::loadWeight);
    connect(m_runner, &GumbelRunner::finished, this, &SamplingPanel::showResult);
    connect(m_runner, &GumbelRunner::failed, m_fit, &QLabel::setText);
    connect(m_bars, &AlphaBars::changed, this, &SamplingPanel::ask);
    ask();
}

QDoubleSpinBox* SamplingPanel::makeParameter(const QString& name, const QString& title, double low,
                                             double value, QSlider*& slider) {
    auto* box = new QDoubleSpinBox;
    box->setObjectName(name);
    box->setAccessibleName(title);
    box->setDecimals(4);
    box->setRange(low, 100);
    box->setValue(value);
    box->setStepType(QAbstractSpinBox::AdaptiveDecimalStepType);
    slider = new QSlider(Qt::Horizontal);
    slider->setObjectName(name + QStringLiteral("Slider"));
    slider->setAccessibleName(title + tr(", logarithmic"));
    slider->setRange(0, kSliderSteps);
    slider->setValue(toSlider(value));
    QSlider* moved = slider;
    connect(moved, &QSlider::valueChanged, box, [box](int position) { box->setValue(fromSlider(position)); });
    connect(box, &QDoubleSpinBox::valueChanged, this, [this, moved](double now) {
        const QSignalBlocker quiet(moved);
        moved->setValue(toSlider(now));
        ask();
    });
    return box;
}

QWidget* SamplingPanel::makeControls() {
    auto* controls = new QWidget;
    controls->setFixedWidth(kControlsWidth);
    auto* column = new QVBoxLayout(controls);
    column->setContentsMargins(0, 0, 0, 0);
    m_bars = new AlphaBars;
    m_bars->setMaximumHeight(300);
    m_loaded = new QLabel;
    m_loaded->setObjectName(QStringLiteral("loaded"));
    m_loaded->setWordWrap(true);
    m_categories = new QSpinBox;
    m_categories->setObjectName(QStringLiteral("categories"));
    m_categories->setRange(2, 8);
    m_categories->setValue(3);
    connect(m_categories, &QSpinBox::valueChanged, this, &SamplingPanel::setCategories);
    m_mu = makeParameter(QStringLiteral("mu"), tr("Noise weight μ"), 0, 1, m_muSlider);
    m_tau = makeParameter(QStringLiteral("tau"), tr("Temperature τ"), 0.0001, 1, m_tauSlider);
    m_samples = new QSpinBox;
    m_samples->setObjectName(QStringLiteral("samples"));
    m_samples->setRange(100, 200000);
    m_samples->setSingleStep(1000);
    m_samples->setGroupSeparatorShown(true);
    m_samples->setValue(20000);
    m_seed = new QSpinBox;
    m_seed->setObjectName(QStringLiteral("seed"));
    m_seed->setRange(0, 1000000);
    m_seed->setValue(1);
    for (QSpinBox* box : {m_samples, m_seed})
        connect(box, &QSpinBox::valueChanged, this, &SamplingPanel::ask);

    auto* form = new QFormLayout;
    form->addRow(tr("&Categories m"), m_categories);
    form->addRow(tr("&Noise weight μ"), m_mu);
    form->addRow(QString(), m_muSlider);
    form->addRow(tr("&Temperature τ"), m_tau);
    form->addRow(QString(), m_tauSlider);
    form->addRow(tr("Sam&ples"), m_samples);
    form->addRow(tr("S&eed"), m_seed);
    auto* formula = new QLabel(tr("u = log α + μ·n, n from Gumbel(0, 1)\nGumbel-Softmax: y = softmax(u / "
                                  "τ)\nGumbel-Max: z = one-hot(argmax u)"));
    formula->setTextInteractionFlags(Qt::TextSelectableByMouse);
    column->addWidget(m_bars, 1);
    column->addWidget(m_loaded);
    column->addLayout(form);
    column->addWidget(formula);
    column->addStretch(1);
    return controls;
}

QWidget* SamplingPanel::makeSamplesPage() {
    const auto plot = [](const QString& name, const QString& title, const QString& yTitle) {
        auto* view = new PlotView;
        view->setObjectName(name);
        view->setAccessibleName(title);
        view->setTitle(title);
        PlotAxis y{yTitle};
        y.home = ValueRange{0, 1};
        view->setYAxis(y);
        view->setEmptyText(tr("Sampling…"));
        return view;
    };
    m_soft = plot(QStringLiteral("softPlot"), tr("Gumbel-Softmax: soft samples"), tr("y (0 … 1)"));
    m_max = plot(QStringLiteral("maxPlot"), tr("Gumbel-Max: one choice each"), tr("share (0 … 1)"));
    m_ratio = plot(QStringLiteral("ratioPlot"), tr("Law of the log-ratio, a = log α"), tr("density"));
    PlotAxis x{QStringLiteral("(τ/μ)·log(y₁/y₂) − (a₁ − a₂)/μ")}, y{tr("density")};
    y.fromZero = true;
    m_ratio->setXAxis(x);
    m_ratio->setYAxis(y);

    m_table = new QTableWidget(0, 7);
    m_table->setObjectName(QStringLiteral("fitTable"));
    m_table->setAccessibleName(tr("Measured against closed form"));
    m_table->setHorizontalHeaderLabels(
        {tr("Cat."), tr("log α"), tr("Expected"), tr("Measured"), tr("Count"), tr("Δ (pp)"), tr("Mean y")});
    const QStringList hints{tr("Category"),
                            tr("Logarithm of the category's weight"),
                            tr("Share of choices in closed form, softmax(log α / μ)"),
                            tr("Share of choices measured"),
                            tr("How often it was chosen"),
                            tr("Measured minus expected, percentage points"),
                            tr("Mean of Gumbel-Softmax's y")};
    for (int column = 0; column < m_table->columnCount(); ++column)
        m_table->horizontalHeaderItem(column)->setToolTip(hints[column]);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_table->horizontalHeader()->setMinimumSectionSize(fontMetrics().averageCharWidth() * 4);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->setTabKeyNavigation(false);
    m_fit = new QLabel;
    m_fit->setObjectName(QStringLiteral("fit"));
    m_fit->setWordWrap(true);
    m_fit->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);

    auto* page = new QWidget;
    auto* grid = new QGridLayout(page);
    grid->setContentsMargins(0, 0, 0, 0);
    auto* numbers = new QWidget;
    auto* column = new QVBoxLayout(numbers);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_table, 1);
    column->addWidget(m_fit);
    grid->addWidget(m_soft, 0, 0);
    grid->addWidget(m_max, 0, 1);
    auto* below = new QHBoxLayout;
    below->addWidget(m_ratio, 1);
    below->addWidget(numbers);
    grid->addLayout(below, 1, 0, 1, 2);
    for (int i : {0, 1}) {
        grid->setColumnStretch(i, 1);
        grid->setRowStretch(i, i == 0 ? 3 : 2);
    }
    return page;
}

QWidget* SamplingPanel::makeGridPage() {
    auto* page = new QWidget;
    auto* row = new QHBoxLayout(page);
    row->setContentsMargins(0, 0, 0, 0);
    m_softGrid = new SampleGrid(SampleGrid::Kind::Softmax);
    m_maxGrid = new SampleGrid(SampleGrid::Kind::Max);
    for (SampleGrid* grid : {m_softGrid, m_maxGrid}) {
        row->addWidget(grid, 1);
        connect(grid, &SampleGrid::picked, this, [this](double mu, double tau) {
            m_mu->setValue(mu);
            m_tau->setValue(tau);
        });
    }
    return page;
}

QWidget* SamplingPanel::makeSimplexPage() {
    auto* other = new QWidget;
    auto* column = new QVBoxLayout(other);
    auto* text = new QLabel(tr("The triangle shows three categories."));
    text->setAlignment(Qt::AlignCenter);
    auto* button = new QToolButton;
    button->setObjectName(QStringLiteral("threeCategories"));
    button->setText(tr("Set m to 3"));
    button->setFocusPolicy(Qt::StrongFocus);
    connect(button, &QToolButton::clicked, this, [this] { m_categories->setValue(3); });
    column->addStretch(1);
    column->addWidget(text);
    column->addWidget(button, 0, Qt::AlignHCenter);
    column->addStretch(1);
    m_simplex = new SimplexView;
    m_simplexPages = new QStackedWidget;
    m_simplexPages->addWidget(other);
    m_simplexPages->addWidget(m_simplex);
    auto* page = new QWidget;
    auto* layout = new QVBoxLayout(page);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_simplexPages);
    return page;
}

} // namespace quantarium::widgets
