// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <limits>

#include <QElapsedTimer>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "core/base/error.h"
#include "widgets/plot/decimation.h"
#include "widgets/plot/figure_file.h"
#include "widgets/plot/number_text.h"
#include "widgets/plot/plot_view.h"
#include "widgets/plot/refresh_pace.h"
#include "widgets/plot/robust_range.h"

using namespace quantarium;
using namespace quantarium::widgets;

namespace {

LinePoints longLine(qsizetype size) {
    LinePoints line;
    for (qsizetype i = 0; i < size; ++i) {
        line.x.append(double(i));
        line.y.append(std::sin(double(i) * 0.001));
    }
    return line;
}

PlotSeries lineSeries(const QString& id, const QVector<double>& x, const QVector<double>& y) {
    PlotSeries series{id, id + QStringLiteral(" label"), x, y};
    series.colour = Qt::blue;
    return series;
}

QByteArray contents(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// Whether any pixel of an area differs from the background.
bool hasInk(const QImage& image, const QRect& area, const QColor& background) {
    for (int y = area.top(); y <= area.bottom(); ++y) {
        for (int x = area.left(); x <= area.right(); ++x) {
            if (image.pixelColor(x, y).rgb() != background.rgb()) return true;
        }
    }
    return false;
}

} // namespace

class TestPlotView : public QObject {
    Q_OBJECT
private slots:
    void decimationKeepsExtremes();
    void newsFromARunIsDrawnCalmly();
    void hiddenPanelsWaitUntilTheyAreShown();
    void decimationKeepsShortLinesAndGaps();
    void robustRangeIgnoresOneOutlier();
    void robustRangeKeepsWhatIsNear();
    void robustBinRangeLeavesThinTailsOut();
    void homeRangeFollowsDataUntilLocked();
    void personsZoomStaysUntilReset();
    void wheelOverAnAxisZoomsThatAxisAlone();
    void shiftDragZoomsIntoABox();
    void cursorReadsEverySeries();
    void cursorReadsTheBinItStandsIn();
    void arrowsMoveTheCursorFromSampleToSample();
    void replotsAreCoalesced();
    void seriesKeepTheirPlottableAndDisappear();
    void emptyTextShowsOnlyWithoutData();
    void filesHoldTheFigure();
    void svgLinesStayInsideTheAxes();
    void fileErrorsNameTheFile();
    void numbersAreExactInFiles();
};

void TestPlotView::decimationKeepsExtremes() {
    LinePoints line = longLine(100000);
    line.y[41234] = 50;
    line.y[77777] = -40;
    const LinePoints thin = decimated(line, 0, 99999, 300);
    QVERIFY(thin.x.size() <= 5 * 300 + 2);
    QVERIFY(std::is_sorted(thin.x.begin(), thin.x.end()));
    const auto spike = thin.y.indexOf(50.0), dip = thin.y.indexOf(-40.0);
    QVERIFY(spike >= 0 && dip >= 0);
    QCOMPARE(thin.x[spike], 41234.0);
    QCOMPARE(thin.x[dip], 77777.0);
    QCOMPARE(thin.x.first(), 0.0);
    QCOMPARE(thin.x.last(), 99999.0);
    for (qsizetype i = 0; i < thin.x.size(); ++i)
        QCOMPARE(thin.y[i], line.y[qsizetype(thin.x[i])]);
}

void TestPlotView::decimationKeepsShortLinesAndGaps() {
    const LinePoints brief{{1, 2, 3}, {4, 5, 6}};
    QCOMPARE(decimated(brief, 0, 10, 100).x, brief.x);
    LinePoints line = longLine(20000);
    line.y[12000] = std::nan("");
    const LinePoints thin = decimated(line, 0, 19999, 100);
    QCOMPARE(std::count_if(thin.y.begin(), thin.y.end(), [](double y) { return std::isnan(y); }), 1);
    const LinePoints part = decimated(line, 100, 200, 100); // zoomed in: every point, and one on either side
    QCOMPARE(part.x.first(), 99.0);
    QCOMPARE(part.x.last(), 201.0);
    QCOMPARE(part.x.size(), qsizetype(103));
}

void TestPlotView::robustRangeIgnoresOneOutlier() {
    QVector<double> losses{1000};
    for (int i = 0; i < 100; ++i)
        losses.append(2 - 0.01 * i);
    losses.append(std::numeric_limits<double>::infinity());
    const auto range = robustRange(losses);
    QVERIFY(range.has_value());
    QVERIFY2(range->high < 2.2, qPrintable(QString::number(range->high)));
    QVERIFY(range->low > 0.9 && range->low <= 1.01);
}

void TestPlotView::robustRangeKeepsWhatIsNear() {
    QVector<double> losses{2.6};
    for (int i = 0; i < 50; ++i)
        losses.append(2 - 0.02 * i);
    QVERIFY(robustRange(losses)->high >= 2.6);
    QCOMPARE(robustRange({}), std::nullopt);
    const auto constant = robustRange({0.1, 0.1, 0.1});
    QVERIFY(constant->low < 0.1 && constant->high > 0.1);
}

void TestPlotView::robustBinRangeLeavesThinTailsOut() {
    const QVector<double> edges{-3, -2, -1, 0, 1, 2, 3};
    const auto range = robustBinRange(edges, {1, 0, 5000, 5000, 20, 0});
    QCOMPARE(range->low, -1.0);
    QCOMPARE(range->high, 2.0);
    QCOMPARE(robustBinRange(edges, {0, 0, 0, 0, 0, 0}), std::nullopt);
}

void TestPlotView::homeRangeFollowsDataUntilLocked() {
    PlotView view;
    view.setSeries({lineSeries("a", {0, 10}, {0, 1})});
    QVERIFY(view.xRange().high >= 10 && view.xRange().high < 11);
    view.setRangeLocked(true);
    const ValueRange locked = view.xRange();
    view.setSeries({lineSeries("a", {0, 100}, {0, 1})});
    QCOMPARE(view.xRange(), locked);
    view.setRangeLocked(false);
    QVERIFY(view.xRange().high >= 100);
}

void TestPlotView::personsZoomStaysUntilReset() {
    PlotView view;
    view.resize(400, 300);
    view.show();
    view.setSeries({lineSeries("a", {0, 10}, {0, 1})});
    QTest::keyClick(&view, Qt::Key_Plus);
    const ValueRange zoomed = view.xRange();
    QVERIFY(zoomed.high - zoomed.low < 10);
    view.setSeries({lineSeries("a", {0, 20}, {0, 1})});
    QCOMPARE(view.xRange(), zoomed);
    QTest::keyClick(&view, Qt::Key_Home);
    QVERIFY(view.xRange().high >= 20);
    QTest::keyClick(&view, Qt::Key_Plus);
    view.flush();
    QTest::mouseDClick(&view, Qt::LeftButton, {}, view.axisRect()->center());
    QVERIFY(view.xRange().high >= 20);
}

void TestPlotView::wheelOverAnAxisZoomsThatAxisAlone() {
    PlotView view;
    view.resize(400, 300);
    view.setSeries({lineSeries("a", {0, 10}, {0, 1})});
    view.replot();
    const ValueRange x = view.xRange(), y = view.yRange();
    const QPointF below(view.axisRect()->center().x(), view.axisRect()->bottom() + 10);
    QWheelEvent wheel(below, below, {}, {0, 120}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
    QApplication::sendEvent(&view, &wheel);
    QVERIFY(view.xRange().high - view.xRange().low < x.high - x.low);
    QCOMPARE(view.yRange(), y);
}

void TestPlotView::shiftDragZoomsIntoABox() {
    PlotView view;
    view.resize(400, 300);
    view.show();
    view.setSeries({lineSeries("a", {0, 10}, {0, 1})});
    view.replot();
    const QPoint from(int(view.xAxis->coordToPixel(2)), int(view.yAxis->coordToPixel(0.8)));
    const QPoint to(int(view.xAxis->coordToPixel(4)), int(view.yAxis->coordToPixel(0.2)));
    QTest::mousePress(&view, Qt::LeftButton, Qt::ShiftModifier, from);
    QTest::mouseMove(&view, to);
    QTest::mouseRelease(&view, Qt::LeftButton, Qt::ShiftModifier, to);
    QVERIFY2(std::abs(view.xRange().low - 2) < 0.1 && std::abs(view.xRange().high - 4) < 0.1,
             qPrintable(QStringLiteral("%1 … %2").arg(view.xRange().low).arg(view.xRange().high)));
    QVERIFY(std::abs(view.yRange().low - 0.2) < 0.02 && std::abs(view.yRange().high - 0.8) < 0.02);
}

void TestPlotView::cursorReadsEverySeries() {
    PlotView view;
    PlotSeries silent = lineSeries("c", {0, 5}, {9, 9});
    silent.inCursor = false;
    view.setSeries(
        {lineSeries("a", {0, 1, 2, 3}, {10, 11, 12, 13}), lineSeries("b", {0, 2}, {5, 7}), silent});
    view.setCursor(1.8);
    const auto readings = view.cursorReadings();
    QCOMPARE(readings.size(), 2);
    QCOMPARE(readings[0].y, 12.0);
    QCOMPARE(readings[1].y, 7.0);
    QCOMPARE(readings[0].label, QStringLiteral("a label"));
    view.setCursor(std::nullopt);
    QVERIFY(view.cursorReadings().isEmpty());
}

void TestPlotView::cursorReadsTheBinItStandsIn() {
    PlotView view;
    PlotSeries bins{QStringLiteral("h"), QStringLiteral("h"), {0, 1, 2, 3}, {7, 8, 9, 0}};
    bins.style = SeriesStyle::Steps;
    view.setSeries({bins});
    view.setCursor(1.9);
    QCOMPARE(view.cursorReadings().first().y, 8.0);
    view.setCursor(2.0);
    QCOMPARE(view.cursorReadings().first().y, 9.0);
    view.setCursor(3.5);
    QVERIFY(view.cursorReadings().isEmpty());
}

void TestPlotView::arrowsMoveTheCursorFromSampleToSample() {
    PlotView view;
    view.show();
    view.setSeries({lineSeries("a", {0, 4, 9}, {1, 2, 3})});
    QTest::keyClick(&view, Qt::Key_Right);
    QCOMPARE(view.cursor(), std::optional(0.0));
    QTest::keyClick(&view, Qt::Key_Right);
    QCOMPARE(view.cursor(), std::optional(4.0));
    QTest::keyClick(&view, Qt::Key_Left);
    QCOMPARE(view.cursor(), std::optional(0.0));
    QTest::keyClick(&view, Qt::Key_Escape);
    QCOMPARE(view.cursor(), std::optional<double>());
}

void TestPlotView::replotsAreCoalesced() {
    PlotView view;
    view.flush();
    QSignalSpy replots(&view, &QCustomPlot::afterReplot);
    for (int i = 0; i < 50; ++i)
        view.setSeries({lineSeries("a", {0, double(i + 1)}, {0, 1})});
    QCOMPARE(replots.size(), 0);
    QVERIFY(replots.wait(2000));
    QCOMPARE(replots.size(), 1);
    QCOMPARE(static_cast<QCPGraph*>(view.plottable(0))->dataMainKey(1), 50.0);
}

void TestPlotView::seriesKeepTheirPlottableAndDisappear() {
    PlotView view;
    view.setSeries({lineSeries("a", {0, 1}, {0, 1}), lineSeries("b", {0, 1}, {1, 0})});
    QCPAbstractPlottable* b = view.plottable(1);
    view.setSeries({lineSeries("b", {0, 2}, {1, 0})});
    QCOMPARE(view.plottableCount(), 1);
    QCOMPARE(view.plottable(0), b);
    QCOMPARE(view.legend->itemCount(), 1);
    QVERIFY(view.findSeries("a") == nullptr);
}

void TestPlotView::emptyTextShowsOnlyWithoutData() {
    PlotView view;
    view.setEmptyText(QStringLiteral("nothing yet"));
    QVERIFY(view.isEmpty());
    PlotSeries marks = lineSeries("m", {1}, {});
    marks.style = SeriesStyle::Marks;
    view.setSeries({marks});
    QVERIFY(view.isEmpty());
    view.setSeries({lineSeries("a", {0}, {0})});
    QVERIFY(!view.isEmpty());
}

void TestPlotView::filesHoldTheFigure() {
    QTemporaryDir folder;
    QWidget page;
    PlotView view(&page);
    page.resize(500, 320);
    view.resize(500, 320);
    view.setXAxis({QStringLiteral("epoch")});
    view.setYAxis({QStringLiteral("top-1 accuracy (%)")});
    view.setSeries({lineSeries("run", {1, 2, 3}, {50, 60, 65})});
    for (const char* ending : {"svg", "pdf", "png"}) {
        writeFigure(pageOf(page, QStringLiteral("Accuracy"), Qt::white),
                    folder.filePath(QStringLiteral("f.") + QLatin1String(ending)));
    }
    const QByteArray svg = contents(folder.filePath("f.svg"));
    QVERIFY(svg.startsWith("<?xml"));
    for (const char* text : {"epoch", "top-1 accuracy (%)", "run label", "Accuracy"})
        QVERIFY2(svg.contains(text), text);
    const QByteArray pdf = contents(folder.filePath("f.pdf"));
    QVERIFY(pdf.startsWith("%PDF-"));
    QVERIFY(pdf.size() > 2000);
    const QImage png(folder.filePath("f.png"));
    QCOMPARE(png.size(), QSize(1000, 640)); // two pixels for each logical one
    QVERIFY(hasInk(png, QRect(200, 100, 600, 400), view.theme().base));
}

void TestPlotView::svgLinesStayInsideTheAxes() {
    QTemporaryDir folder;
    QWidget page;
    PlotView view(&page);
    page.resize(400, 300);
    view.resize(400, 300);
    QVector<double> x, y;
    for (int i = 0; i <= 100; ++i) {
        x.append(i);
        y.append(i % 2 ? 1000 : -1000);
    }
    view.setSeries({lineSeries("zigzag", x, y)});
    view.showYRange({-1, 1});
    view.replot();
    writeFigure(pageOf(page, QStringLiteral("clip"), Qt::white), folder.filePath("f.png"), 1);
    writeFigure(pageOf(page, QStringLiteral("clip"), Qt::white), folder.filePath("f.svg"));
    const QByteArray svg = contents(folder.filePath("f.svg"));
    qsizetype from = svg.indexOf("<polyline");
    QVERIFY(from > 0);
    double highest = 0, lowest = 300;
    for (; from > 0; from = svg.indexOf("<polyline", from + 1)) {
        const qsizetype start = svg.indexOf("points=\"", from) + 8;
        for (const QByteArray& point :
             svg.mid(start, svg.indexOf('"', start) - start).simplified().split(' ')) {
            if (!point.contains(',')) continue;
            highest = std::max(highest, point.split(',')[1].toDouble());
            lowest = std::min(lowest, point.split(',')[1].toDouble());
        }
    }
    QVERIFY2(lowest >= -1 && highest <= 301, qPrintable(QStringLiteral("%1 … %2").arg(lowest).arg(highest)));
}

void TestPlotView::newsFromARunIsDrawnCalmly() {
    QWidget panel;
    int drawn = 0;
    QElapsedTimer clock;
    RefreshPace* pacer = nullptr;
    RefreshPace pace(&panel, [&] {
        ++drawn;
        pacer->refreshed();
    });
    pacer = &pace;
    panel.show();
    pace.shown();
    QCOMPARE(drawn, 1);
    clock.start();
    while (clock.elapsed() < 4 * RefreshPace::kLiveMs) {
        pace.requestLive();
        QTest::qWait(5);
    }
    // Whatever the machine does meanwhile, never more than one for each interval begun.
    QVERIFY2(drawn >= 2 && drawn <= 2 + clock.elapsed() / RefreshPace::kLiveMs,
             qPrintable(QString::number(drawn)));
    const int before = drawn;
    pace.requestLive();
    pace.request(); // a person doesn't wait for the calm pace
    QTRY_COMPARE_WITH_TIMEOUT(drawn, before + 1, 5000);
}

void TestPlotView::hiddenPanelsWaitUntilTheyAreShown() {
    QWidget panel;
    int drawn = 0;
    RefreshPace* pacer = nullptr;
    RefreshPace pace(&panel, [&] {
        ++drawn;
        pacer->refreshed();
    });
    pacer = &pace;
    pace.request();
    pace.requestLive();
    QTest::qWait(3 * RefreshPace::kSoonMs);
    QCOMPARE(drawn, 0);
    pace.shown();
    QCOMPARE(drawn, 1);
    pace.shown();
    QCOMPARE(drawn, 1);
}

void TestPlotView::fileErrorsNameTheFile() {
    QWidget page;
    page.resize(100, 100);
    const FigurePage figure = pageOf(page, QString(), Qt::white);
    for (const QString& file : {QStringLiteral("/nowhere/f.svg"), QStringLiteral("f.bmp")}) {
        try {
            writeFigure(figure, file);
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Storage);
            QCOMPARE(QString::fromStdString(error.where()), file);
        }
    }
    QVERIFY_EXCEPTION_THROWN(writeText(QStringLiteral("x"), QStringLiteral("/nowhere/f.csv")), Error);
}

void TestPlotView::numbersAreExactInFiles() {
    QCOMPARE(exactText(0.1), QStringLiteral("0.1"));
    QCOMPARE(exactText(1.0 / 3).toDouble(), 1.0 / 3);
    QCOMPARE(countText(9007199254740993), QStringLiteral("9,007,199,254,740,993"));
    QCOMPARE(csvLine({QStringLiteral("a,b"), QStringLiteral("say \"x\""), QStringLiteral("c")}),
             QStringLiteral("\"a,b\",\"say \"\"x\"\"\",c\n"));
    PlotView view;
    view.setSeries({lineSeries("a", {1}, {1.0 / 3})});
    QCOMPARE(view.csvLines({QStringLiteral("q")}), QStringLiteral("q,a label,1,0.3333333333333333\n"));
}

QTEST_MAIN(TestPlotView)
#include "tst_plot_view.moc"
