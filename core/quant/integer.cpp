// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "core/quant/affine.h"
#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kScaleBits = 32;
constexpr std::int64_t kZeroPointBits = 8;
constexpr double kSmallestFactor = 0x1p-40; ///< of the largest: batch norm scales nearer to 0 count as 0
constexpr double kEdge = 1e-4;              ///< steps that a range's own ends may lie outside by rounding

double reach(std::int64_t bits) {
    return std::ldexp(1.0, static_cast<int>(bits) - 1) - 1;
}

/// Weights for integer-arithmetic-only inference (Jacob et al. 2018, arXiv 1712.05877, sections 2.1, 3 and
/// 3.2): what is rounded is the weight with the batch norm behind the layer folded in, w · s with
/// s = γ / √(σ² + ε) for each output channel (eq. 14), to one grid for the whole tensor with the range of the
/// moment and whole q in ±(2^(b−1) − 1):
///
///   symmetric   S = max|w s| / (2^(b−1) − 1), q = round(w s / S), halves away from zero
///   affine      S = (max − min) / (2^b − 2) over a range with 0, Z nudged, q = ⌊w s / S + ½⌋ + Z (eq. 12)
///
/// The network's weight is S (q − Z) / s and the batch norm stays where it is, so that the network computes
/// what the folded integers do. Gradient: g inside the (nudged) range, 0 outside. Where no batch norm
/// follows, s is 1. Weights of a channel with s = 0 are 0, as they are when folded.
///
/// Differs from the paper: s comes from the running variance, because this batch's is not known before the
/// convolution; the paper runs the convolution twice to fold with the batch's own, and freezes the statistics
/// towards the end. γ learns through the batch norm.
class IntegerQuantizer final : public LatentQuantizer {
public:
    explicit IntegerQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "integer"), m_reach(reach(arguments.bits)),
          m_affine(arguments.options.text("form") == "affine") {
        const torch::NoGradGuard guard;
        startCountingFlips();
    }

    FrozenWeight freeze() const override {
        const torch::NoGradGuard guard;
        auto frozen = LatentQuantizer::freeze();
        const auto weight = folded();
        const auto grid = gridOf(weight);
        frozen.integer = {(places(weight, grid) + grid.zero).to(torch::kCPU, torch::kInt8).contiguous(),
                          grid.step > 0 ? grid.step : 1.0, static_cast<std::int64_t>(grid.zero),
                          layer().batchNorm.has_value()};
        return frozen;
    }

protected:
    torch::Tensor deployed() const override {
        const auto weight = folded();
        const auto grid = gridOf(weight);
        return unfolded(places(weight, grid), grid);
    }

    torch::Tensor levels() const override {
        const auto grid = gridOf(folded());
        const auto places =
            torch::arange(grid.lowest - grid.zero, grid.highest - grid.zero + 0.5, latent().options())
                .view({1, -1});
        const auto factor = this->factor();
        if (!factor.defined()) return unfolded(places.clone(), grid);
        // A negative factor turns the order around.
        return unfolded(torch::where(factor.view({-1, 1}) < 0, places.flip(1), places), grid);
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override {
        if (!m_affine) return g;
        const auto weight = folded();
        const auto grid = gridOf(weight);
        const auto inside = weight.ge(grid.least() - kEdge * grid.step)
                                .logical_and_(weight.le(grid.greatest() + kEdge * grid.step));
        return torch::where(inside, g, 0.0);
    }

    std::int64_t sideBits() const override { return kScaleBits + (m_affine ? kZeroPointBits : 0); }

    std::map<std::string, double> diagnostics() const override {
        const auto grid = gridOf(folded());
        return {{"step", grid.step}, {"zero_point", grid.zero}};
    }

private:
    /// s for each output channel, [out]; undefined where no batch norm follows.
    torch::Tensor factor() const {
        const auto& norm = layer().batchNorm;
        if (!norm) return {};
        const auto factor = norm->weight.detach() / (norm->runningVariance + norm->epsilon).sqrt();
        const auto size = factor.abs();
        return torch::where(size > size.max() * kSmallestFactor, factor, 0.0).to(latent().scalar_type());
    }

    /// [out] as a tensor that multiplies filters: of the weight itself, or of a matrix of levels.
    static torch::Tensor perFilter(const torch::Tensor& values, std::int64_t dims) {
        std::vector<std::int64_t> shape(static_cast<std::size_t>(dims), 1);
        shape[0] = -1;
        return values.view(shape);
    }

    torch::Tensor folded() const {
        const auto factor = this->factor();
        return factor.defined() ? latent() * perFilter(factor, latent().dim()) : latent();
    }

    AffineGrid gridOf(const torch::Tensor& folded) const {
        if (m_affine) {
            const auto [low, high] = folded.aminmax();
            return affineGrid(low.item<double>(), high.item<double>(), -m_reach, m_reach);
        }
        return {folded.abs().max().item<double>() / m_reach, 0, -m_reach, m_reach};
    }

    /// q − Z of each weight, in the latent weight's type.
    torch::Tensor places(const torch::Tensor& folded, const AffineGrid& grid) const {
        if (!(grid.step > 0)) return torch::zeros_like(folded);
        if (m_affine)
            return folded.div(grid.step).add_(0.5).floor_().clamp_(grid.lowest - grid.zero,
                                                                   grid.highest - grid.zero);
        // By the largest weight first: w s / max|w s| is exact where the quotient is.
        const auto share = folded.abs().div_(grid.step * m_reach).mul_(m_reach);
        return share.add_(0.5).floor_().clamp_max_(m_reach).mul_(folded.sign());
    }

    /// S (q − Z) / s, in place; zeros are +0.
    torch::Tensor unfolded(torch::Tensor places, const AffineGrid& grid) const {
        places.mul_(grid.step);
        const auto factor = this->factor();
        if (factor.defined())
            places.div_(perFilter(torch::where(factor == 0, torch::ones_like(factor), factor), places.dim()));
        return places.add_(0.0);
    }

    double m_reach; ///< whole numbers on each side of zero
    bool m_affine;
};

} // namespace

WeightMethod integerMethod() {
    WeightMethod method;
    method.schema = {
        "integer",
        "Integer only",
        "Whole numbers with the batch norm folded in, for networks that compute with integers only",
        "Jacob et al. 2018, arXiv 1712.05877",
        {OptionSpec::choice("form", "Form", "symmetric", {"symmetric", "affine"},
                            "symmetric: as many values above zero as below, zero point 0; affine: from the "
                            "smallest to the largest weight, with a zero point")
             .withSource("section 2.1")}};
    method.minimumBits = 2;
    method.maximumBits = 8;
    method.defaultBits = 8;
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{true, true}; };
    method.levels = [](std::int64_t bits, const Options&) { return (std::int64_t{1} << bits) - 1; };
    method.sideBits = [](const LayerContext&, std::int64_t, const Options& options) {
        return kScaleBits + (options.text("form") == "affine" ? kZeroPointBits : 0);
    };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<IntegerQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
