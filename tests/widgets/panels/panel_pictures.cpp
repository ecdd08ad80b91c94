// SPDX-License-Identifier: GPL-3.0-or-later
// Writes a picture of every panel, filled with made-up runs, for people to look at:
//   panel_pictures DIRECTORY [light|dark]
// QT_SCALE_FACTOR=2 gives them at 200 %.
#include <functional>

#include <QApplication>
#include <QCheckBox>
#include <QDir>
#include <QSignalSpy>
#include <QStyleFactory>
#include <QTabWidget>
#include <QTest>
#include <QTextStream>
#include <QToolButton>

#include "tests/widgets/panels/fake_source.h"
#include "widgets/curves/curves_panel.h"
#include "widgets/sampling/sampling_panel.h"
#include "widgets/theme/theme.h"
#include "widgets/weights/epoch_scrubber.h"
#include "widgets/weights/weights_panel.h"

using namespace quantarium;
using namespace quantarium::widgets;

namespace {

class Album {
public:
    Album(QString folder, const Theme& theme) : m_folder(std::move(folder)), m_theme(theme) {
        QDir().mkpath(m_folder);
    }

    void take(QWidget& panel, const QString& name) const {
        QTest::qWait(1500); // replots and fetched snapshots; this program asserts nothing
        const QString file = m_folder + QLatin1Char('/') + name +
                             (m_theme.dark ? QStringLiteral("_dark.png") : QStringLiteral("_light.png"));
        if (!panel.grab().save(file)) QTextStream(stderr) << "can't write " << file << "\n";
    }
    const Theme& theme() const { return m_theme; }

private:
    QString m_folder;
    Theme m_theme;
};

template <typename Panel> void open(Panel& panel, const Album& album) {
    panel.setTheme(album.theme());
    panel.resize(1440, 900);
    panel.show();
}

void photographCurves(const Album& album) {
    test::FakeSource source;
    fillFirstLook(source, QStringLiteral("inq5"));
    CurvesPanel panel(&source);
    open(panel, album);
    album.take(panel, QStringLiteral("curves_epoch"));
    panel.findChild<QCheckBox*>(QStringLiteral("means"))->setChecked(true);
    panel.setQuantityShown(QStringLiteral("learning_rate"), true);
    panel.setQuantityShown(QStringLiteral("temperature"), true);
    panel.plot(QStringLiteral("loss"))->setCursor(6.0);
    album.take(panel, QStringLiteral("curves_means"));
    test::FakeSource nothing;
    CurvesPanel empty(&nothing);
    open(empty, album);
    album.take(empty, QStringLiteral("curves_empty"));
}

void photographWeights(const Album& album) {
    test::FakeSource source;
    fillFirstLook(source, QStringLiteral("inq5"));
    source.at(QStringLiteral("inq5")).live = source.snapshot(QStringLiteral("inq5"), 2);
    WeightsPanel panel(&source);
    open(panel, album);
    QTest::qWait(100);
    panel.findChild<QToolButton*>(QStringLiteral("pin"))->click();
    source.setCurrentRun(QStringLiteral("inq3"));
    album.take(panel, QStringLiteral("weights_layer"));
    panel.setMode(WeightMode::Quantized);
    panel.layerPlot()->setCursor(0.25);
    album.take(panel, QStringLiteral("weights_quantized"));
    panel.setMode(WeightMode::Both);
    auto* views = panel.findChild<QTabWidget*>(QStringLiteral("views"));
    views->setCurrentIndex(1);
    album.take(panel, QStringLiteral("weights_all"));
    source.setCurrentRun(QStringLiteral("rdhs-a"));
    views->setCurrentIndex(2);
    album.take(panel, QStringLiteral("weights_ridges"));
    views->setCurrentIndex(3);
    album.take(panel, QStringLiteral("weights_heat"));
}

void photographSampling(const Album& album) {
    test::FakeSource source;
    fillFirstLook(source, QStringLiteral("rdhs-a"));
    SamplingPanel panel(&source);
    open(panel, album);
    QSignalSpy shown(&panel, &SamplingPanel::resultShown);
    if (!panel.result()) shown.wait(5000);
    album.take(panel, QStringLiteral("sampling_samples"));
    auto* tabs = panel.findChild<QTabWidget*>(QStringLiteral("samplingTabs"));
    const QStringList names{QStringLiteral("samples"), QStringLiteral("grid"), QStringLiteral("simplex"),
                            QStringLiteral("search")};
    for (int page = 1; page < names.size(); ++page) {
        tabs->setCurrentIndex(page);
        album.take(panel, QStringLiteral("sampling_") + names[page]);
    }
}

} // namespace

int main(int argc, char** argv) {
    QApplication app(argc, argv);
    const QStringList arguments = app.arguments();
    if (arguments.size() < 2) {
        QTextStream(stderr) << "usage: panel_pictures DIRECTORY [light|dark]\n";
        return 2;
    }
    QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    ThemeController controller;
    controller.choose(arguments.value(2) == QLatin1String("dark") ? ThemeChoice::Dark : ThemeChoice::Light);
    const Album album(arguments[1], controller.theme());
    photographCurves(album);
    photographWeights(album);
    photographSampling(album);
    return 0;
}
