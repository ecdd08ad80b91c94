// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/desktop/render.h"

#include <cstdio>
#include <filesystem>

#include <QCoreApplication>
#include <QEventLoop>
#include <QTimer>

#include "core/base/error.h"
#include "widgets/plot/refresh_pace.h"

namespace quantarium::desktop {

namespace {

constexpr int kSettleMs = widgets::RefreshPace::kLiveMs + 300; ///< panels redraw at that pace
constexpr int kLongestMs = 60000;

void waitFor(int ms) {
    QEventLoop loop;
    QTimer::singleShot(ms, &loop, &QEventLoop::quit);
    loop.exec();
}

} // namespace

void requireWorkspace(const std::string& folder) {
    if (std::filesystem::exists(std::filesystem::path(folder) / "workspace.sqlite")) return;
    throw Error(ErrorKind::Storage, "there is no workspace", folder,
                "Give the folder of one with --workspace; a run or the window makes one.");
}

int renderWindow(widgets::MainWindow& window, widgets::RunBridge& bridge, const std::string& file) {
    int waited = 0;
    do { // reading one thing may ask for the next
        waitFor(kSettleMs);
        waited += kSettleMs;
    } while ((bridge.busy() || bridge.workspaceState() == widgets::WorkspaceState::Opening) &&
             waited < kLongestMs);
    waitFor(kSettleMs);
    if (bridge.workspaceState() == widgets::WorkspaceState::Failed)
        std::fprintf(stderr, "quantarium: %s\n", bridge.workspaceProblem().toUtf8().constData());
    if (window.grab().save(QString::fromStdString(file), "PNG")) return 0;
    std::fprintf(stderr,
                 "quantarium: %s: the picture can't be written. Choose a folder that you can write to.\n",
                 file.c_str());
    return 4;
}

} // namespace quantarium::desktop
