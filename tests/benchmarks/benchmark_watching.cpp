// SPDX-License-Identifier: GPL-3.0-or-later
// What watching costs: the same run with every panel visible and with none, in turns; see README.md.
#include <cstdio>
#include <cstdlib>

#include <QApplication>
#include <QEventLoop>
#include <QSettings>
#include <QTimer>

#include <unistd.h>

#include "core/run/examples.h"
#include "tests/benchmarks/paired.h"
#include "tests/benchmarks/random_images.h"
#include "widgets/bridge/delay_monitor.h"
#include "widgets/bridge/laboratory_setup.h"
#include "widgets/bridge/run_bridge.h"
#include "widgets/curves/curves_panel.h"
#include "widgets/main_window/main_window.h"
#include "widgets/sampling/sampling_panel.h"
#include "widgets/weights/weights_panel.h"

using namespace quantarium;
using namespace quantarium::benchmarks;

namespace {

constexpr int kRecordsPerFile = 3000;
constexpr int kSettleMs = 1500; ///< after a change, before counting

void runFor(int ms) {
    QEventLoop loop;
    QTimer::singleShot(ms, Qt::PreciseTimer, &loop, &QEventLoop::quit);
    loop.exec();
}

RunConfig longRun(const std::filesystem::path& images) {
    RunConfig config;
    config.name = "watched";
    config.dataset.id = "cifar10";
    config.dataset.root = images.string();
    config.network.id = "resnet20";
    config.weights.method = "rdhs";
    config.weights.bits = 3;
    config.training.epochs = 1000;
    config.machine.threads = 2;
    return config;
}

/// Everything a person can have open at once.
class Desk {
public:
    explicit Desk(widgets::RunBridge& bridge, const QString& presets)
        : m_window({&bridge, &m_setup, &m_themes, &m_settings, builtinExamples(), presets}),
          m_curves(&bridge), m_weights(&bridge), m_sampling(&bridge) {
        for (QWidget* widget : widgets())
            widget->resize(960, 720);
    }
    void setVisible(bool visible) {
        for (QWidget* widget : widgets())
            widget->setVisible(visible);
    }

private:
    QList<QWidget*> widgets() { return {&m_window, &m_curves, &m_weights, &m_sampling}; }

    widgets::ThemeController m_themes;
    QSettings m_settings{QStringLiteral("quantarium-benchmark"), QStringLiteral("quantarium")};
    widgets::LaboratorySetup m_setup;
    widgets::MainWindow m_window;
    widgets::CurvesPanel m_curves;
    widgets::WeightsPanel m_weights;
    widgets::SamplingPanel m_sampling;
};

double stepsPerSecond(widgets::RunBridge& bridge, const QString& id, int ms) {
    const auto steps = [&] {
        return bridge.stepLosses(id).x.isEmpty() ? 0.0 : bridge.stepLosses(id).x.last();
    };
    runFor(kSettleMs);
    const double before = steps();
    QElapsedTimer clock;
    clock.start();
    runFor(ms);
    return (steps() - before) / (static_cast<double>(clock.elapsed()) / 1000);
}

int measure(const std::filesystem::path& folder, int rounds, int periodMs) {
    writeRandomImages(folder / "images", kRecordsPerFile);
    widgets::RunBridge bridge;
    Desk desk(bridge, QString::fromStdString((folder / "presets").string()));
    desk.setVisible(true);
    bridge.openWorkspace(QString::fromStdString((folder / "workspace").string()));
    bridge.start({longRun(folder / "images")});
    for (int i = 0;
         i < 600 && (bridge.runs().isEmpty() || bridge.stepLosses(bridge.runs().first().id).x.size() < 10);
         ++i)
        runFor(100);
    if (bridge.runs().isEmpty()) {
        std::fprintf(stderr, "the run did not start\n");
        return 1;
    }
    const auto id = bridge.runs().first().id;
    bridge.setCurrentRun(id);
    bridge.setChecked(id, true);
    widgets::DelayMonitor delays;
    std::vector<double> watched;
    std::vector<double> alone;
    for (int round = 0; round < rounds; ++round)
        for (const bool visible : {round % 2 == 0, round % 2 != 0}) {
            desk.setVisible(visible);
            if (visible) delays.start();
            (visible ? watched : alone).push_back(1.0 / std::max(1e-9, stepsPerSecond(bridge, id, periodMs)));
            delays.stop();
        }
    std::printf("time per step watched / alone       %s (95 %% interval, %d rounds of %d s)\n",
                toString(pairedRatio(watched, alone)).c_str(), rounds, periodMs / 1000);
    std::printf("snapshots' share of training time   %.2f %%\n", 100 * bridge.run(id)->snapshotShare);
    std::printf(
        "event-loop delay while watching     p50 %.1f ms, p99 %.1f ms, largest %.1f ms (%d samples)\n",
        delays.percentileMs(0.5), delays.percentileMs(0.99), delays.percentileMs(1.0), delays.samples());
    desk.setVisible(false);
    bridge.shutDown();
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (qEnvironmentVariableIsEmpty("DISPLAY")) qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    const int rounds = argc > 1 ? std::max(2, std::atoi(argv[1])) : 10;
    const int seconds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 12;
    const auto folder =
        std::filesystem::temp_directory_path() / ("quantarium-watching-" + std::to_string(::getpid()));
    const int code = measure(folder, rounds, 1000 * seconds);
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    return code;
}
