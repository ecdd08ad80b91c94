// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/layer_statistics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "core/base/error.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kBins = 81;
constexpr std::int64_t kSample = 4096;
constexpr double kCovered = 0.999;
constexpr double kMargin = 1.1;

std::optional<double> sqnrDb(const torch::Tensor& quantized, const torch::Tensor& latent) {
    const auto* value = latent.data_ptr<float>();
    const auto* used = quantized.data_ptr<float>();
    double signal = 0;
    double product = 0;
    double power = 0; // of the quantized weight
    for (std::int64_t i = 0; i < latent.numel(); ++i) {
        signal += double{value[i]} * double{value[i]};
        product += double{value[i]} * double{used[i]};
        power += double{used[i]} * double{used[i]};
    }
    // The error that is left at the best common scale, product / power.
    const double noise = power > 0 ? signal - product * product / power : signal;
    if (!(signal > 0) || !(noise > 1e-12 * signal)) return std::nullopt;
    return 10 * std::log10(signal / noise);
}

/// How often each value of the codebooks is used; values that several codebooks share are counted together.
std::map<float, std::int64_t> countValues(const FrozenWeight& frozen) {
    std::vector<std::int64_t> uses(frozen.codebook.size(), 0);
    const auto values = static_cast<std::int64_t>(frozen.codebook.size()) / frozen.codebooks;
    const std::int64_t perBook = std::max<std::int64_t>(1, frozen.codes.numel() / frozen.codebooks);
    const auto* code = frozen.codes.data_ptr<std::int16_t>();
    for (std::int64_t i = 0; i < frozen.codes.numel(); ++i)
        ++uses[static_cast<std::size_t>(i / perBook * values + code[i])];
    std::map<float, std::int64_t> counts;
    for (std::size_t k = 0; k < uses.size(); ++k)
        counts[frozen.codebook[k]] += uses[k];
    return counts;
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

void describeLevels(LayerSnapshot& snapshot, const FrozenWeight& frozen, const torch::Tensor& latent) {
    const auto total = static_cast<double>(frozen.codes.numel());
    for (const auto& [value, count] : countValues(frozen)) {
        snapshot.valueSpace.push_back(value);
        if (count == 0) continue;
        const double share = static_cast<double>(count) / total;
        snapshot.levels.push_back({value, count});
        snapshot.levelEntropyBits -= share * std::log2(share);
        if (value == 0) snapshot.zeroShare += share;
    }
    snapshot.codebooks = frozen.codebooks;
    snapshot.sqnrDb = sqnrDb(frozen.decode().view({-1}), latent);
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
