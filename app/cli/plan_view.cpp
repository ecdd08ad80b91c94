// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/plan_view.h"

#include "app/cli/text_table.h"
#include "core/base/text.h"

namespace quantarium::cli {

namespace {

std::string shapeText(const std::vector<std::int64_t>& shape) {
    std::vector<std::string> sizes;
    for (const auto size : shape)
        sizes.push_back(std::to_string(size));
    return join(sizes, "×");
}

std::string multiplicationText(const LayerReport& layer) {
    if (layer.macMultiplies) return "yes";
    return layer.postScale ? "only a scale" : "no";
}

std::string activationText(const LayerReport& layer) {
    if (layer.activationMethod == "none") return "float";
    return layer.activationMethod + ", " + bitsText(layer.activationBits) + ", " +
           std::to_string(layer.activationLevels) + " values";
}

std::vector<std::string> layerRow(const LayerReport& layer) {
    return {layer.layer,
            layer.kind,
            shapeText(layer.weightShape),
            groupedNumber(layer.weights),
            groupedNumber(layer.macs),
            layer.method,
            std::to_string(layer.bits),
            layer.levels > 0 ? std::to_string(layer.levels) : "–",
            multiplicationText(layer),
            activationText(layer),
            layer.remark};
}

} // namespace

std::string reportText(const RunReport& report) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& layer : report.layers)
        rows.push_back(layerRow(layer));
    std::string text = textTable({"Layer", "Kind", "Shape", "Weights", "MACs", "Method", "Bits", "Values",
                                  "Multiplies", "Input", "Remark"},
                                 rows);
    const auto& memory = report.memory;
    text += "\nParameters        " + groupedNumber(memory.parameters) + ", of them quantized " +
            groupedNumber(memory.quantizedWeights) + "\n";
    text += "Stored            " + formatBytes(memory.storedBits / 8) + " instead of " +
            formatBytes(memory.floatBits / 8) + "\n";
    text += "Memory reduction  " + fixedNumber(memory.reductionWeightsOnly, 2) +
            "× counting the quantized weights alone, " + fixedNumber(memory.reductionEverything, 2) +
            "× counting everything\n";
    text += "MACs              " + groupedNumber(report.macs) + " for one image\n";
    text += "Training memory   about " + formatBytes(report.trainingBytes) + "\n";
    for (const auto& note : report.notes)
        text += "Note: " + note + "\n";
    return text;
}

} // namespace quantarium::cli
