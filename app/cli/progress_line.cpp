// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/progress_line.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "app/cli/text_table.h"
#include "core/base/text.h"

namespace quantarium::cli {

namespace {

constexpr std::size_t kNameWidth = 28;
constexpr std::size_t kShortestBar = 8;
constexpr std::size_t kUsualBar = 20; ///< details go before the bar becomes shorter than this
constexpr std::size_t kBarStep = 4;   ///< so that the bar keeps its length while the numbers behind it change

std::string bar(double share, std::size_t width, bool unicode) {
    static const std::array<const char*, 8> kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const auto eighths =
        static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * 8.0 * static_cast<double>(width));
    const std::size_t whole = eighths / 8;
    std::string text;
    for (std::size_t i = 0; i < whole; ++i)
        text += unicode ? "█" : "#";
    std::size_t shown = whole;
    if (unicode && eighths % 8 != 0) {
        text += kEighths[eighths % 8];
        ++shown;
    }
    for (; shown < width; ++shown)
        text += unicode ? "░" : ".";
    return text;
}

double shareDone(const RunProgress& run) {
    const auto& progress = run.progress;
    return progress.totalSteps > 0
               ? static_cast<double>(progress.step) / static_cast<double>(progress.totalSteps)
               : 0.0;
}

/// The parts behind the bar, the most important first.
std::vector<std::string> details(const RunProgress& run) {
    const auto& progress = run.progress;
    std::vector<std::string> parts{fixedNumber(std::floor(100 * shareDone(run)), 0) + " %"};
    if (progress.secondsLeft >= 0 && progress.step > 0)
        parts.push_back(formatDuration(progress.secondsLeft) + " left");
    if (run.totalEpochs > 0)
        parts.push_back("epoch " + std::to_string(std::min(progress.epoch + 1, run.totalEpochs)) + "/" +
                        std::to_string(run.totalEpochs));
    if (run.best) parts.push_back(run.best->name + " " + fixedNumber(run.best->value, 1) + " %");
    if (progress.step > 0) parts.push_back("loss " + fixedNumber(progress.loss, 3));
    if (!progress.phase.empty() && progress.phase != "training") parts.push_back(progress.phase);
    return parts;
}

} // namespace

std::optional<Headline> headline(const std::map<std::string, double>& values) {
    for (const char* const name : {"validation_top1", "test_top1", "train_top1"})
        if (const auto found = values.find(name); found != values.end()) return Headline{name, found->second};
    return std::nullopt;
}

std::optional<Headline> headline(const Json& result, const std::string& moment) {
    if (!result.is_object() || !result.contains(moment)) return std::nullopt;
    std::map<std::string, double> values;
    for (const auto& [name, value] : result.at(moment).items())
        if (value.is_number()) values[name] = value.get<double>();
    return headline(values);
}

std::string progressLine(const RunProgress& run, std::size_t width, bool unicode) {
    const std::string place = run.place.empty() ? "" : "[" + run.place + "] ";
    const std::string name = shortened(run.name, kNameWidth);
    auto parts = details(run);
    const auto tail = [&] {
        std::string text;
        for (const auto& part : parts)
            text += "  " + part;
        return text;
    };
    const std::size_t head = displayWidth(place) + displayWidth(name) + 2;
    while (parts.size() > 2 && head + kUsualBar + displayWidth(tail()) > width)
        parts.pop_back();
    const std::size_t used = head + displayWidth(tail());
    if (used + kShortestBar > width) return shortened(place + name + tail(), width);
    const std::size_t length = std::min(kUsualBar, (width - used) / kBarStep * kBarStep);
    return place + name + "  " + bar(shareDone(run), length, unicode) + tail();
}

} // namespace quantarium::cli
