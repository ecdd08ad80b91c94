// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include <QCheckBox>
#include <QComboBox>
#include <QFile>
#include <QLabel>
#include <QSignalSpy>
#include <QSlider>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include "tests/widgets/panels/fake_source.h"
#include "widgets/curves/curves_panel.h"

using namespace quantarium;
using namespace quantarium::widgets;
using test::FakeSource;

namespace {

QByteArray contents(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

class TestCurvesPanel : public QObject {
    Q_OBJECT
private slots:
    void seriesNamesAreTakenApart();
    void smoothingIsAnUnbiasedAverage();
    void meanBandHasSampleDeviation();
    void showsCheckedRunsInTheirColours();
    void unticking();
    void axisChangesWhereEpochsLie();
    void smoothingKeepsTheRawCurveBehind();
    void meansReplaceTheRunsOfAGroup();
    void oneLegendForAllPlots();
    void aLongLegendIsCut();
    void noAxisBeforeTheFirstEpoch();
    void newEpochsAppear();
    void cursorIsSharedByAllPlots();
    void zoomIsSharedByAllPlots();
    void lockHoldsTheRanges();
    void emptyStateHasAButtonThatFillsIt();
    void anyQuantityCanBeShown();
    void exportsExactNumbers();
};

void TestCurvesPanel::seriesNamesAreTakenApart() {
    QCOMPARE(parseSeriesName("train_loss").quantity, QStringLiteral("loss"));
    QCOMPARE(parseSeriesName("train_loss").part, QStringLiteral("train"));
    QCOMPARE(parseSeriesName("validation_top1_mixed").quantity, QStringLiteral("top1"));
    QVERIFY(parseSeriesName("validation_top1_mixed").part != QStringLiteral("validation"));
    QCOMPARE(parseSeriesName("learning_rate").quantity, QStringLiteral("learning_rate"));
    QVERIFY(parseSeriesName("learning_rate").part.isEmpty());
}

void TestCurvesPanel::smoothingIsAnUnbiasedAverage() {
    const QVector<double> constant(5, 3.0);
    for (const double value : smoothed(constant, 0.9))
        QVERIFY(std::abs(value - 3) < 1e-12);
    // by hand: s1 = 0.5·2 = 1, 1/(1 − 0.5) = 2; s2 = 0.5·1 + 0.5·4 = 2.5, 2.5/(1 − 0.25) = 10/3
    const QVector<double> two = smoothed({2, 4}, 0.5);
    QVERIFY(std::abs(two[0] - 2) < 1e-12 && std::abs(two[1] - 10.0 / 3) < 1e-12);
    QCOMPARE(smoothed({1, 7}, 0), (QVector<double>{1, 7}));
    const QVector<double> gap = smoothed({2, std::nan(""), 2}, 0.5);
    QVERIFY(std::isnan(gap[1]) && std::abs(gap[2] - 2) < 1e-12);
}

void TestCurvesPanel::meanBandHasSampleDeviation() {
    const MeanBand band = meanBand({{{1, 2, 3}, {1, 2, 9}}, {{1, 2}, {3, 6}}});
    QCOMPARE(band.mean, (QVector<double>{2, 4}));
    QVERIFY(std::abs(band.high[0] - band.mean[0] - std::sqrt(2.0)) < 1e-12);
    QVERIFY(std::abs(band.mean[1] - band.low[1] - std::sqrt(8.0)) < 1e-12);
}

void TestCurvesPanel::showsCheckedRunsInTheirColours() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    CurvesPanel panel(&source);
    PlotView* top1 = panel.plot("top1");
    const PlotSeries* validation = top1->findSeries("inq5/validation_top1");
    const PlotSeries* training = top1->findSeries("inq5/train_top1");
    QVERIFY(validation && training);
    QCOMPARE(validation->y, source.series("inq5", "validation_top1").y);
    QCOMPARE(validation->pen, Qt::SolidLine);
    QCOMPARE(training->pen, Qt::DashLine);
    QCOMPARE(validation->colour.rgb(), top1->theme().runColour(1).rgb());
    QVERIFY(!top1->findSeries("inq3/validation_top1"));
    QCOMPARE(top1->plotYAxis().title, QStringLiteral("top-1 accuracy (%)"));
}

void TestCurvesPanel::unticking() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    CurvesPanel panel(&source);
    panel.show();
    source.setChecked("inq5", false);
    source.setChecked("inq3", true);
    QTRY_VERIFY(panel.plot("loss")->findSeries("inq3/validation_loss"));
    QVERIFY(!panel.plot("loss")->findSeries("inq5/validation_loss"));
}

void TestCurvesPanel::axisChangesWhereEpochsLie() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    CurvesPanel panel(&source);
    auto* axis = panel.findChild<QComboBox*>("axisBox");
    axis->setCurrentIndex(int(CurveAxis::Step));
    QCOMPARE(panel.plot("top1")->findSeries("inq5/validation_top1")->x[2], 3.0 * test::kStepsPerEpoch);
    QCOMPARE(panel.plot("loss")->findSeries("inq5/step")->x.last(), 12.0 * test::kStepsPerEpoch);
    axis->setCurrentIndex(int(CurveAxis::Seconds));
    QCOMPARE(panel.plot("top1")->findSeries("inq5/validation_top1")->x, source.epochSeconds("inq5").y);
    QVERIFY(std::abs(panel.plot("loss")->findSeries("inq5/step")->x.last() -
                     source.epochSeconds("inq5").y.last()) < 1e-9);
    axis->setCurrentIndex(int(CurveAxis::Epoch));
    QCOMPARE(panel.plot("loss")->findSeries("inq5/step")->x.last(), 12.0);
}

void TestCurvesPanel::smoothingKeepsTheRawCurveBehind() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    CurvesPanel panel(&source);
    panel.show();
    PlotView* loss = panel.plot("loss");
    QCOMPARE(loss->findSeries("inq5/step raw")->y, source.stepLosses("inq5").y);
    QCOMPARE(loss->findSeries("inq5/step")->y, smoothed(source.stepLosses("inq5").y, 0.9));
    QTest::keyClick(panel.findChild<QSlider*>("smoothing"), Qt::Key_Home);
    QTRY_VERIFY(!loss->findSeries("inq5/step raw"));
    QCOMPARE(loss->findSeries("inq5/step")->y, source.stepLosses("inq5").y);
}

void TestCurvesPanel::meansReplaceTheRunsOfAGroup() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    CurvesPanel panel(&source);
    panel.show();
    QTest::mouseClick(panel.findChild<QCheckBox*>("means"), Qt::LeftButton, {}, QPoint(8, 8));
    PlotView* top1 = panel.plot("top1");
    const PlotSeries* mean = top1->findSeries("rdhs/mean/validation_top1");
    QVERIFY(mean);
    const double a = source.series("rdhs-a", "validation_top1").y[4],
                 b = source.series("rdhs-b", "validation_top1").y[4];
    QVERIFY(std::abs(mean->y[4] - (a + b) / 2) < 1e-12);
    QVERIFY(!top1->findSeries("rdhs-a/validation_top1")->inLegend);
    QCOMPARE(top1->bands().size(), 2); // validation and training
}

void TestCurvesPanel::oneLegendForAllPlots() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    CurvesPanel panel(&source);
    panel.setQuantityShown("temperature", true);
    const auto inLegend = [&](const char* quantity) {
        QStringList ids;
        for (const PlotSeries& one : panel.plot(quantity)->series())
            if (one.inLegend) ids.append(one.id);
        return ids;
    };
    for (const char* run : {"float", "inq5", "rdhs-a", "rdhs-b"})
        QVERIFY2(inLegend("loss").contains(QString::fromLatin1(run) + "/validation_loss"), run);
    QVERIFY(inLegend("top1").isEmpty() && inLegend("temperature").isEmpty());
    panel.setQuantityShown("loss", false);
    QVERIFY(inLegend("top1").contains("float/validation_top1")); // the first plot has it
}

void TestCurvesPanel::aLongLegendIsCut() {
    FakeSource source;
    for (int i = 0; i < 20; ++i) {
        const auto id = QStringLiteral("run%1").arg(i);
        source.add(test::makeRun(id, id, "float", 32, 1, 1));
        source.setChecked(id, true);
    }
    CurvesPanel panel(&source);
    int runs = 0;
    for (const PlotSeries& one : panel.plot("loss")->series())
        runs += one.inLegend && !one.id.startsWith("key/");
    QCOMPARE(runs, 12);
    QCOMPARE(panel.plot("loss")->findSeries("key/rest")->label, QStringLiteral("… and 8 more"));
}

void TestCurvesPanel::noAxisBeforeTheFirstEpoch() {
    FakeSource source;
    auto run = test::makeRun("new", "New run", "inq", 5, 1, 1);
    run.series.clear();
    run.steps.x.resize(10); // a tenth of an epoch
    run.steps.y.resize(10);
    source.add(run);
    source.setChecked("new", true);
    CurvesPanel panel(&source);
    PlotView* top1 = panel.plot("top1");
    QVERIFY(top1->isEmpty());
    QVERIFY(!top1->yAxis->tickLabels() && !top1->xAxis->tickLabels());
    const PlotSeries* steps = panel.plot("loss")->findSeries("new/step");
    QVERIFY(panel.plot("loss")->yAxis->tickLabels());
    QVERIFY(steps && steps->inLegend);
    QCOMPARE(panel.plot("loss")->xRange().high, 1.0); // where the first tick stands
    QCOMPARE(steps->label, QStringLiteral("New run"));
    source.at("new").series["validation_top1"] = {{1}, {50}};
    emit source.seriesChanged("new");
    panel.show();
    QTRY_VERIFY(top1->yAxis->tickLabels());
}

void TestCurvesPanel::newEpochsAppear() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    CurvesPanel panel(&source);
    panel.show();
    source.at("inq5").series["validation_top1"].x.append(13);
    source.at("inq5").series["validation_top1"].y.append(88.8);
    emit source.seriesChanged("inq5");
    QTRY_COMPARE(panel.plot("top1")->findSeries("inq5/validation_top1")->y.last(), 88.8);
    QVERIFY(panel.plot("top1")->xRange().high >= 13);
}

void TestCurvesPanel::cursorIsSharedByAllPlots() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    CurvesPanel panel(&source);
    panel.resize(900, 700);
    panel.show();
    PlotView* loss = panel.plot("loss");
    loss->replot();
    QTest::mouseMove(loss, QPoint(int(loss->xAxis->coordToPixel(5)), loss->axisRect()->center().y()));
    QTRY_VERIFY(loss->cursor().has_value());
    QCOMPARE(panel.plot("top1")->cursor(), loss->cursor());
    bool found = false;
    for (const CursorReading& reading : panel.plot("top1")->cursorReadings()) {
        if (reading.label != QStringLiteral("INQ 5 bits · validation")) continue;
        found = true;
        QCOMPARE(reading.y, source.series("inq5", "validation_top1").y[4]);
    }
    QVERIFY(found);
}

void TestCurvesPanel::zoomIsSharedByAllPlots() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    CurvesPanel panel(&source);
    panel.show();
    const ValueRange accuracy = panel.plot("top1")->yRange();
    QTest::keyClick(panel.plot("loss"), Qt::Key_Plus);
    QCOMPARE(panel.plot("top1")->xRange(), panel.plot("loss")->xRange());
    QCOMPARE(panel.plot("top1")->yRange(), accuracy);
    QTest::mouseClick(panel.findChild<QToolButton*>("reset"), Qt::LeftButton);
    QVERIFY(panel.plot("loss")->xRange().high >= 12);
    QVERIFY(!panel.plot("top1")->isZoomed());
}

void TestCurvesPanel::lockHoldsTheRanges() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    CurvesPanel panel(&source);
    panel.show();
    QTest::mouseClick(panel.findChild<QToolButton*>("lock"), Qt::LeftButton);
    const ValueRange before = panel.plot("top1")->xRange();
    source.at("inq5").series["validation_top1"].x.append(40);
    source.at("inq5").series["validation_top1"].y.append(88.8);
    emit source.seriesChanged("inq5");
    QTRY_COMPARE(panel.plot("top1")->findSeries("inq5/validation_top1")->x.last(), 40.0);
    QCOMPARE(panel.plot("top1")->xRange(), before);
}

void TestCurvesPanel::emptyStateHasAButtonThatFillsIt() {
    FakeSource source;
    source.add(test::makeRun("a", "Only run", "float", 32, 3, 1));
    source.setCurrentRun("a");
    CurvesPanel panel(&source);
    panel.resize(800, 600);
    panel.show();
    auto* button = panel.findChild<QToolButton*>("emptyButton");
    QVERIFY(button->isVisible());
    QVERIFY(panel.findChild<QLabel*>("emptyText")->text().contains("Runs table"));
    QVERIFY(panel.exportFormats().isEmpty());
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(source.checkedRuns(), QStringList{"a"});
    QTRY_VERIFY(!button->isVisible());
    QVERIFY(panel.plot("loss")->findSeries("a/validation_loss"));
}

void TestCurvesPanel::anyQuantityCanBeShown() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    CurvesPanel panel(&source);
    QVERIFY(!panel.plot("temperature"));
    panel.setQuantityShown("temperature", true);
    QCOMPARE(panel.plot("temperature")->findSeries("rdhs-a/temperature")->y,
             source.series("rdhs-a", "temperature").y);
    QCOMPARE(panel.plot("temperature")->plotYAxis().title, QStringLiteral("temperature τ"));
    panel.setQuantityShown("temperature", false);
    QVERIFY(!panel.plot("temperature"));
}

void TestCurvesPanel::exportsExactNumbers() {
    FakeSource source;
    fillFirstLook(source, "inq5");
    CurvesPanel panel(&source);
    panel.resize(1000, 700);
    panel.show();
    QTemporaryDir folder;
    for (const QString& format : panel.exportFormats())
        panel.exportTo(folder.filePath("curves." + format));
    const QString csv = QString::fromUtf8(contents(folder.filePath("curves.csv")));
    const double value = source.series("inq5", "validation_top1").y[2];
    const QString line = QStringLiteral("top-1 accuracy (%),INQ 5 bits · validation,3,") +
                         QString::number(value, 'g', QLocale::FloatingPointShortest);
    QVERIFY2(csv.contains(line), qPrintable(line));
    QVERIFY(csv.startsWith("quantity,series,epoch,value\n"));
    const QByteArray svg = contents(folder.filePath("curves.svg"));
    QVERIFY(svg.contains("top-1 accuracy (%)") && svg.contains("epoch") && svg.contains("loss"));
    QVERIFY(contents(folder.filePath("curves.pdf")).startsWith("%PDF-"));
    QVERIFY(contents(folder.filePath("curves.png")).startsWith("\x89PNG"));
}

QTEST_MAIN(TestCurvesPanel)
#include "tst_curves_panel.moc"
