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
    app.add_option("--workspace", options.workspace, "Folder that runs are kept in; created when missing")
        ->type_name("FOLDER");
    app.add_option(
           "--render", options.renderFile,
           "Write a picture of the window to this PNG file, without a display, and end; the workspace "
           "must exist")
        ->type_name("FILE");
    app.add_option("--panel", options.panel, "View shown: start, curves, weights, sampling")
        ->type_name("VIEW");
    const CLI::Validator sizeCheck([&options](std::string& text) { return readSize(text, options); }, "");
    app.add_option("--size", size, "Window size of --render [1440x900]")
        ->type_name("WIDTHxHEIGHT")
        ->check(sizeCheck);
    app.add_option("--scale", options.scale, "Device pixels per pixel of --render, 0.5 to 4 [1]")
        ->type_name("NUMBER")
        ->check(CLI::Validator(CLI::Range(0.5, 4.0)).description(""));
    app.add_option("--theme", options.theme, "light or dark")
        ->type_name("NAME")
        ->check(CLI::Validator(CLI::IsMember({"light", "dark"})).description(""));
    app.footer("Without a reachable display the program ends with exit code 69; quantarium-cli needs none.");
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
