// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <limits>

#include <QFile>
#include <QLabel>
#include <QTabWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QTextDocument>

#include "tests/widgets/panels/fake_source.h"
#include "widgets/plot/plot_view.h"
#include "widgets/weights/epoch_scrubber.h"
#include "widgets/weights/own_values.h"
#include "widgets/weights/pin_bar.h"
#include "widgets/weights/weights_panel.h"

using namespace quantarium;
using namespace quantarium::widgets;
using test::FakeSource;

namespace {

constexpr const char* kLayer = "layer1.0.conv1.weight";

/// A snapshot whose quantized layers tell values that depend on the epoch; those of the last one tell none.
std::shared_ptr<const WeightSnapshot> talkingSnapshot(qint64 epoch) {
    auto snapshot = std::make_shared<WeightSnapshot>(*test::makeSnapshot("inq", 3, epoch, 1));
    for (LayerSnapshot& layer : snapshot->layers) {
        if (layer.layer != kLayer) continue;
        layer.diagnostics = {{"n1", -2}, {"clipped_share", 0.125 * double(epoch)}};
        layer.inputDiagnostics = {{"clip", 10.0 / 3}};
    }
    return snapshot;
}

/// A shown panel over one run of three epochs.
struct Stage {
    FakeSource source;
    std::unique_ptr<WeightsPanel> panel;

    Stage() {
        FakeSource::Run run;
        run.row.id = QStringLiteral("talks");
        run.row.name = QStringLiteral("Talks");
        source.add(run);
        for (qint64 epoch = 0; epoch < 3; ++epoch)
            source.addEpoch("talks", talkingSnapshot(epoch));
        source.setCurrentRun("talks");
        panel = std::make_unique<WeightsPanel>(&source);
        panel->resize(1100, 700);
        panel->show();
    }
    QLabel* label() { return panel->findChild<QLabel*>("ownValues"); }
    /// What a person reads, without marks.
    QString text() {
        QTextDocument document;
        document.setHtml(label()->text());
        return document.toPlainText().replace(QChar::Nbsp, QLatin1Char(' '));
    }
    QString csv(const QString& file) {
        panel->exportTo(file);
        QFile written(file);
        return written.open(QIODevice::ReadOnly) ? QString::fromUtf8(written.readAll()) : QString();
    }
};

} // namespace

class TestOwnValues : public QObject {
    Q_OBJECT
private slots:
    void saysWhatTheMethodsTell();
    void numbersAreForReading();
    void silentLayersShowNothing();
    void followsScrubberAndLiveWeights();
    void areExportedExactly();
};

void TestOwnValues::saysWhatTheMethodsTell() {
    Stage stage;
    QVERIFY(stage.label()->isVisible());
    QVERIFY(stage.label()->textInteractionFlags() & Qt::TextSelectableByMouse);
    const QString text = stage.text();
    QVERIFY2(text.startsWith(QStringLiteral("Method's own values")), qPrintable(text));
    const auto weights = text.indexOf(QStringLiteral("Weights"));
    const auto inputs = text.indexOf(QStringLiteral("Inputs"));
    QVERIFY(weights > 0 && inputs > weights);
    const QString ofWeights = text.mid(weights, inputs - weights);
    QVERIFY2(ofWeights.contains(QStringLiteral("clipped share = 0.25 · n1 = −2")), qPrintable(ofWeights));
    QVERIFY2(text.mid(inputs).contains(QStringLiteral("clip = 3.3333")), qPrintable(text));
}

void TestOwnValues::numbersAreForReading() {
    LayerSnapshot layer;
    layer.diagnostics = {{"a<b", std::numeric_limits<double>::quiet_NaN()}, {"small", 1.23456e-7}};
    const QString html = ownValuesHtml(layer);
    QVERIFY2(html.contains("a&lt;b&nbsp;=&nbsp;<b>NaN</b>"), qPrintable(html));
    QVERIFY2(html.contains(QStringLiteral("<b>1.2346e−07</b>")), qPrintable(html));
    QVERIFY2(!html.contains("Inputs"), qPrintable(html));
    layer.diagnostics.clear();
    QCOMPARE(ownValuesHtml(layer), QString());
    QVERIFY(ownValueFields(layer).isEmpty());
}

void TestOwnValues::silentLayersShowNothing() {
    Stage stage;
    stage.panel->setLayer("layer3.0.conv2.weight");
    QTRY_VERIFY(stage.panel->layerPlot()->title().startsWith("layer3.0.conv2.weight"));
    QVERIFY(!stage.label()->isVisible());
    stage.panel->setLayer(kLayer);
    QTRY_VERIFY(stage.label()->isVisible());
}

void TestOwnValues::followsScrubberAndLiveWeights() {
    Stage stage;
    stage.source.addEpoch("talks", talkingSnapshot(4));
    QTRY_VERIFY(stage.text().contains(QStringLiteral("clipped share = 0.5 ")));
    stage.panel->scrubber()->stepBack(); // from live to the newest epoch, then to the ones before
    stage.panel->scrubber()->stepBack();
    stage.panel->scrubber()->stepBack();
    QCOMPARE(stage.panel->scrubber()->epoch(), 1);
    QTRY_VERIFY(stage.text().contains(QStringLiteral("clipped share = 0.125 ")));
}

void TestOwnValues::areExportedExactly() {
    Stage stage;
    const QTemporaryDir folder;
    const QString line =
        QStringLiteral("Talks,%1,%2,%3,%4,,,,%5\n").arg(QString::fromLatin1(kLayer)); // the rest: below
    const QString csv = stage.csv(folder.filePath("layer.csv"));
    QVERIFY2(csv.contains(line.arg(2).arg(200).arg("weights: clipped_share", "0.25")), qPrintable(csv));
    QVERIFY2(csv.contains(line.arg(2).arg(200).arg("inputs: clip", "3.3333333333333335")), qPrintable(csv));
    const auto header = csv.section('\n', 0, 0).count(',');
    for (const QString& each : csv.split('\n', Qt::SkipEmptyParts))
        QCOMPARE(each.count(','), header);
    auto* views = stage.panel->findChild<QTabWidget*>("views");
    views->setCurrentIndex(1);
    QCOMPARE(stage.csv(folder.filePath("all.csv")).count("weights: n1"), 1);
    views->setCurrentIndex(2);
    QTRY_COMPARE(stage.panel->ridgePlot()->bands().size(), 3);
    QVERIFY(stage.csv(folder.filePath("history.csv"))
                .contains(line.arg(1).arg(100).arg("weights: clipped_share", "0.125")));
}

QTEST_MAIN(TestOwnValues)
#include "tst_own_values.moc"
