// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/sampling/sampling_panel.h"

#include <algorithm>
#include <cmath>

#include <QDoubleSpinBox>
#include <QFileInfo>
#include <QHeaderView>
#include <QLabel>
#include <QScrollBar>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTableWidget>

#include "widgets/plot/figure_file.h"
#include "widgets/plot/number_text.h"
#include "widgets/sampling/alpha_bars.h"
#include "widgets/sampling/gumbel_runner.h"
#include "widgets/sampling/live_search.h"
#include "widgets/sampling/sample_grid.h"
#include "widgets/sampling/simplex_view.h"

namespace quantarium::widgets {
namespace {

constexpr int kRatioBins = 60;
constexpr double kRatioReach = 10; // logistic: 1e-4 of the mass is beyond
constexpr std::size_t kSinglesShown = 3;
constexpr double kSampleDistance = 0.2; // of a category's place

QString fitText(const quant::GoodnessOfFit& fit, const QString& name) {
    const QString p = fit.pValue < 1e-4 ? QStringLiteral("p < 0.0001")
                                        : QStringLiteral("p = %1").arg(fit.pValue, 0, 'g', 3);
    const QString verdict =
        fit.pValue < 0.001 ? SamplingPanel::tr("does not fit") : SamplingPanel::tr("fits");
    return QStringLiteral("%1 = %2, %3 (%4)").arg(name, numberText(fit.statistic, 3), p, verdict);
}

PlotAxis categoryAxis(std::size_t categories) {
    PlotAxis axis{QStringLiteral("category")};
    axis.integers = true;
    axis.home = ValueRange{0.4, double(categories) + 0.6};
    return axis;
}

} // namespace

GumbelRequest SamplingPanel::request() const {
    GumbelRequest request;
    for (const double alpha : m_bars->alpha())
        request.logits.push_back(std::log(alpha));
    request.mu = m_mu->value();
    request.tau = m_tau->value();
    request.samples = std::size_t(m_samples->value());
    request.seed = std::uint64_t(m_seed->value());
    return request;
}

void SamplingPanel::ask() {
    m_stale = !isVisible(); // nobody sees it: drawn when it is shown
    if (!m_stale) m_runner->request(request());
}

void SamplingPanel::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    if (m_stale) ask();
}

void SamplingPanel::setCategories(int count) {
    std::vector<double> alpha = m_bars->alpha();
    if (int(alpha.size()) == count) return;
    alpha.resize(std::size_t(count), 0.3);
    m_bars->setNames({});
    m_loaded->clear();
    m_bars->setAlpha(alpha);
}

void SamplingPanel::loadWeight(const std::vector<double>& logits, const std::vector<double>& values,
                               const SearchState& state, const QString& name) {
    const double highest = *std::max_element(logits.begin(), logits.end());
    std::vector<double> alpha;
    double sum = 0;
    for (const double logit : logits)
        sum += std::exp(logit - highest);
    for (const double logit : logits)
        alpha.push_back(std::max(std::exp(logit - highest) / sum, 1e-300)); // log α must exist
    QStringList names;
    for (const double value : values)
        names.append(numberText(value, 3));
    m_bars->setNames(names);
    m_loaded->setText(tr("α of %1 (softmax of its logits)").arg(name));
    {
        const QSignalBlocker quiet(m_categories);
        m_categories->setValue(int(alpha.size()));
    }
    if (state.temperature) m_tau->setValue(*state.temperature);
    m_mu->setValue(state.noise > 0 ? state.noise : 1); // without noise there is nothing to sample
    m_bars->setAlpha(alpha);
    m_tabs->setCurrentIndex(SamplesPage);
}

void SamplingPanel::setTheme(const Theme& theme) {
    m_theme = theme;
    for (PlotView* view : {m_soft, m_max, m_ratio})
        view->setTheme(theme);
    for (DrawnWidget* view : {static_cast<DrawnWidget*>(m_bars), static_cast<DrawnWidget*>(m_softGrid),
                              static_cast<DrawnWidget*>(m_maxGrid), static_cast<DrawnWidget*>(m_simplex)}) {
        view->setTheme(theme);
    }
    m_search->setTheme(theme);
    if (m_result) showResult(m_result);
}

void SamplingPanel::showResult(std::shared_ptr<const GumbelResult> result) {
    m_result = std::move(result);
    showPlots();
    showRatio();
    showTable();
    m_softGrid->setResult(m_result);
    m_maxGrid->setResult(m_result);
    m_simplex->setResult(m_result);
    m_simplexPages->setCurrentIndex(m_result->probabilities.size() == 3 ? 1 : 0);
    emit resultShown();
}

void SamplingPanel::showPlots() {
    const std::size_t categories = m_result->probabilities.size();
    QVector<double> places;
    for (std::size_t k = 0; k < categories; ++k)
        places.append(double(k + 1));
    PlotSeries mean{QStringLiteral("mean"), tr("mean of y"), places,
                    QVector<double>(m_result->softMean.begin(), m_result->softMean.end())};
    mean.style = SeriesStyle::Bars;
    mean.colour = m_theme.latent;
    mean.fill = 0.5;
    QVector<PlotSeries> soft{mean};
    for (std::size_t i = 0; i < std::min(kSinglesShown, m_result->points.size()); ++i) {
        const auto& y = m_result->points[i];
        QVector<double> beside; // dots of their own: nothing lies between two categories
        for (const double place : std::as_const(places))
            beside.append(place + kSampleDistance * (double(i) - double(kSinglesShown - 1) / 2));
        PlotSeries single{QStringLiteral("sample %1").arg(i), tr("sample %1").arg(i + 1), beside,
                          QVector<double>(y.begin(), y.end())};
        single.style = SeriesStyle::Points;
        single.colour = m_theme.runColour(int(i) + 1);
        single.width = 8;
        soft.append(single);
    }
    PlotSeries share{QStringLiteral("share"), tr("measured share"), places, {}};
    share.style = SeriesStyle::Bars;
    share.colour = m_theme.quantized;
    share.fill = 0.5;
    const auto samples = double(m_result->request.samples);
    for (const std::size_t count : m_result->counts)
        share.y.append(double(count) / samples);
    share.reading = [counts = m_result->counts, share](qsizetype k) {
        return QStringLiteral("%1 (%2)").arg(countText(std::int64_t(counts[std::size_t(k)])),
                                             percentText(share.y[k], 2));
    };
    PlotSeries expected{QStringLiteral("closed"), tr("closed form softmax(log α / μ)"), places,
                        QVector<double>(m_result->probabilities.begin(), m_result->probabilities.end())};
    expected.style = SeriesStyle::Points;
    expected.colour = m_theme.text;
    expected.width = 8;
    for (PlotView* view : {m_soft, m_max})
        view->setXAxis(categoryAxis(categories));
    m_soft->setSeries(soft);
    m_max->setSeries({share, expected});
}

void SamplingPanel::showRatio() {
    m_ratio->setEmptyText(m_result->ratioRemark);
    if (m_result->ratioValues.empty()) {
        m_ratio->setSeries({});
        return;
    }
    const double width = 2 * kRatioReach / kRatioBins;
    PlotSeries measured{QStringLiteral("measured"), tr("measured")};
    measured.style = SeriesStyle::Steps;
    measured.colour = m_theme.latent;
    measured.width = 1.2;
    QVector<double> counts(kRatioBins, 0.0);
    for (const double value : m_result->ratioValues) {
        const auto bin = qsizetype(std::floor((value + kRatioReach) / width));
        if (bin >= 0 && bin < kRatioBins) ++counts[bin];
    }
    const auto samples = double(m_result->ratioValues.size());
    PlotSeries density{QStringLiteral("logistic"), tr("standard logistic")};
    density.colour = m_theme.text;
    density.width = 1.6;
    for (int bin = 0; bin <= kRatioBins; ++bin) {
        const double x = -kRatioReach + bin * width;
        measured.x.append(x);
        measured.y.append(bin < kRatioBins ? counts[bin] / (samples * width) : 0);
        const double cdf = quant::logisticCdf(x);
        density.x.append(x);
        density.y.append(cdf * (1 - cdf));
    }
    m_ratio->setSeries({measured, density});
}

QStringList SamplingPanel::tableFields(int row) const {
    const auto k = std::size_t(row);
    const auto samples = double(m_result->request.samples);
    const double share = double(m_result->counts[k]) / samples, expected = m_result->probabilities[k];
    const QString name = row < m_bars->names().size() ? m_bars->names()[row] : QString::number(row + 1);
    return {name,
            numberText(m_result->request.logits[k], 4),
            numberText(expected, 5),
            numberText(share, 5),
            countText(std::int64_t(m_result->counts[k])),
            numberText(100 * (share - expected), 2),
            numberText(m_result->softMean[k], 5)};
}

void SamplingPanel::showTable() {
    m_table->setRowCount(int(m_result->probabilities.size()));
    for (int row = 0; row < m_table->rowCount(); ++row) {
        const QStringList fields = tableFields(row);
        for (int column = 0; column < fields.size(); ++column) {
            auto* item = new QTableWidgetItem(fields[column]);
            item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
            item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable);
            m_table->setItem(row, column, item);
        }
    }
    fitTableWidth();
    const QString ratio =
        m_result->ratio ? fitText(*m_result->ratio, tr("Kolmogorov-Smirnov D")) : m_result->ratioRemark;
    m_fit->setText(tr("Choices against the closed form: %1, %2 degrees of freedom\nlog-ratio of categories 1 "
                      "and 2 against the logistic law: %3\n"
                      "entropy %4 nats · E[max u]: measured %5, closed form %6")
                       .arg(fitText(m_result->choices, QStringLiteral("χ²")))
                       .arg(m_result->choices.degreesOfFreedom)
                       .arg(ratio, numberText(m_result->entropy), numberText(m_result->meanLargest),
                            numberText(m_result->expectedLargest)));
}

void SamplingPanel::fitTableWidth() {
    auto* header = m_table->horizontalHeader();
    header->setStretchLastSection(false);
    header->resizeSections(QHeaderView::ResizeToContents);
    const int columns = header->length();
    header->setStretchLastSection(true);
    m_table->setFixedWidth(columns + 2 * m_table->frameWidth() +
                           m_table->verticalScrollBar()->sizeHint().width());
}

QString SamplingPanel::resultCsv() const {
    QString text = csvLine({QStringLiteral("category"), QStringLiteral("logit"), QStringLiteral("mu"),
                            QStringLiteral("tau"), QStringLiteral("samples"), QStringLiteral("seed"),
                            QStringLiteral("count"), QStringLiteral("share"), QStringLiteral("closed form"),
                            QStringLiteral("mean of y")});
    const GumbelRequest& asked = m_result->request;
    for (std::size_t k = 0; k < asked.logits.size(); ++k) {
        text += csvLine({QString::number(k + 1), exactText(asked.logits[k]), exactText(asked.mu),
                         exactText(asked.tau), QString::number(asked.samples), QString::number(asked.seed),
                         QString::number(m_result->counts[k]),
                         exactText(double(m_result->counts[k]) / double(asked.samples)),
                         exactText(m_result->probabilities[k]), exactText(m_result->softMean[k])});
    }
    if (m_tabs->currentIndex() != GridPage) return text;
    text = csvLine({QStringLiteral("mu"), QStringLiteral("tau"), QStringLiteral("category"),
                    QStringLiteral("mean of y"), QStringLiteral("share"), QStringLiteral("closed form")});
    for (const GumbelCell& cell : m_result->grid) {
        for (std::size_t k = 0; k < asked.logits.size(); ++k) {
            text += csvLine({exactText(cell.mu), exactText(cell.tau), QString::number(k + 1),
                             exactText(cell.softMean[k]), exactText(cell.chosenShare[k]),
                             exactText(cell.probabilities[k])});
        }
    }
    return text;
}

QStringList SamplingPanel::exportFormats() const {
    const bool empty = m_tabs->currentIndex() == SearchPage ? m_search->isEmpty() : !m_result;
    if (empty) return {};
    return {QStringLiteral("csv"), QStringLiteral("png"), QStringLiteral("svg"), QStringLiteral("pdf")};
}

void SamplingPanel::exportTo(const QString& file) {
    const bool search = m_tabs->currentIndex() == SearchPage;
    if (QFileInfo(file).suffix().toLower() == QLatin1String("csv")) {
        writeText(search ? m_search->csv() : resultCsv(), file);
        return;
    }
    const QString title = search
                              ? tr("Search by layer")
                              : tr("Gumbel sampling, μ = %1, τ = %2").arg(m_mu->value()).arg(m_tau->value());
    writeFigure(pageOf(*m_tabs->currentWidget(), title, m_theme.base), file);
}

} // namespace quantarium::widgets
