// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/layer_statistics.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/base/error.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kBins = 81;
constexpr std::int64_t kSample = 4096;
constexpr double kCovered = 0.999;
constexpr double kMargin = 1.1;

std::optional<double> sqnrDb(const torch::Tensor& codes, const std::vector<float>& codebook,
                             const torch::Tensor& latent) {
    const auto* code = codes.data_ptr<std::int16_t>();
    const auto* weight = latent.data_ptr<float>();
    double signal = 0;
    double noise = 0;
    for (std::int64_t i = 0; i < latent.numel(); ++i) {
        const double value = weight[i];
        const double error = value - codebook[code[i]];
        signal += value * value;
        noise += error * error;
    }
    if (!(signal > 0) || !(noise > 0)) return std::nullopt;
    return 10 * std::log10(signal / noise);
}

} // namespace

torch::Tensor plainFloats(const torch::Tensor& tensor) {
    return tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous().view({-1});
}

LayerSnapshot emptySnapshot(const std::string& method, std::int64_t bits, const LayerContext& layer,
                            const torch::Tensor& weight) {
    LayerSnapshot snapshot;
    snapshot.layer = layer.name;
    snapshot.method = method;
    snapshot.bits = bits;
    snapshot.elements = weight.numel();
    return snapshot;
}

double robustReach(const torch::Tensor& values) {
    const auto* data = values.data_ptr<float>();
    const std::int64_t count = values.numel();
    const std::int64_t stride = std::max<std::int64_t>(1, count / kSample);
    std::vector<float> sample;
    for (std::int64_t i = 0; i < count; i += stride)
        if (std::isfinite(data[i])) sample.push_back(std::abs(data[i]));
    if (sample.empty()) return 1;
    const auto place =
        sample.begin() + static_cast<std::int64_t>(kCovered * static_cast<double>(sample.size() - 1));
    std::nth_element(sample.begin(), place, sample.end());
    return *place > 0 ? kMargin * static_cast<double>(*place) : 1;
}

Histogram histogramOf(const torch::Tensor& values, double reach, const torch::Tensor& only, bool wanted) {
    Histogram histogram{-reach, reach, std::vector<std::int64_t>(kBins, 0), 0, 0};
    const auto* data = values.data_ptr<float>();
    const auto* mask = only.defined() ? only.data_ptr<bool>() : nullptr;
    const double perBin = static_cast<double>(kBins) / (2 * reach);
    for (std::int64_t i = 0; i < values.numel(); ++i) {
        if (mask != nullptr && mask[i] != wanted) continue;
        const double place = (static_cast<double>(data[i]) + reach) * perBin;
        if (!(place >= 0))
            ++histogram.below; // not a number, too
        else if (place >= static_cast<double>(kBins))
            ++(data[i] == reach ? histogram.counts.back() : histogram.above);
        else
            ++histogram.counts[static_cast<std::size_t>(place)];
    }
    return histogram;
}

void describeLevels(LayerSnapshot& snapshot, const torch::Tensor& codes, const std::vector<float>& codebook,
                    const torch::Tensor& latent) {
    std::vector<std::int64_t> counts(codebook.size(), 0);
    const auto* code = codes.data_ptr<std::int16_t>();
    for (std::int64_t i = 0; i < codes.numel(); ++i)
        ++counts[code[i]];
    const auto total = static_cast<double>(codes.numel());
    for (std::size_t k = 0; k < codebook.size(); ++k) {
        snapshot.valueSpace.push_back(codebook[k]);
        if (counts[k] == 0) continue;
        const double share = static_cast<double>(counts[k]) / total;
        snapshot.levels.push_back({codebook[k], counts[k]});
        snapshot.levelEntropyBits -= share * std::log2(share);
        if (codebook[k] == 0) snapshot.zeroShare += share;
    }
    snapshot.sqnrDb = sqnrDb(codes, codebook, latent);
}

std::int64_t FlipCounter::count(const torch::Tensor& codes, bool mark) {
    const auto* now = codes.data_ptr<std::int16_t>();
    const auto* before = m_marked.data_ptr<std::int16_t>();
    std::int64_t flips = 0;
    for (std::int64_t i = 0; i < codes.numel(); ++i)
        flips += now[i] != before[i] ? 1 : 0;
    if (mark) m_marked = codes;
    return flips;
}

torch::Tensor StateReader::tensor(const std::string& name, torch::IntArrayRef shape,
                                  torch::ScalarType type) const {
    const auto* found = m_tensors.find(name);
    if (found == nullptr) throw Error(ErrorKind::Data, "the state has no tensor \"" + name + "\"", m_where);
    if (found->sizes() != shape || found->scalar_type() != type) {
        std::ostringstream text;
        text << "the tensor \"" << name << "\" is " << found->sizes() << " " << found->scalar_type() << "; "
             << shape << " " << type << " is needed";
        throw Error(ErrorKind::Data, text.str(), m_where,
                    "The state belongs to another layer or other settings.");
    }
    return *found;
}

double StateReader::real(const std::string& name) const {
    const auto found = m_numbers.is_object() ? m_numbers.find(name) : m_numbers.end();
    if (found == m_numbers.end() || !found->is_number())
        throw Error(ErrorKind::Data, "the state has no number \"" + name + "\"", m_where);
    return found->get<double>();
}

std::int64_t StateReader::integer(const std::string& name) const {
    const double value = real(name);
    if (value != std::floor(value))
        throw Error(ErrorKind::Data, "\"" + name + "\" is not a whole number", m_where);
    return m_numbers.at(name).get<std::int64_t>();
}

} // namespace quantarium::quant
