// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/memory.h"

#include <string>

#include "core/base/error.h"

namespace quantarium::quant {

namespace {
constexpr std::int64_t kFloatBits = 32;
} // namespace

MemoryReport countMemory(const std::vector<LayerReport>& layers, std::int64_t parameters) {
    MemoryReport report;
    report.parameters = parameters;
    double codeBits = 0;
    double sideBits = 0;
    for (const auto& layer : layers) {
        if (layer.bits >= kFloatBits) continue;
        report.quantizedWeights += layer.weights;
        codeBits += static_cast<double>(layer.bits) * static_cast<double>(layer.weights);
        sideBits += static_cast<double>(layer.sideBits);
    }
    if (report.quantizedWeights > parameters)
        throw Error(ErrorKind::Config, std::to_string(report.quantizedWeights) +
                                           " quantized weights are more than the " +
                                           std::to_string(parameters) + " parameters of the network");
    const auto quantized = static_cast<double>(report.quantizedWeights);
    report.floatBits = kFloatBits * static_cast<double>(parameters);
    report.storedBits = codeBits + kFloatBits * (static_cast<double>(parameters) - quantized) + sideBits;
    if (codeBits > 0) report.reductionWeightsOnly = kFloatBits * quantized / codeBits;
    if (report.storedBits > 0) report.reductionEverything = report.floatBits / report.storedBits;
    return report;
}

} // namespace quantarium::quant
