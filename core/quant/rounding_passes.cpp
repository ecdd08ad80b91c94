// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/rounding_passes.h"

#include <vector>

#include "core/quant/kernels.h"
#include "core/quant/parallel.h"

namespace quantarium::quant {

namespace aten {

namespace {

torch::Tensor rounded(const torch::Tensor& x, Rounding rounding) {
    if (rounding == Rounding::ToEven) return x.round();
    if (rounding == Rounding::HalfUp) return x.add(0.5).floor_();
    const auto whole = x.trunc();
    return whole + (x - whole).mul_(2).trunc_(); // exactly
}

torch::Tensor roundedUniform(const torch::Tensor& x, const UniformRule& rule) {
    const auto place = x.mul(rule.divisor).div_(rule.step);
    const auto code = rounded(place, rule.rounding).clamp_(rule.lowest, rule.highest);
    const auto value = code.mul_(rule.step).div_(rule.divisor).add_(0.0); // no −0
    return torch::where(x.lt(rule.threshold), 0.0, value);
}

torch::Tensor levelsOf(const torch::Tensor& x, const Levels& levels, LevelTotals* totals) {
    const auto place = torch::bucketize(x.contiguous(), levels.borders.to(x.options()));
    const auto count = levels.values.size(0);
    if (totals != nullptr) {
        const auto codes = place.flatten();
        totals->counts = torch::bincount(codes, {}, count).to(torch::kCPU, torch::kFloat64);
        totals->sums = torch::bincount(codes, x.flatten().to(torch::kFloat64), count).to(torch::kCPU);
    }
    const auto values = levels.values.to(x.options()).index_select(0, place.flatten()).view(x.sizes());
    return torch::where(x.isnan(), x, values);
}

torch::Tensor inside(const torch::Tensor& x, double lowest, double highest) {
    return x.ge(lowest).logical_and_(x.le(highest));
}

ClippedGradient clippedGradient(const torch::Tensor& x, const torch::Tensor& q, const torch::Tensor& g,
                                double lowest, double highest) {
    ClippedGradient gradient;
    gradient.input = torch::where(inside(x, lowest, highest), g, 0.0);
    gradient.inside = q.defined() ? gradient.input.mul(q - x).sum() : torch::zeros({}, g.options());
    gradient.below = torch::where(x.lt(lowest), g, 0.0).sum();
    gradient.above = torch::where(x.gt(highest), g, 0.0).sum();
    return gradient;
}

} // namespace

} // namespace aten

namespace {

/// The tensor itself, or a copy with the strides of `like`.
torch::Tensor inLayoutOf(const torch::Tensor& like, const torch::Tensor& tensor) {
    if (tensor.strides() == like.strides()) return tensor;
    return torch::empty_like(like).copy_(tensor);
}

} // namespace

bool runsInMemoryOrder(const torch::Tensor& tensor) {
    return tensor.device().is_cpu() && tensor.scalar_type() == torch::kFloat32 &&
           tensor.is_non_overlapping_and_dense();
}

bool runsInMemoryOrder(const torch::Tensor& x, const torch::Tensor& g) {
    return runsInMemoryOrder(x) && g.scalar_type() == torch::kFloat32;
}

torch::Tensor forwardByLoops(
    const torch::Tensor& x,
    const std::function<void(std::int64_t stretch, const float* x, float* y, std::int64_t count)>& loop) {
    auto output = torch::empty_like(x);
    const auto* in = x.data_ptr<float>();
    auto* out = output.data_ptr<float>();
    parallelStretches(x.numel(), [&](auto stretch, auto begin, auto end) {
        loop(stretch, in + begin, out + begin, end - begin);
    });
    return output;
}

torch::Tensor backwardByLoops(const torch::Tensor& x, const torch::Tensor& g,
                              const std::function<void(std::int64_t stretch, const float* x, const float* g,
                                                       float* out, std::int64_t count)>& loop) {
    const auto gradient = inLayoutOf(x, g);
    const auto* from = gradient.data_ptr<float>();
    return forwardByLoops(x, [&](auto stretch, auto* in, auto* out, auto count) {
        loop(stretch, in, from + stretch * kStretch, out, count);
    });
}

namespace {

std::vector<float> floatsOf(const torch::Tensor& values) {
    const auto plain = values.to(torch::kCPU, torch::kFloat32).contiguous();
    return {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()};
}

/// Sums above borders as totals by value.
torch::Tensor byValue(const std::vector<double>& above, double all) {
    auto totals = torch::empty({static_cast<std::int64_t>(above.size()) + 1}, torch::kFloat64);
    auto* out = totals.data_ptr<double>();
    double left = all;
    for (std::size_t j = 0; j < above.size(); ++j) {
        out[j] = left - above[j];
        left = above[j];
    }
    out[above.size()] = left;
    return totals;
}

torch::Tensor levelsByLoops(const torch::Tensor& x, const Levels& levels) {
    const auto values = floatsOf(levels.values);
    const auto borders = floatsOf(levels.borders);
    const LevelRule rule{values.data(), borders.data(), levels.values.size(0)};
    return forwardByLoops(x, [&](auto, auto* in, auto* out, auto count) {
        kernels().rounding.takeLevels(rule, in, out, {}, count);
    });
}

torch::Tensor levelsByLoops(const torch::Tensor& x, const Levels& levels, LevelTotals& totals) {
    auto values = floatsOf(levels.values);
    auto borders = floatsOf(levels.borders);
    TORCH_CHECK(values.size() <= kLargestSummed, "totals are for at most ", kLargestSummed, " values");
    // a border below everything gives the totals of all values
    values.insert(values.begin(), values.front());
    borders.insert(borders.begin(), -__builtin_inff());
    const LevelRule rule{values.data(), borders.data(), static_cast<std::int64_t>(values.size())};
    const auto width = borders.size();
    const auto parts = static_cast<std::size_t>(stretches(x.numel()));
    std::vector<double> counts(parts * width, 0.0);
    std::vector<double> sums(parts * width, 0.0);
    auto output = forwardByLoops(x, [&](auto stretch, auto* in, auto* out, auto count) {
        const auto row = static_cast<std::size_t>(stretch) * width;
        kernels().rounding.takeLevels(rule, in, out, {counts.data() + row, sums.data() + row}, count);
    });
    const auto total = [&](const std::vector<double>& rows) {
        std::vector<double> above(width, 0.0);
        for (std::size_t i = 0; i < rows.size(); ++i)
            above[i % width] += rows[i];
        return byValue({above.begin() + 1, above.end()}, above.front());
    };
    totals.counts = total(counts);
    totals.sums = total(sums);
    return output;
}

} // namespace

torch::Tensor roundedUniform(const torch::Tensor& x, const UniformRule& rule) {
    const auto input = x.detach();
    if (!runsInMemoryOrder(input)) return aten::roundedUniform(input, rule);
    return forwardByLoops(input, [&](auto, auto* in, auto* out, auto count) {
        kernels().rounding.roundUniform(rule, in, out, count);
    });
}

Levels Levels::nearest(const torch::Tensor& values) {
    return {values, values.slice(0, 0, -1).add(values.slice(0, 1)).div_(2)};
}

torch::Tensor levelsOf(const torch::Tensor& x, const Levels& levels) {
    const auto input = x.detach();
    return runsInMemoryOrder(input) ? levelsByLoops(input, levels) : aten::levelsOf(input, levels, nullptr);
}

torch::Tensor levelsOf(const torch::Tensor& x, const Levels& levels, LevelTotals& totals) {
    const auto input = x.detach();
    return runsInMemoryOrder(input) ? levelsByLoops(input, levels, totals)
                                    : aten::levelsOf(input, levels, &totals);
}

torch::Tensor insideGradient(const torch::Tensor& x, const torch::Tensor& g, double lowest, double highest) {
    if (!runsInMemoryOrder(x, g)) return torch::where(aten::inside(x, lowest, highest), g, 0.0);
    return backwardByLoops(x, g, [&](auto, auto* in, auto* from, auto* out, auto count) {
        kernels().rounding.passInside(static_cast<float>(lowest), static_cast<float>(highest), in, from, out,
                                      count);
    });
}

ClippedGradient clippedGradient(const torch::Tensor& x, const torch::Tensor& q, const torch::Tensor& g,
                                double lowest, double highest) {
    if (!runsInMemoryOrder(x, g)) return aten::clippedGradient(x, q, g, lowest, highest);
    const auto values = q.defined() ? inLayoutOf(x, q) : q;
    const auto* forward = values.defined() ? values.data_ptr<float>() : nullptr;
    std::vector<ClipSums> parts(static_cast<std::size_t>(stretches(x.numel())));
    const auto output = backwardByLoops(x, g, [&](auto stretch, auto* in, auto* from, auto* out, auto count) {
        kernels().rounding.clipped(static_cast<float>(lowest), static_cast<float>(highest), in,
                                   forward == nullptr ? nullptr : forward + stretch * kStretch, from, out,
                                   parts[static_cast<std::size_t>(stretch)], count);
    });
    ClipSums total;
    for (const auto& part : parts) {
        total.inside += part.inside;
        total.below += part.below;
        total.above += part.above;
    }
    const auto sum = [](double value) { return torch::scalar_tensor(value, torch::kFloat32); };
    return {output, sum(total.inside), sum(total.below), sum(total.above)};
}

} // namespace quantarium::quant
