// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <numeric>

#include <QAbstractItemModelTester>
#include <QDoubleSpinBox>
#include <QFile>
#include <QHeaderView>
#include <QLabel>
#include <QListWidget>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTabWidget>
#include <QTableView>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include "tests/widgets/panels/fake_source.h"
#include "widgets/sampling/alpha_bars.h"
#include "widgets/sampling/gumbel_runner.h"
#include "widgets/sampling/live_search.h"
#include "widgets/sampling/sample_grid.h"
#include "widgets/sampling/sampling_panel.h"
#include "widgets/sampling/search_model.h"
#include "widgets/sampling/simplex_view.h"

using namespace quantarium;
using namespace quantarium::widgets;
using test::FakeSource;

namespace {

QByteArray contents(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// A shown panel that has its first result.
struct Stage {
    FakeSource source;
    std::unique_ptr<SamplingPanel> panel;

    explicit Stage(const QString& run) {
        fillFirstLook(source, run);
        panel = std::make_unique<SamplingPanel>(&source);
        panel->resize(1200, 800);
        panel->show();
    }
    template <typename T> T* child(const char* name) {
        return panel->findChild<T*>(QString::fromLatin1(name));
    }
    bool settled() const { return panel->result() && panel->result()->request == panel->request(); }
};

} // namespace

class TestSamplingPanel : public QObject {
    Q_OBJECT
private slots:
    void experimentMatchesTheClosedForms();
    void gridNeverLetsTemperatureChangeTheChoice();
    void withoutNoiseTheLargestWins();
    void runnerRunsTheNewestRequest();
    void barsFollowMouseAndKeys();
    void plotsHoldTheResult();
    void changingTheNumberOfCategories();
    void gridPlacesSetTemperatureAndNoise();
    void simplexPlacesItsCorners();
    void simplexAsksForThreeCategories();
    void searchTableShowsTheLayers();
    void clickingAWeightLoadsItsLogits();
    void searchIsEmptyForOtherRuns();
    void searchSaysWhichRunAndLayersItShows();
    void captionAndTableAreNotCut();
    void singleSamplesAreDots();
    void exportsExactNumbers();
};

void TestSamplingPanel::experimentMatchesTheClosedForms() {
    GumbelRequest request{{std::log(0.1), std::log(0.6), std::log(0.3)}, 0.5, 1, 50000, 7};
    const GumbelResult result = runExperiment(request);
    QVERIFY(std::abs(result.probabilities[1] - 0.7826087) < 1e-6);
    QVERIFY(std::abs(result.entropy - 0.5942565) < 1e-6);
    QVERIFY(std::abs(result.expectedLargest + 0.0996566) < 1e-6);
    QCOMPARE(std::accumulate(result.counts.begin(), result.counts.end(), std::size_t(0)), std::size_t(50000));
    QVERIFY2(result.choices.pValue > 0.001, qPrintable(QString::number(result.choices.pValue)));
    QVERIFY(result.ratio.has_value());
    QVERIFY2(result.ratio->pValue > 0.001, qPrintable(QString::number(result.ratio->pValue)));
    QVERIFY(std::abs(std::accumulate(result.softMean.begin(), result.softMean.end(), 0.0) - 1) < 1e-9);
    const GumbelResult again = runExperiment(request);
    QCOMPARE(again.counts, result.counts);
    QCOMPARE(again.softMean, result.softMean);
}

void TestSamplingPanel::gridNeverLetsTemperatureChangeTheChoice() {
    const GumbelResult result = runExperiment({{0, 0.5, -0.3, 1}, 1, 1, 1000, 3});
    QCOMPARE(result.grid.size(), gridTemperatures().size() * gridNoiseWeights().size());
    for (std::size_t row = 0; row < gridNoiseWeights().size(); ++row) {
        const std::size_t first = row * gridTemperatures().size();
        for (std::size_t column = 1; column < gridTemperatures().size(); ++column) {
            QCOMPARE(result.grid[first + column].chosenShare, result.grid[first].chosenShare);
            QVERIFY(result.grid[first + column].softMean != result.grid[first].softMean);
        }
    }
}

void TestSamplingPanel::withoutNoiseTheLargestWins() {
    const GumbelResult result = runExperiment({{0, 2, 1}, 0, 1, 500, 3});
    QCOMPARE(result.counts, (std::vector<std::size_t>{0, 500, 0}));
    QVERIFY(!result.ratio && !result.ratioRemark.isEmpty());
}

void TestSamplingPanel::runnerRunsTheNewestRequest() {
    GumbelRunner runner;
    std::vector<std::uint64_t> seeds;
    connect(&runner, &GumbelRunner::finished, this, [&](const std::shared_ptr<const GumbelResult>& result) {
        seeds.push_back(result->request.seed);
    });
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        runner.request({{0, 1}, 1, 1, 1000, seed});
    QTRY_VERIFY(!runner.isBusy());
    QCOMPARE(seeds, (std::vector<std::uint64_t>{1, 20})); // those between were replaced
    QSignalSpy failures(&runner, &GumbelRunner::failed);
    runner.request({{0, 1}, -1, 1, 1000, 1});
    QVERIFY(failures.wait(5000));
    QVERIFY(failures[0][0].toString().contains("-1") ||
            failures[0][0].toString().contains(QStringLiteral("−1")));
}

void TestSamplingPanel::barsFollowMouseAndKeys() {
    AlphaBars bars;
    bars.resize(300, 240);
    bars.show();
    QSignalSpy changes(&bars, &AlphaBars::changed);
    const QPoint half = bars.place(2, 0.5).toPoint();
    QTest::mousePress(&bars, Qt::LeftButton, {}, half);
    QVERIFY(std::abs(bars.alpha()[2] - 0.5) < 0.01);
    QCOMPARE(bars.selected(), 2);
    QTest::mouseMove(&bars, bars.place(2, 2).toPoint() - QPoint(0, 30));
    QTest::mouseRelease(&bars, Qt::LeftButton, {}, bars.place(2, 2).toPoint() - QPoint(0, 30));
    QTest::keyClick(&bars, Qt::Key_Left);
    QCOMPARE(bars.selected(), 1);
    QTest::keyClick(&bars, Qt::Key_Up);
    QVERIFY(std::abs(bars.alpha()[1] - 0.65) < 1e-12);
    QTest::keyClick(&bars, Qt::Key_Down, Qt::ShiftModifier);
    QVERIFY(std::abs(bars.alpha()[1] - 0.645) < 1e-12);
    for (int i = 0; i < 40; ++i)
        QTest::keyClick(&bars, Qt::Key_PageDown);
    QCOMPARE(bars.alpha()[1], AlphaBars::kLowest); // log α must exist
    QVERIFY(changes.size() > 40);
    QVERIFY(bars.accessibleDescription().contains("0.001"));
}

void TestSamplingPanel::plotsHoldTheResult() {
    Stage stage("float");
    QTRY_VERIFY(stage.settled());
    const GumbelResult& result = *stage.panel->result();
    const PlotSeries* mean = stage.panel->softPlot()->findSeries("mean");
    QCOMPARE(mean->y, QVector<double>(result.softMean.begin(), result.softMean.end()));
    const PlotSeries* share = stage.panel->maxPlot()->findSeries("share");
    const PlotSeries* closed = stage.panel->maxPlot()->findSeries("closed");
    for (std::size_t k = 0; k < 3; ++k) {
        QCOMPARE(share->y[qsizetype(k)], double(result.counts[k]) / 20000);
        QCOMPARE(closed->y[qsizetype(k)], result.probabilities[k]);
        QCOMPARE(stage.child<QTableWidget>("fitTable")->item(int(k), 4)->text(),
                 QLocale(QLocale::English).toString(qulonglong(result.counts[k])));
    }
    const QString fit = stage.child<QLabel>("fit")->text();
    QVERIFY2(fit.contains("χ²") && fit.contains("p = ") && fit.contains("Kolmogorov"), qPrintable(fit));
    double mass = 0;
    for (const double density : stage.panel->ratioPlot()->findSeries("measured")->y)
        mass += density / 3; // bins of width 1/3
    QVERIFY2(mass > 0.99 && mass <= 1.0001, qPrintable(QString::number(mass)));
}

void TestSamplingPanel::changingTheNumberOfCategories() {
    Stage stage("float");
    auto* categories = stage.child<QSpinBox>("categories");
    for (const int m : {8, 2}) {
        categories->setValue(m);
        QCOMPARE(int(stage.panel->bars()->alpha().size()), m);
        QTRY_VERIFY(stage.settled());
        QCOMPARE(stage.child<QTableWidget>("fitTable")->rowCount(), m);
    }
}

void TestSamplingPanel::gridPlacesSetTemperatureAndNoise() {
    Stage stage("float");
    QTRY_VERIFY(stage.settled());
    stage.child<QTabWidget>("samplingTabs")->setCurrentIndex(1);
    auto* grid = stage.child<SampleGrid>("softGrid");
    QTest::mouseClick(grid, Qt::LeftButton, {}, grid->cellRect(3, 0).center().toPoint());
    QCOMPARE(stage.child<QDoubleSpinBox>("tau")->value(), 10.0);
    QCOMPARE(stage.child<QDoubleSpinBox>("mu")->value(), 0.1);
    QTest::keyClick(grid, Qt::Key_Down);
    QTest::keyClick(grid, Qt::Key_Left);
    QTest::keyClick(grid, Qt::Key_Return);
    QCOMPARE(stage.child<QDoubleSpinBox>("tau")->value(), 1.0);
    QCOMPARE(stage.child<QDoubleSpinBox>("mu")->value(), 1.0);
    QTRY_VERIFY(stage.settled());
}

void TestSamplingPanel::simplexPlacesItsCorners() {
    SimplexView view;
    const QRectF area(0, 0, 500, 500);
    const QPointF a = view.place(area, {1, 0, 0}), b = view.place(area, {0, 1, 0}),
                  c = view.place(area, {0, 0, 1});
    const auto length = [](QPointF v) { return std::hypot(v.x(), v.y()); };
    QVERIFY(std::abs(length(a - b) - length(b - c)) < 1e-9 && std::abs(length(a - b) - length(a - c)) < 1e-9);
    QVERIFY(area.contains(a) && area.contains(b) && area.contains(c));
    QVERIFY(length(view.place(area, {1.0 / 3, 1.0 / 3, 1.0 / 3}) - (a + b + c) / 3) < 1e-9);
}

void TestSamplingPanel::simplexAsksForThreeCategories() {
    Stage stage("float");
    stage.child<QTabWidget>("samplingTabs")->setCurrentIndex(2);
    stage.child<QSpinBox>("categories")->setValue(5);
    auto* button = stage.child<QToolButton>("threeCategories");
    QTRY_VERIFY(button->isVisible());
    QTest::mouseClick(button, Qt::LeftButton);
    QTRY_VERIFY(stage.child<SimplexView>("simplex")->isVisible());
    QCOMPARE(stage.child<QSpinBox>("categories")->value(), 3);
}

void TestSamplingPanel::searchTableShowsTheLayers() {
    SearchModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setSnapshot(test::makeSnapshot("rdhs", 1, 2, 4));
    QCOMPARE(model.rowCount(), 6); // float layers don't search
    model.setSnapshot(test::makeSnapshot("rdhs", 1, 3, 4));
    const SearchState& state = *model.layerAt(0)->search;
    QCOMPARE(model.index(0, SearchModel::PathEntropy).data().toString(),
             QString::number(state.meanPathEntropy, 'f', 3));
    QCOMPARE(model.index(0, SearchModel::FlipRate).data().toString(),
             QString::number(100 * state.flipRate, 'f', 2));
    model.setSnapshot(nullptr);

    Stage stage("rdhs-a");
    stage.child<QTabWidget>("samplingTabs")->setCurrentIndex(3);
    QCOMPARE(stage.source.watched(), QSet<QString>{"rdhs-a"});
    const auto curve = [&] {
        return stage.panel->search()->entropyPlot()->findSeries("layer1.0.conv1.weight");
    };
    QTRY_VERIFY(curve() && curve()->x.size() == 13);
    QCOMPARE(curve()->y[5], stage.source.snapshot("rdhs-a", 5)->layers[1].search->meanPathEntropy);
}

void TestSamplingPanel::clickingAWeightLoadsItsLogits() {
    Stage stage("rdhs-a");
    auto* tabs = stage.child<QTabWidget>("samplingTabs");
    tabs->setCurrentIndex(3);
    auto* examples = stage.child<QListWidget>("examples");
    QTRY_COMPARE(examples->count(), 4);
    QTest::mouseClick(examples->viewport(), Qt::LeftButton, {},
                      examples->visualItemRect(examples->item(2)).center());
    QCOMPARE(tabs->currentIndex(), 0);
    const SearchState& state = *stage.source.snapshot("rdhs-a", -1)->layers[1].search;
    const GumbelRequest request = stage.panel->request();
    QCOMPARE(request.logits.size(), std::size_t(2));
    const auto& logits = state.examples[2].logits;
    QVERIFY(std::abs((request.logits[1] - request.logits[0]) - (logits[1] - logits[0])) < 1e-9);
    QVERIFY(std::abs(request.tau - *state.temperature) < 1e-4);
    QCOMPARE(stage.panel->bars()->names(), (QStringList{QStringLiteral("−1"), QStringLiteral("1")}));
    QVERIFY(stage.child<QLabel>("loaded")->text().contains("layer1.0.conv1.weight"));
    QTRY_VERIFY(stage.settled());
}

void TestSamplingPanel::searchIsEmptyForOtherRuns() {
    Stage stage("inq5");
    stage.child<QTabWidget>("samplingTabs")->setCurrentIndex(3);
    QVERIFY(stage.panel->search()->isEmpty());
    QVERIFY(stage.child<QLabel>("searchEmptyText")->text().contains("RDHS"));
    QVERIFY(stage.panel->exportFormats().isEmpty());
    QTest::mouseClick(stage.child<QToolButton>("searchEmptyButton"), Qt::LeftButton);
    QCOMPARE(stage.source.currentRun(), QStringLiteral("rdhs-b")); // the newest that searches
    QTRY_VERIFY(!stage.panel->search()->isEmpty());
}

void TestSamplingPanel::searchSaysWhichRunAndLayersItShows() {
    Stage stage("rdhs-a");
    stage.child<QTabWidget>("samplingTabs")->setCurrentIndex(3);
    QTRY_VERIFY(stage.panel->search()->entropyPlot()->series().size() > 1);
    QVERIFY(stage.child<QLabel>("searchTitle")->text().contains("RDHS 1 bit, seed 1"));
    const QColor colour = Theme::current().runColour(stage.source.run("rdhs-a")->colour);
    const auto* plot = stage.panel->search()->entropyPlot();
    int inLegend = 0;
    for (const PlotSeries& line : plot->series()) {
        QCOMPARE(line.colour.rgb(), colour.rgb());
        inLegend += line.inLegend;
    }
    QCOMPARE(inLegend, 2); // the chosen layer, and what the thin lines are
    QVERIFY(plot->findSeries("key")->label.contains("5 layers"));
    QVERIFY(!stage.panel->search()->csv().contains("thin"));
    auto* table = stage.child<QTableView>("searchTable");
    QVERIFY(table->columnWidth(SearchModel::Layer) >=
            table->sizeHintForIndex(table->model()->index(0, 0)).width());
    stage.source.setCurrentRun("rdhs-b");
    QTRY_VERIFY(stage.child<QLabel>("searchTitle")->text().contains("seed 2"));
}

void TestSamplingPanel::captionAndTableAreNotCut() {
    SampleGrid grid(SampleGrid::Kind::Max);
    grid.resize(340, 400);
    const double line = QFontMetricsF(grid.font()).height();
    QVERIFY(grid.captionRoom() > 1.5 * line); // wrapped
    QVERIFY(grid.cellRect(0, 2).bottom() + grid.captionRoom() <= 400);
    grid.resize(1200, 400);
    QVERIFY(grid.captionRoom() < 1.5 * line);
    Stage stage("float");
    QTRY_VERIFY(stage.settled());
    auto* table = stage.child<QTableWidget>("fitTable");
    QVERIFY(table->horizontalHeader()->length() <= table->viewport()->width());
    QVERIFY(table->columnWidth(4) >= table->sizeHintForIndex(table->model()->index(1, 4)).width());
}

void TestSamplingPanel::singleSamplesAreDots() {
    Stage stage("float");
    QTRY_VERIFY(stage.settled());
    for (int i = 0; i < 3; ++i) {
        const PlotSeries* sample = stage.panel->softPlot()->findSeries(QStringLiteral("sample %1").arg(i));
        QVERIFY(sample && sample->style == SeriesStyle::Points);
        QCOMPARE(sample->y[1], stage.panel->result()->points[std::size_t(i)][1]);
        QVERIFY(std::abs(sample->x[1] - 2) < 0.4);
    }
}

void TestSamplingPanel::exportsExactNumbers() {
    Stage stage("rdhs-a");
    QTRY_VERIFY(stage.settled());
    QTemporaryDir folder;
    auto* tabs = stage.child<QTabWidget>("samplingTabs");
    const QStringList expected{QStringLiteral("closed form"), QStringLiteral("Gumbel-Softmax"),
                               QStringLiteral("category 1"), QStringLiteral("path entropy (nats)")};
    for (int page = 0; page < tabs->count(); ++page) {
        tabs->setCurrentIndex(page);
        if (page == 3) QTRY_VERIFY(!stage.panel->search()->isEmpty());
        for (const QString& format : stage.panel->exportFormats())
            stage.panel->exportTo(folder.filePath(QStringLiteral("p%1.%2").arg(page).arg(format)));
        const QString svg = QString::fromUtf8(contents(folder.filePath(QStringLiteral("p%1.svg").arg(page))));
        QVERIFY2(svg.contains(expected[page]), qPrintable(expected[page]));
    }
    const GumbelResult& result = *stage.panel->result();
    const QString csv = QString::fromUtf8(contents(folder.filePath("p0.csv")));
    const QString line = QStringLiteral(",1,1,20000,1,%1,").arg(result.counts[1]);
    QVERIFY2(csv.contains(line), qPrintable(csv));
    QVERIFY(csv.contains(QString::number(result.softMean[1], 'g', QLocale::FloatingPointShortest)));
    QVERIFY(contents(folder.filePath("p1.csv")).startsWith("mu,tau,category"));
}

QTEST_MAIN(TestSamplingPanel)
#include "tst_sampling_panel.moc"
