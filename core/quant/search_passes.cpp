// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/search_passes.h"

#include "core/quant/kernels.h"
#include "core/quant/parallel.h"

namespace quantarium::quant {

namespace aten {

namespace {

torch::Tensor noisy(const SearchLogits& search) {
    return search.noise.defined() ? search.logits + search.noiseWeight * search.noise : search.logits;
}

torch::Tensor column(const torch::Tensor& values) {
    return values.unsqueeze(1);
}

} // namespace

torch::Tensor chosenCodes(const SearchLogits& search) {
    return noisy(search).argmax(0).to(torch::kInt16);
}

torch::Tensor chosenValues(const SearchLogits& search) {
    return search.values.index_select(0, noisy(search).argmax(0));
}

torch::Tensor rdhsGradient(const SearchLogits& search, double tau, const torch::Tensor& g) {
    const auto y = torch::softmax(noisy(search) / tau, 0);
    const auto q = column(search.values);
    return g.unsqueeze(0) / tau * y * (q - (y * q).sum(0, true));
}

torch::Tensor sgtGradient(const SearchLogits& search, bool byDistance, const torch::Tensor& g) {
    const auto distance =
        column(search.values) - aten::chosenValues({search.logits, {}, 0, search.values}).unsqueeze(0);
    return g.unsqueeze(0) * (byDistance ? distance : distance.sign());
}

} // namespace aten

bool runsKernels(const torch::Tensor& tensor) {
    return tensor.device().is_cpu() && tensor.scalar_type() == torch::kFloat32 && tensor.is_contiguous();
}

SearchPlanes planesOf(const SearchLogits& search) {
    SearchPlanes planes;
    planes.logits = search.logits.data_ptr<float>();
    planes.noise = search.noise.defined() ? search.noise.data_ptr<float>() : nullptr;
    planes.noiseWeight = static_cast<float>(search.noiseWeight);
    planes.values = search.values.data_ptr<float>();
    planes.m = search.logits.size(0);
    planes.n = search.logits.size(1);
    return planes;
}

StepRule stepRule(const SgdSettings& settings, double clip) {
    return {static_cast<float>(settings.learningRate), static_cast<float>(settings.momentum),
            static_cast<float>(settings.weightDecay), settings.nesterov, static_cast<float>(clip)};
}

torch::Tensor chosenValues(const SearchLogits& search) {
    auto weight = torch::empty({search.logits.size(1)}, search.logits.options());
    chooseInto(search, weight);
    return weight;
}

void chooseInto(const SearchLogits& search, const torch::Tensor& weight) {
    if (!runsKernels(search.logits) || !runsKernels(weight)) {
        weight.copy_(aten::chosenValues(search));
        return;
    }
    const auto planes = planesOf(search);
    auto* out = weight.data_ptr<float>();
    parallelFor(planes.n,
                [&](auto begin, auto end) { kernels().search.chooseValues(planes, out, begin, end); });
}

torch::Tensor chosenCodes(const SearchLogits& search) {
    if (!runsKernels(search.logits)) return aten::chosenCodes(search);
    const auto planes = planesOf(search);
    auto codes = torch::empty({planes.n}, torch::kInt16);
    auto* out = codes.data_ptr<std::int16_t>();
    parallelFor(planes.n,
                [&](auto begin, auto end) { kernels().search.chooseCodes(planes, out, begin, end); });
    return codes;
}

void rdhsGradient(const SearchLogits& search, double tau, const torch::Tensor& g, torch::Tensor& gradient) {
    if (!runsKernels(search.logits) || !runsKernels(g)) {
        gradient.copy_(aten::rdhsGradient(search, tau, g));
        return;
    }
    const auto planes = planesOf(search);
    const auto* in = g.data_ptr<float>();
    auto* out = gradient.data_ptr<float>();
    parallelFor(planes.n, [&](auto begin, auto end) {
        kernels().search.rdhsGradient(planes, static_cast<float>(tau), in, out, begin, end);
    });
}

void sgtGradient(const SearchLogits& search, bool byDistance, const torch::Tensor& g,
                 torch::Tensor& gradient) {
    if (!runsKernels(search.logits) || !runsKernels(g)) {
        gradient.copy_(aten::sgtGradient(search, byDistance, g));
        return;
    }
    const auto planes = planesOf(search);
    const auto* in = g.data_ptr<float>();
    auto* out = gradient.data_ptr<float>();
    parallelFor(planes.n, [&](auto begin, auto end) {
        kernels().search.sgtGradient(planes, byDistance, in, out, begin, end);
    });
}

SearchSummary summarize(const SearchLogits& search, double tau) {
    const auto plain = [](const torch::Tensor& tensor) {
        return tensor.defined() ? tensor.to(torch::kCPU, torch::kFloat32).contiguous() : tensor;
    };
    const SearchLogits local{plain(search.logits), plain(search.noise), search.noiseWeight,
                             plain(search.values)};
    const auto planes = planesOf(local);
    auto rows = torch::empty({4, planes.n}, torch::kFloat32);
    auto* data = rows.data_ptr<float>();
    const SearchDescription out{data, data + planes.n, data + 2 * planes.n, data + 3 * planes.n};
    parallelFor(planes.n, [&](auto begin, auto end) {
        kernels().search.describe(planes, static_cast<float>(tau), out, begin, end);
    });
    const auto mean = [](const torch::Tensor& row) { return row.mean(torch::kFloat64).item<double>(); };
    return {rows[0], -mean(rows[1].log()) - mean(rows[2]), mean(rows[1]), mean(rows[3])};
}

} // namespace quantarium::quant
