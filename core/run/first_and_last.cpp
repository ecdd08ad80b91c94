// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/run/first_and_last.h"

#include "core/base/text.h"

namespace quantarium {

namespace {

std::string weightsText(const LayerReport& layer) {
    if (layer.method == "float") return "float";
    return bitsText(layer.bits);
}

} // namespace

std::string firstAndLastText(const RunReport& report) {
    if (report.layers.empty()) return {};
    const auto first = weightsText(report.layers.front());
    const auto last = weightsText(report.layers.back());
    return first == last ? first : first + ", " + last;
}

} // namespace quantarium
