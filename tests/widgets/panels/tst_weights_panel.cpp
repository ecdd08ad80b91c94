// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <numeric>

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QFile>
#include <QLabel>
#include <QSlider>
#include <QTabWidget>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include "tests/widgets/panels/fake_source.h"
#include "widgets/weights/epoch_scrubber.h"
#include "widgets/weights/layer_grid.h"
#include "widgets/weights/layer_history.h"
#include "widgets/weights/layer_model.h"
#include "widgets/weights/pin_bar.h"
#include "widgets/weights/snapshot_history.h"
#include "widgets/weights/weights_panel.h"

using namespace quantarium;
using namespace quantarium::widgets;
using test::FakeSource;

namespace {

QByteArray contents(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

const LayerSnapshot& layerOf(const WeightSnapshot& snapshot, const QString& name) {
    for (const LayerSnapshot& layer : snapshot.layers) {
        if (QString::fromStdString(layer.layer) == name) return layer;
    }
    throw std::logic_error("no such layer");
}

/// A shown panel over the first-look runs.
struct Stage {
    FakeSource source;
    std::unique_ptr<WeightsPanel> panel;

    explicit Stage(const QString& run) {
        fillFirstLook(source, run);
        panel = std::make_unique<WeightsPanel>(&source);
        panel->resize(1100, 700);
        panel->show();
    }
    const LayerSnapshot& shown(qint64 epoch = -1) {
        return layerOf(*source.snapshot(source.currentRun(), epoch), panel->layer());
    }
    template <typename T> T* child(const char* name) {
        return panel->findChild<T*>(QString::fromLatin1(name));
    }
};

} // namespace

class TestWeightsPanel : public QObject {
    Q_OBJECT
private slots:
    void stemsAreTheExactCounts();
    void hugeCountsStayExact();
    void latentBinsAreTheRecordedOnes();
    void switchesLatentAndQuantized();
    void freeAndFrozenHaveTwoColours();
    void legendsSayWhatIsTrue();
    void frozenWeightsStandAtTheirLevels();
    void equalCountsAreEquallyHigh();
    void marksShowUnusedLevels();
    void floatLayersSayThatTheyAreKept();
    void tableFollowsAndChoosesTheLayer();
    void modelKeepsItsContract();
    void numbersLineIsWhole();
    void followsTheLiveEdgeUntilScrubbedBack();
    void oneKeyReturnsToLive();
    void watchesOnlyWhileVisibleAndLive();
    void pinsOverlayAndLeaveByChip();
    void rangeIsRobustLockableAndShared();
    void gridOpensALayer();
    void ridgesAndHeatMapShowTheEpochs();
    void historyIsFetchedInPieces();
    void waitsForWhatIsBeingRead();
    void latentSharesKeepTheWeights();
    void emptyStatesSayWhatFillsThem();
    void exportsExactCounts();
};

void TestWeightsPanel::stemsAreTheExactCounts() {
    Stage stage("inq5");
    const PlotSeries* stems = stage.panel->layerPlot()->findSeries("levels");
    QVERIFY(stems);
    const LayerSnapshot& layer = stage.shown();
    QCOMPARE(stems->x.size(), qsizetype(layer.levels.size()));
    for (qsizetype i = 0; i < stems->x.size(); ++i) {
        QCOMPARE(stems->x[i], layer.levels[std::size_t(i)].value);
        QCOMPARE(stems->y[i], double(layer.levels[std::size_t(i)].count));
    }
    QCOMPARE(std::accumulate(stems->y.begin(), stems->y.end(), 0.0), double(layer.elements));
    stage.child<QComboBox>("heights")->setCurrentIndex(1);
    stems = stage.panel->layerPlot()->findSeries("levels");
    QVERIFY(std::abs(std::accumulate(stems->y.begin(), stems->y.end(), 0.0) - 100) < 1e-9);
}

void TestWeightsPanel::hugeCountsStayExact() {
    LayerSnapshot layer;
    layer.elements = 9007199254740995;
    layer.levels = {{-1, 9007199254740993}, {1, 2}};
    layer.latent = {-1, 1, {1, 9007199254740993}, 0, 0};
    const auto series = layerSeries(layer, {}, Theme::lightTheme());
    QVERIFY(series[1].reading(0).startsWith("9,007,199,254,740,993"));
    QVERIFY(series[0].reading(1).startsWith("9,007,199,254,740,993"));
}

void TestWeightsPanel::latentBinsAreTheRecordedOnes() {
    Stage stage("rdhs-a");
    const PlotSeries* latent = stage.panel->layerPlot()->findSeries("latent");
    const Histogram& histogram = stage.shown().latent;
    QCOMPARE(latent->x.size(), qsizetype(histogram.counts.size() + 1));
    for (std::size_t i = 0; i < histogram.counts.size(); ++i)
        QCOMPARE(latent->y[qsizetype(i)], double(histogram.counts[i]));
    QCOMPARE(latent->x.first(), histogram.low);
    QCOMPARE(latent->x.last(), histogram.high);
}

void TestWeightsPanel::switchesLatentAndQuantized() {
    Stage stage("inq5");
    PlotView* plot = stage.panel->layerPlot();
    QVERIFY(plot->findSeries("latent") && plot->findSeries("levels"));
    QVERIFY(plot->findSeries("latent")->label.contains("what the optimizer moves"));
    QVERIFY(plot->findSeries("levels")->label.contains("what the network uses"));
    QTest::mouseClick(stage.child<QToolButton>("modeLatent"), Qt::LeftButton);
    QVERIFY(plot->findSeries("latent") && !plot->findSeries("levels"));
    QVERIFY(plot->plotYAxis().title.startsWith("count per bin"));
    QTest::mouseClick(stage.child<QToolButton>("modeQuantized"), Qt::LeftButton);
    QVERIFY(!plot->findSeries("latent") && plot->findSeries("levels"));
    QVERIFY(plot->plotYAxis().title.startsWith("count per level"));
}

void TestWeightsPanel::freeAndFrozenHaveTwoColours() {
    Stage stage("inq5");
    stage.panel->scrubber()->setEpochs({0, 1, 2});
    QTest::keyClick(stage.child<QSlider>("epochSlider"), Qt::Key_Left);
    QTRY_VERIFY(stage.panel->layerPlot()->title().contains("epoch 2"));
    const PlotSeries* free = stage.panel->layerPlot()->findSeries("latent");
    const PlotSeries* frozen = stage.panel->layerPlot()->findSeries("frozen");
    QVERIFY(free && frozen);
    QVERIFY(free->colour != frozen->colour);
    const LayerSnapshot& layer = stage.shown(2);
    const double sum = std::accumulate(frozen->y.begin(), frozen->y.end(), 0.0);
    QVERIFY(std::abs(sum / double(layer.elements) - 0.5) < 0.02);
}

void TestWeightsPanel::legendsSayWhatIsTrue() {
    const auto labels = [](const LayerSnapshot& layer) {
        QString text;
        for (const PlotSeries& series : layerSeries(layer, {}, Theme::lightTheme()))
            text += series.label + QLatin1Char('\n');
        return text;
    };
    const auto search = layerOf(*test::makeSnapshot("rdhs", 1, 2, 4), "layer1.0.conv1.weight");
    QVERIFY(search.sqnrDb.has_value());
    QVERIFY(labels(search).contains("optimizer moves the logits"));
    QVERIFY(!labels(search).contains("what the optimizer moves"));
    QVERIFY(!labels(search).contains("what the network uses"));
    QVERIFY(!numbersLine(search).contains("SQNR")); // the soft weight is no approximation of the chosen one
    const auto half = layerOf(*test::makeSnapshot("inq", 5, 2, 4), "layer1.0.conv1.weight");
    QVERIFY(labels(half).contains("what would be deployed"));
    QVERIFY(!labels(half).contains("what the network uses"));
    QVERIFY(numbersLine(half).contains("SQNR"));
    const auto whole = layerOf(*test::makeSnapshot("inq", 5, 4, 4), "layer1.0.conv1.weight");
    QVERIFY(labels(whole).contains("what the network uses"));
}

void TestWeightsPanel::frozenWeightsStandAtTheirLevels() {
    LayerSnapshot layer;
    layer.method = "inq";
    layer.elements = 100;
    layer.valueSpace = {-0.5, -0.01, 0.01, 0.5};
    layer.levels = {{-0.5, 40}, {-0.01, 20}, {0.01, 10}, {0.5, 30}};
    layer.frozenShare = 0.6;
    layer.latent = {-1, 1, {5, 5, 20, 10}, 0, 0};
    layer.latentFrozen = Histogram{-1, 1, {0, 25, 15, 20}, 0, 0}; // −0.5 is the edge of bins 0 and 1
    auto frozen = frozenCounts(layer);
    QCOMPARE(frozen.size(), 3);
    QCOMPARE(frozen[0].count, std::int64_t{25});
    QCOMPARE(frozen[0].levels, 2); // −0.5 and −0.01 share bin 1: not told apart
    QCOMPARE(frozen[1].value, 0.01);
    QCOMPARE(frozen[2].value, 0.5);
    QCOMPARE(frozen[2].count, std::int64_t{20});
    layer.frozenShare = 1;
    frozen = frozenCounts(layer);
    QCOMPARE(frozen.size(), 4);
    QCOMPARE(frozen[1].value, -0.01);
    QCOMPARE(frozen[1].count, std::int64_t{20});
    const auto series = layerSeries(layer, {}, Theme::lightTheme());
    const auto drawn =
        std::find_if(series.begin(), series.end(), [](const PlotSeries& one) { return one.id == "frozen"; });
    QVERIFY(drawn != series.end() && drawn->style == SeriesStyle::Stems);
    QCOMPARE(drawn->x, (QVector<double>{-0.5, -0.01, 0.01, 0.5}));
}

void TestWeightsPanel::equalCountsAreEquallyHigh() {
    Stage stage("inq5");
    QVERIFY(!stage.panel->layerPlot()->yAxis2->visible());
    QVERIFY(stage.panel->layerPlot()->yRange().high >=
            *std::max_element(stage.shown().latent.counts.begin(), stage.shown().latent.counts.end()));
    const PlotSeries* levels = stage.panel->layerPlot()->findSeries("levels");
    const double highest = *std::max_element(levels->y.begin(), levels->y.end());
    QVERIFY(stage.panel->layerPlot()->yRange().high >= highest);
}

void TestWeightsPanel::marksShowUnusedLevels() {
    Stage stage("inq5");
    const PlotSeries* marks = stage.panel->layerPlot()->findSeries("marks");
    QVERIFY(marks);
    QCOMPARE(marks->x.size(), qsizetype(stage.shown().valueSpace.size()));
}

void TestWeightsPanel::floatLayersSayThatTheyAreKept() {
    Stage stage("inq5");
    stage.panel->setLayer("conv1.weight");
    QTRY_VERIFY(stage.panel->layerPlot()->title().startsWith("conv1.weight"));
    stage.panel->setMode(WeightMode::Quantized);
    const PlotSeries* weights = stage.panel->layerPlot()->findSeries("latent");
    QVERIFY(weights && weights->label.contains("kept"));
    QVERIFY(stage.child<QLabel>("numbers")->text().contains("kept in float"));
}

void TestWeightsPanel::tableFollowsAndChoosesTheLayer() {
    Stage stage("inq5");
    auto* table = stage.child<QTableView>("layerTable");
    QCOMPARE(stage.panel->layer(), QStringLiteral("layer1.0.conv1.weight")); // the first that is quantized
    QCOMPARE(table->currentIndex().row(), 1);
    QTest::keyClick(table, Qt::Key_Down);
    QTRY_VERIFY(stage.panel->layerPlot()->title().startsWith("layer1.0.conv2.weight"));
    const auto text = [&](int column) { return table->model()->index(2, column).data().toString(); };
    QCOMPARE(text(LayerModel::Method), QStringLiteral("inq"));
    const LayerSnapshot& layer = stage.shown();
    QCOMPARE(text(LayerModel::Levels),
             QStringLiteral("%1 / %2").arg(usedLevels(layer)).arg(layer.valueSpace.size()));
    QCOMPARE(text(LayerModel::Weights), QStringLiteral("2,304"));
    stage.source.setCurrentRun("inq3"); // the same layer of another run
    QTRY_COMPARE(stage.panel->layerPlot()->findSeries("marks")->x.size(), qsizetype(5));
    QCOMPARE(stage.panel->layer(), QStringLiteral("layer1.0.conv2.weight"));
}

void TestWeightsPanel::modelKeepsItsContract() {
    LayerModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setSnapshot(test::makeSnapshot("inq", 3, 1, 1));
    QCOMPARE(model.rowCount(), 8);
    model.setSnapshot(test::makeSnapshot("inq", 3, 2, 1));
    model.setSnapshot(nullptr);
    QCOMPARE(model.rowCount(), 0);
}

void TestWeightsPanel::numbersLineIsWhole() {
    Stage stage("inq5");
    const QString line = stage.child<QLabel>("numbers")->text();
    const LayerSnapshot& layer = stage.shown();
    QVERIFY2(
        line.contains(QStringLiteral("%1 of %2 levels used").arg(usedLevels(layer)).arg(usableLevels(layer))),
        qPrintable(line));
    for (const char* part :
         {"2,304 weights", "entropy", "bits", "zeros", "flips since last epoch", "frozen 100.0 %"}) {
        QVERIFY2(line.contains(QString::fromUtf8(part)), part);
    }
}

void TestWeightsPanel::followsTheLiveEdgeUntilScrubbedBack() {
    Stage stage("inq3");
    EpochScrubber* scrubber = stage.panel->scrubber();
    QVERIFY(scrubber->isLive());
    stage.source.addEpoch("inq3", test::makeSnapshot("inq", 3, 4, 3));
    QTRY_VERIFY(stage.panel->layerPlot()->title().contains("epoch 4"));
    QVERIFY(scrubber->isLive());
    QTest::keyClick(stage.child<QSlider>("epochSlider"), Qt::Key_Left);
    QTest::keyClick(stage.child<QSlider>("epochSlider"), Qt::Key_Left);
    QCOMPARE(scrubber->epoch(), 3);
    QTRY_VERIFY(stage.panel->layerPlot()->title().contains("epoch 3"));
    stage.source.addEpoch("inq3", test::makeSnapshot("inq", 3, 5, 3));
    QTRY_COMPARE(stage.child<QSlider>("epochSlider")->maximum(), 6); // epochs 0 … 5, and live
    QCOMPARE(scrubber->epoch(), 3);
    QVERIFY(stage.panel->layerPlot()->title().contains("epoch 3"));
    QTest::mouseClick(stage.child<QToolButton>("live"), Qt::LeftButton);
    QVERIFY(scrubber->isLive());
    QTRY_VERIFY(stage.panel->layerPlot()->title().contains("epoch 5"));
}

void TestWeightsPanel::oneKeyReturnsToLive() {
    for (const Qt::Key key : {Qt::Key_L, Qt::Key_End}) {
        Stage stage("inq3");
        stage.panel->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(stage.panel.get()));
        stage.panel->layerPlot()->setFocus();
        stage.panel->scrubber()->stepBack();
        stage.panel->scrubber()->stepBack();
        QVERIFY(!stage.panel->scrubber()->isLive());
        QTest::keyClick(stage.panel->layerPlot(), key);
        QVERIFY(stage.panel->scrubber()->isLive());
    }
}

void TestWeightsPanel::watchesOnlyWhileVisibleAndLive() {
    Stage stage("inq3");
    QCOMPARE(stage.source.watched(), QSet<QString>{"inq3"});
    stage.panel->scrubber()->stepBack();
    QVERIFY(stage.source.watched().isEmpty());
    stage.panel->scrubber()->goLive();
    stage.source.setCurrentRun("inq5");
    QCOMPARE(stage.source.watched(), QSet<QString>{"inq5"});
    stage.panel->hide();
    QVERIFY(stage.source.watched().isEmpty());
    stage.panel->show();
    stage.panel.reset();
    QVERIFY(stage.source.watched().isEmpty());
}

void TestWeightsPanel::pinsOverlayAndLeaveByChip() {
    Stage stage("inq5");
    QTest::mouseClick(stage.child<QToolButton>("pin"), Qt::LeftButton);
    QTest::mouseClick(stage.child<QToolButton>("pin"), Qt::LeftButton); // the same once more: still one
    QCOMPARE(stage.panel->pinBar()->pins().size(), 1);
    const LayerSnapshot pinned = stage.shown();
    stage.source.setCurrentRun("inq3");
    QTRY_COMPARE(stage.panel->layerPlot()->findSeries("marks")->x.size(), qsizetype(5));
    const PlotSeries* overlay = stage.panel->layerPlot()->findSeries("pin0/levels");
    QVERIFY(overlay);
    QCOMPARE(overlay->y.size(), qsizetype(pinned.levels.size()));
    QCOMPARE(overlay->y[0], double(pinned.levels[0].count));
    QVERIFY(overlay->label.contains("INQ 5 bits") && overlay->label.contains("epoch 12"));
    QCOMPARE(overlay->colour, Theme::current().runColour(1));
    QTest::mouseClick(stage.child<QToolButton>("chip0"), Qt::LeftButton);
    QVERIFY(stage.panel->pinBar()->pins().isEmpty());
    QVERIFY(!stage.panel->layerPlot()->findSeries("pin0/levels"));
}

void TestWeightsPanel::rangeIsRobustLockableAndShared() {
    LayerSnapshot layer;
    layer.elements = 100001;
    layer.latent = {-10, 10, std::vector<std::int64_t>(20, 0), 0, 0};
    layer.latent.counts[10] = 100000;
    layer.latent.counts[19] = 1; // one weight far out
    QVERIFY(weightRange(layer, WeightMode::Both)->high < 1.2);

    Stage stage("inq5");
    stage.panel->setLayer("conv1.weight");
    QTRY_VERIFY(stage.panel->layerPlot()->title().startsWith("conv1.weight"));
    const ValueRange own = stage.panel->layerPlot()->xRange();
    QTest::mouseClick(stage.child<QToolButton>("shareRange"), Qt::LeftButton);
    const ValueRange shared = stage.panel->layerPlot()->xRange();
    QVERIFY(shared.high - shared.low > own.high - own.low);
    stage.panel->setLayer("fc.weight");
    QTRY_VERIFY(stage.panel->layerPlot()->title().startsWith("fc.weight"));
    QCOMPARE(stage.panel->layerPlot()->xRange(), shared);
    QTest::mouseClick(stage.child<QToolButton>("lock"), Qt::LeftButton);
    QTest::mouseClick(stage.child<QToolButton>("shareRange"), Qt::LeftButton);
    QCOMPARE(stage.panel->layerPlot()->xRange(), shared);
    QTest::mouseClick(stage.child<QToolButton>("reset"), Qt::LeftButton);
    QVERIFY(stage.panel->layerPlot()->xRange() != shared);
}

void TestWeightsPanel::gridOpensALayer() {
    Stage stage("inq5");
    auto* views = stage.child<QTabWidget>("views");
    views->setCurrentIndex(1);
    LayerGrid* grid = stage.panel->layerGrid();
    QCOMPARE(grid->model()->rowCount(), 8);
    const QImage picture = grid->grab().toImage();
    const QPoint centre = grid->visualRect(grid->model()->index(4, 0)).center();
    QVERIFY(picture.rect().contains(centre));
    QTest::mouseClick(grid->viewport(), Qt::LeftButton, {}, centre);
    QCOMPARE(stage.panel->layer(), QStringLiteral("layer2.0.conv2.weight"));
    QTest::keyClick(grid, Qt::Key_Return);
    QCOMPARE(views->currentIndex(), 0);
    QTRY_VERIFY(stage.panel->layerPlot()->title().startsWith("layer2.0.conv2.weight"));
}

void TestWeightsPanel::ridgesAndHeatMapShowTheEpochs() {
    Stage stage("rdhs-a");
    stage.child<QTabWidget>("views")->setCurrentIndex(2);
    QTRY_COMPARE(stage.panel->ridgePlot()->bands().size(), 13); // epochs 0 … 12
    const PlotSeries* stems = stage.panel->ridgePlot()->findSeries("stems");
    QVERIFY(stems);
    QVERIFY(stems->x.contains(-1.0) && stems->x.contains(1.0));
    QCOMPARE(stage.panel->ridgePlot()->plotYAxis().title, QStringLiteral("epoch"));
    stage.child<QTabWidget>("views")->setCurrentIndex(3);
    QTRY_COMPARE(stage.panel->heatMap()->heatMap().rows, 13);
    const HeatMap& map = stage.panel->heatMap()->heatMap();
    const double row = std::accumulate(map.cells.begin(), map.cells.begin() + map.columns, 0.0);
    QVERIFY2(row > 99 && row < 100.0001, qPrintable(QString::number(row)));
    stage.panel->setMode(WeightMode::Quantized);
    QCOMPARE(stage.panel->heatMap()->heatMap().rows, 0);
    qsizetype dots = 0;
    for (const PlotSeries& series : stage.panel->heatMap()->series())
        dots += series.x.size();
    QCOMPARE(dots, qsizetype(2 * 13));
}

void TestWeightsPanel::historyIsFetchedInPieces() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    SnapshotHistory history(&source);
    history.setRun("inq5");
    history.want(5);
    QVERIFY(history.snapshots().isEmpty() && !history.isComplete());
    QTRY_VERIFY(history.isComplete());
    QCOMPARE(history.snapshots().keys(), (QList<qint64>{0, 3, 6, 9, 12}));
    history.setRun("inq3");
    QVERIFY(history.snapshots().isEmpty());
}

void TestWeightsPanel::waitsForWhatIsBeingRead() {
    Stage stage("inq5");
    stage.source.readInBackground();
    stage.panel->scrubber()->setEpochs(stage.source.snapshotEpochs("inq5"));
    for (int i = 0; i < 8; ++i)
        stage.panel->scrubber()->stepBack();
    QCOMPARE(stage.panel->scrubber()->epoch(), 5);
    QVERIFY(!stage.panel->exportFormats().isEmpty()); // what was there stays
    QTRY_VERIFY(stage.panel->layerPlot()->title().contains("epoch 5"));
    stage.child<QTabWidget>("views")->setCurrentIndex(2);
    QTRY_COMPARE(stage.panel->ridgePlot()->bands().size(), 13);
}

void TestWeightsPanel::latentSharesKeepTheWeights() {
    LayerSnapshot layer;
    layer.elements = 10;
    layer.latent = {0, 4, {1, 2, 3, 4}, 0, 0};
    const QVector<double> same = latentShares(layer, {0, 4}, 4);
    QCOMPARE(same, (QVector<double>{0.1, 0.2, 0.3, 0.4}));
    const QVector<double> halves = latentShares(layer, {0, 4}, 8);
    for (int i = 0; i < 8; ++i)
        QVERIFY(std::abs(halves[i] - same[i / 2] / 2) < 1e-12);
    const QVector<double> shifted = latentShares(layer, {-1, 3}, 2);
    QVERIFY(std::abs(shifted[0] - 0.1) < 1e-12 && std::abs(shifted[1] - 0.5) < 1e-12);
}

void TestWeightsPanel::emptyStatesSayWhatFillsThem() {
    FakeSource source;
    WeightsPanel panel(&source);
    panel.show();
    QVERIFY(panel.findChild<QLabel*>("emptyText")->text().contains("Runs table"));
    QVERIFY(panel.exportFormats().isEmpty());
    auto* button = panel.findChild<QToolButton*>("emptyButton");
    QVERIFY(!button->isVisible());
    FakeSource::Run queued;
    queued.row.id = QStringLiteral("q");
    queued.row.name = QStringLiteral("Queued run");
    source.add(queued);
    QTRY_VERIFY(button->isVisible());
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(source.currentRun(), QStringLiteral("q"));
    QTRY_VERIFY(panel.findChild<QLabel*>("emptyText")->text().contains("Queued run"));
    source.addEpoch("q", test::makeSnapshot("inq", 3, 1, 1));
    QTRY_VERIFY(!panel.exportFormats().isEmpty());
}

void TestWeightsPanel::exportsExactCounts() {
    Stage stage("inq5");
    QTemporaryDir folder;
    for (const QString& format : stage.panel->exportFormats())
        stage.panel->exportTo(folder.filePath("weights." + format));
    const QString csv = QString::fromUtf8(contents(folder.filePath("weights.csv")));
    QVERIFY(csv.startsWith("run,layer,epoch,step,what,low,high,count,value\n"));
    for (const LevelCount& level : stage.shown().levels) {
        const QString value = QString::number(level.value, 'g', QLocale::FloatingPointShortest);
        const QString line = QStringLiteral("INQ 5 bits,layer1.0.conv1.weight,12,1200,quantized,%1,%1,%2,\n")
                                 .arg(value)
                                 .arg(level.count);
        QVERIFY2(csv.contains(line), qPrintable(line));
    }
    const QByteArray svg = contents(folder.filePath("weights.svg"));
    QVERIFY(svg.contains("weight value") && svg.contains("count per bin or level") &&
            svg.contains("what the optimizer moves"));
    QVERIFY(contents(folder.filePath("weights.pdf")).startsWith("%PDF-"));
    stage.child<QTabWidget>("views")->setCurrentIndex(1);
    stage.panel->exportTo(folder.filePath("all.svg"));
    QVERIFY(contents(folder.filePath("all.svg")).contains("layer3.0.conv2.weight"));
}

QTEST_MAIN(TestWeightsPanel)
#include "tst_weights_panel.moc"
