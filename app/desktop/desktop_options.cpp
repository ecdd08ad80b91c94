// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/desktop/desktop_options.h"

#include <CLI/CLI.hpp>

namespace quantarium::desktop {

namespace {

constexpr int kSmallestSide = 200;
constexpr int kLargestSide = 10000;

std::string readSize(const std::string& text, DesktopOptions& options) {
    const auto cross = text.find('x');
    try {
        if (cross == std::string::npos) throw std::invalid_argument(text);
        options.width = std::stoi(text.substr(0, cross));
        options.height = std::stoi(text.substr(cross + 1));
    } catch (const std::exception&) {
        return "\"" + text + "\" is no size; write WIDTHxHEIGHT, for example 1440x900";
    }
    const auto fits = [](int side) { return side >= kSmallestSide && side <= kLargestSide; };
    return fits(options.width) && fits(options.height) ? "" : "sides from 200 to 10000 are allowed";
}

} // namespace

std::optional<DesktopOptions> readCommandLine(int argc, char** argv, int& exitCode) {
    DesktopOptions options;
    CLI::App app("Quantarium: a desktop laboratory for quantized neural networks", "quantarium");
    std::string size;
    app.add_option("--workspace", options.workspace, "Folder that runs are kept in; created when missing");
    app.add_option("--render", options.renderFile,
                   "Write a picture of the window to this PNG file, without a display, and end");
    app.add_option("--panel", options.panel, "View shown: start, curves, weights, sampling");
    app.add_option("--size", size, "Window size of --render, WIDTHxHEIGHT [1440x900]")
        ->check([&options](const std::string& text) { return readSize(text, options); });
    app.add_option("--scale", options.scale, "Device pixels per pixel of --render [1]")
        ->check(CLI::Range(0.5, 4.0));
    app.add_option("--theme", options.theme, "light or dark")->check(CLI::IsMember({"light", "dark"}));
    app.set_version_flag("--version", "quantarium " QUANTARIUM_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        exitCode = app.exit(error) == 0 ? 0 : 2;
        return std::nullopt;
    }
    return options;
}

} // namespace quantarium::desktop
