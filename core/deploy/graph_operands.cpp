// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/deploy/graph_operands.h"

#include <algorithm>
#include <set>

#include <torch/csrc/jit/ir/constants.h>

#include "core/base/error.h"
#include "core/nn/trace.h"

namespace quantarium::deploy {

namespace {

std::vector<Window> slidingSide(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                                std::int64_t padding) {
    std::vector<Window> windows;
    for (std::int64_t i = 0; i < out; ++i) {
        const std::int64_t begin = i * stride - padding;
        windows.push_back({std::max<std::int64_t>(begin, 0), std::min(begin + kernel, in)});
    }
    return windows;
}

std::vector<Window> adaptiveSide(std::int64_t in, std::int64_t out) {
    std::vector<Window> windows;
    for (std::int64_t i = 0; i < out; ++i)
        windows.push_back({i * in / out, ((i + 1) * in + out - 1) / out});
    return windows;
}

std::set<std::int64_t> lengths(const std::vector<Window>& windows) {
    std::set<std::int64_t> found;
    for (const auto& window : windows)
        found.insert(window.end - window.begin);
    return found;
}

} // namespace

void refuse(const torch::jit::Node& node, const std::string& how, const std::string& where) {
    throw Error(ErrorKind::Config,
                std::string("the integer network can't do ") + node.kind().toQualString() + " " + how, where);
}

torch::Tensor tensorOf(const torch::jit::Value& value) {
    const auto constant = torch::jit::toIValue(&value);
    return constant && constant->isTensor() ? constant->toTensor() : torch::Tensor();
}

bool boolOf(const torch::jit::Value& value) {
    const auto constant = torch::jit::toIValue(&value);
    return !constant || !constant->isBool() || constant->toBool();
}

std::int64_t integerOf(const torch::jit::Value& value, const torch::jit::Node& node) {
    const auto constant = torch::jit::toIValue(&value);
    if (!constant || !constant->isInt()) refuse(node, "with a computed size");
    return constant->toInt();
}

double numberOf(const torch::jit::Value& value, double otherwise, const torch::jit::Node& node) {
    const auto constant = torch::jit::toIValue(&value);
    if (!constant) refuse(node, "with a computed number");
    if (constant->isNone()) return otherwise;
    if (constant->isTensor()) return constant->toTensor().item<double>();
    if (!constant->isScalar()) refuse(node, "with something else than a number");
    return constant->toScalar().toDouble();
}

void readPair(const torch::jit::Value& value, std::int64_t (&pair)[2], const torch::jit::Node& node) {
    const auto integers = nn::constantIntegers(value);
    if (!integers || integers->empty() || integers->size() > 2) refuse(node, "with computed sizes");
    pair[0] = integers->front();
    pair[1] = integers->back();
}

MapShape mapOf(const torch::jit::Value& value, const torch::jit::Node& node) {
    const auto sizes = nn::sizesOf(value);
    if (sizes.size() == 4 && sizes[0] == 1) return {sizes[1], sizes[2], sizes[3]};
    if (sizes.size() == 2 && sizes[0] == 1) return {sizes[1], 1, 1};
    refuse(node, "that gives neither a map nor a vector");
}

NormConstants normConstants(const torch::jit::Node& node) {
    NormConstants norm{tensorOf(*node.inputs()[1]), tensorOf(*node.inputs()[2]), tensorOf(*node.inputs()[3]),
                       tensorOf(*node.inputs()[4]), numberOf(*node.inputs()[7], 0, node)};
    if (!norm.weight.defined() || !norm.bias.defined() || !norm.mean.defined() || !norm.variance.defined())
        refuse(node, "without constants");
    return norm;
}

PoolWindows slidingWindows(const torch::jit::Node& node, const MapShape& in, const MapShape& out) {
    std::int64_t kernel[2];
    std::int64_t stride[2];
    std::int64_t padding[2];
    readPair(*node.inputs()[1], kernel, node);
    const auto given = nn::constantIntegers(*node.inputs()[2]);
    if (given && given->empty()) // as long as the kernel
        std::copy(kernel, kernel + 2, stride);
    else
        readPair(*node.inputs()[2], stride, node);
    readPair(*node.inputs()[3], padding, node);
    const bool mean = nn::isKind(node, "aten::avg_pool2d");
    if (mean && (padding[0] != 0 || padding[1] != 0)) refuse(node, "with padding");
    if (boolOf(*node.inputs()[mean ? 4 : 5])) refuse(node, "with sizes rounded up");
    return {in, slidingSide(in.height, out.height, kernel[0], stride[0], padding[0]),
            slidingSide(in.width, out.width, kernel[1], stride[1], padding[1])};
}

PoolWindows adaptiveWindows(const MapShape& in, const MapShape& out) {
    return {in, adaptiveSide(in.height, out.height), adaptiveSide(in.width, out.width)};
}

std::optional<std::int64_t> elementsOf(const PoolWindows& windows) {
    const auto rows = lengths(windows.rows);
    const auto columns = lengths(windows.columns);
    if (rows.size() != 1 || columns.size() != 1) return std::nullopt;
    return *rows.begin() * *columns.begin();
}

std::vector<std::int64_t> MapPlaces::all() const {
    const auto inside = [](std::int64_t i, std::int64_t size) { return i >= 0 && i < size; };
    std::vector<std::int64_t> places;
    places.reserve(static_cast<std::size_t>(m_to.elements()));
    for (std::int64_t c = 0; c < m_to.channels; ++c)
        for (std::int64_t h = 0; h < m_to.height; ++h)
            for (std::int64_t w = 0; w < m_to.width; ++w) {
                const std::int64_t channel = start[0] + c * step[0];
                const std::int64_t row = start[1] + h * step[1];
                const std::int64_t column = start[2] + w * step[2];
                const bool known = inside(channel, m_from.channels) && inside(row, m_from.height) &&
                                   inside(column, m_from.width);
                places.push_back(known ? (channel * m_from.height + row) * m_from.width + column : -1);
            }
    return places;
}

} // namespace quantarium::deploy
