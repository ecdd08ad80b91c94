// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>

#include <sysexits.h>

#include <QApplication>
#include <QScreen>
#include <QSettings>
#include <QStandardPaths>
#include <QTimer>

#include "app/desktop/desktop_options.h"
#include "app/desktop/display_check.h"
#include "app/desktop/render.h"
#include "app/desktop/signals.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/study/default_workspace.h"
#include "widgets/bridge/laboratory_setup.h"
#include "widgets/bridge/run_bridge.h"
#include "widgets/main_window/main_window.h"
#include "widgets/theme/icons.h"

namespace {

using namespace quantarium;

/// Has to happen before QApplication exists.
void prepareRendering(const desktop::DesktopOptions& options) {
    qputenv("QT_QPA_PLATFORM", "offscreen");
    qputenv("QT_SCALE_FACTOR", QByteArray::number(options.scale));
}

QString workspaceToOpen(const desktop::DesktopOptions& options, const QSettings& settings) {
    if (!options.workspace.empty()) return QString::fromStdString(options.workspace);
    const auto last = settings.value(QStringLiteral("lastWorkspace")).toString();
    if (!last.isEmpty() && qEnvironmentVariableIsEmpty("QUANTARIUM_WORKSPACE")) return last;
    return QString::fromStdString(study::defaultWorkspace().string());
}

widgets::ThemeChoice themeOf(const desktop::DesktopOptions& options, const QSettings& settings) {
    if (options.theme == "dark") return widgets::ThemeChoice::Dark;
    if (options.theme == "light") return widgets::ThemeChoice::Light;
    return static_cast<widgets::ThemeChoice>(settings.value(QStringLiteral("theme"), 0).toInt());
}

int runDesktop(QApplication& application, const desktop::DesktopOptions& options) {
    const bool rendering = !options.renderFile.empty();
    QSettings settings(rendering ? QStringLiteral("quantarium-render") : QStringLiteral("quantarium"),
                       QStringLiteral("quantarium"));
    if (rendering) settings.clear(); // pictures don't depend on anybody's layout
    const auto folder = workspaceToOpen(options, settings);
    if (rendering) desktop::requireWorkspace(folder.toStdString()); // a picture changes nothing
    widgets::ThemeController themes;
    themes.choose(themeOf(options, settings));
    application.setWindowIcon(widgets::themedIcon(QStringLiteral("quantarium"), themes.theme()));
    widgets::LaboratorySetup setup;
    widgets::RunBridge bridge;
    const auto presets =
        QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + QStringLiteral("/presets");
    widgets::MainWindow window({&bridge, &setup, &themes, &settings, builtinExamples(), presets});
    const auto panel = QString::fromStdString(options.panel);
    if (!panel.isEmpty() && !window.showPanel(panel)) {
        std::fprintf(stderr, "quantarium: --panel: there is no view \"%s\". Allowed: %s.\n",
                     options.panel.c_str(),
                     window.panelIds().join(QStringLiteral(", ")).toUtf8().constData());
        return 2;
    }
    const QSize wanted = rendering ? QSize(options.width, options.height)
                                   : window.size().boundedTo(window.screen()->availableSize());
    window.resize(wanted);
    window.show();
    QTimer::singleShot(0, &bridge,
                       [&bridge, folder] { bridge.openWorkspace(folder); }); // after the first paint
    if (rendering) return desktop::renderWindow(window, bridge, options.renderFile);
    const desktop::SignalWatch watch([&window] { window.closeNow(); });
    return QApplication::exec();
}

} // namespace

int main(int argc, char** argv) {
    quantarium::reportFileSizeLimits();
    int exitCode = 0;
    const auto options = quantarium::desktop::readCommandLine(argc, argv, exitCode);
    if (!options) return exitCode;
    if (!options->renderFile.empty()) {
        prepareRendering(*options);
    } else if (!quantarium::desktop::displayIsReachable(argc, argv)) {
        std::fprintf(stderr, "quantarium: no display can be reached; start it on a desktop, or use "
                             "quantarium-cli, which needs none.\n");
        return EX_UNAVAILABLE; // packaging/run goes on without a display then
    }
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("quantarium"));
    QApplication::setApplicationVersion(QStringLiteral(QUANTARIUM_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("quantarium"));
    try {
        return runDesktop(application, *options);
    } catch (const quantarium::Error& error) {
        std::fprintf(stderr, "quantarium: %s\n", error.what());
        return error.kind() == quantarium::ErrorKind::Storage ? 4 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "quantarium: %s\n", error.what());
        return 1;
    }
}
