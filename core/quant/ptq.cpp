// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"
#include "core/quant/power_grid.h"
#include "core/quant/rounding_error.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kExponentBits = 8;
constexpr std::int64_t kScaleBits = 32;
constexpr int kCandidates = 100; ///< clips or scales that a search tries

bool isPowerRule(const Options& options) {
    return options.text("rule") == "pow2" || options.text("rule") == "pow2_mse";
}

bool isPerFilter(const Options& options) {
    return options.text("per") == "filter";
}

/// n of the levels −n … n times a scale.
double largestCode(std::int64_t bits) {
    return static_cast<double>((std::int64_t{1} << (bits - 1)) - 1);
}

/// max|w| / n, or with `search` the clip c = max|w| · i / 100, i = 1 … 100, of the least squared error over
/// n; of clips as good, the smallest. 1 where all weights are zero.
double uniformScale(const RoundingError& error, double n, bool search) {
    if (!(error.largest() > 0)) return 1;
    if (!search) return error.largest() / n;
    double best = 0;
    double least = std::numeric_limits<double>::infinity();
    std::vector<double> levels(static_cast<std::size_t>(n) + 1);
    for (int i = 1; i <= kCandidates; ++i) {
        const double scale = error.largest() * i / kCandidates / n;
        for (std::size_t code = 0; code < levels.size(); ++code)
            levels[code] = static_cast<double>(code) * scale;
        const double now = error.of(levels);
        if (now < least) {
            least = now;
            best = scale;
        }
    }
    return best;
}

/// INQ's grid for these weights; with `search` times the scale c = 2^(i/100), i = 0 … 99, of the least
/// squared error.
PowerGrid powerGrid(const RoundingError& error, std::int64_t bits, bool search) {
    if (!(error.largest() > 0)) return PowerGrid::of(0, bits, false);
    PowerGrid best;
    double least = std::numeric_limits<double>::infinity();
    for (int i = 0; i < (search ? kCandidates : 1); ++i) {
        const double scale = std::exp2(static_cast<double>(i) / kCandidates);
        auto grid = PowerGrid::of(powerNear(error.largest() / scale), bits, false);
        grid.scale = scale;
        std::vector<double> levels{0.0};
        for (int exponent = grid.n2; exponent <= grid.n1; ++exponent)
            levels.push_back(std::ldexp(scale, exponent));
        const double now = error.of(levels);
        if (now < least) {
            least = now;
            best = grid;
        }
    }
    return best;
}

/// Quantization after training: the starting weights are rounded once and stay; an epoch trains only what
/// isn't quantized (biases, batch norms). Per layer or filter, n = 2^(b−1) − 1:
///   minmax, mse:    q = round(clip(w / s, −n, n)) · s, half to even, s = c / n with c = max|w| or the clip
///                   of the least squared error (uniformScale);
///   pow2, pow2_mse: INQ's values and rounding (PowerGrid, Zhou et al. 2017, section 2.1) on all weights at
///                   once, n1 from max|w|, for pow2_mse times one scale in [1, 2) of the least squared error.
/// The scales are part of the state; all else follows from them and the starting weights.
class PtqQuantizer final : public LatentQuantizer {
public:
    explicit PtqQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "ptq"), m_powers(isPowerRule(arguments.options)),
          m_sideBits(m_powers && arguments.options.text("rule") == "pow2" ? kExponentBits : kScaleBits),
          m_batchNormBatches(arguments.options.integer("batch_norm_batches")),
          m_scales(torch::ones({isPerFilter(arguments.options) ? filters() : 1}, torch::kFloat64)),
          m_exponent(torch::zeros({1}, torch::kInt64)) {
        const torch::NoGradGuard guard;
        const auto rule = arguments.options.text("rule");
        findScales(rule == "mse" || rule == "pow2_mse");
        keep("scales", m_scales);
        keep("exponent", m_exponent);
        quantize();
        startCountingFlips();
    }

    std::vector<ParameterGroup> parameterGroups() override { return {}; }

    void load(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers) override {
        const torch::NoGradGuard guard;
        LatentQuantizer::load(tensors, numbers);
        quantize();
    }

    std::int64_t batchNormBatches() const { return m_batchNormBatches; }

protected:
    torch::Tensor deployed() const override { return m_quantized; }
    torch::Tensor levels() const override { return m_levels; }
    torch::Tensor latentGradient(const torch::Tensor& g) override { return torch::zeros_like(g); }
    std::int64_t sideBits() const override { return m_sideBits * m_scales.numel(); }

    std::map<std::string, double> diagnostics() const override {
        std::map<std::string, double> values{{"scale", m_scales.mean().item<double>()}};
        if (m_powers) {
            values["n1"] = grid().n1;
            values["n2"] = grid().n2;
        } else {
            values["clip"] = values["scale"] * largestCode(bits());
        }
        return values;
    }

private:
    PowerGrid grid() const {
        auto grid = PowerGrid::of(static_cast<int>(m_exponent.item<std::int64_t>()), bits(), false);
        grid.scale = m_scales.item<double>();
        return grid;
    }

    /// Fills scales and, for powers of two, the exponent.
    void findScales(bool search) {
        const auto sizes = latent().abs().to(torch::kCPU, torch::kFloat64).view({m_scales.numel(), -1});
        for (std::int64_t row = 0; row < sizes.size(0); ++row) {
            const auto* begin = sizes.data_ptr<double>() + row * sizes.size(1);
            const RoundingError error({begin, begin + sizes.size(1)});
            if (m_powers) {
                const auto found = powerGrid(error, bits(), search);
                m_exponent.fill_(found.n1);
                m_scales.fill_(found.scale);
            } else {
                m_scales[row] = uniformScale(error, largestCode(bits()), search);
            }
        }
    }

    void quantize() {
        if (m_powers)
            roundToPowers();
        else
            roundEvenly();
    }

    void roundEvenly() {
        const double n = largestCode(bits());
        const auto scale = m_scales.to(latent().options()).view({-1, 1});
        const auto rows = latent().view({m_scales.numel(), -1});
        m_levels = torch::arange(-n, n + 1, latent().options()).mul(scale);
        // Adding 0 makes 0 of −0.
        m_quantized = rows.div(scale).clamp_(-n, n).round_().add_(0.0).mul_(scale).view_as(latent());
    }

    void roundToPowers() {
        const auto grid = this->grid();
        m_levels = torch::tensor(grid.codebook()).to(latent().options()).view({1, -1});
        const auto weights = latent().to(torch::kCPU, torch::kFloat64).view({-1});
        auto codes = torch::empty({weights.numel()}, torch::kInt64);
        for (std::int64_t i = 0; i < weights.numel(); ++i)
            codes.data_ptr<std::int64_t>()[i] = grid.code(weights.data_ptr<double>()[i]);
        m_quantized = m_levels.view({-1}).index_select(0, codes.to(latent().device())).view(latent().sizes());
    }

    bool m_powers;
    std::int64_t m_sideBits; ///< of one scale or exponent
    std::int64_t m_batchNormBatches;
    torch::Tensor m_scales;   ///< float64, [1] or [filters], on the CPU
    torch::Tensor m_exponent; ///< int64, [1]: n1, for powers of two
    torch::Tensor m_levels;
    torch::Tensor m_quantized;
};

/// The batch norms' statistics are those of float weights: they are taken anew.
void reestimate(CalibrationContext& context, const std::vector<WeightQuantizer*>& layers) {
    std::int64_t batches = 0;
    for (const auto* layer : layers)
        if (const auto* ptq = dynamic_cast<const PtqQuantizer*>(layer))
            batches = std::max(batches, ptq->batchNormBatches());
    if (batches > 0) context.reestimateBatchNorm(batches);
}

std::vector<OptionSpec> ptqOptions() {
    return {
        OptionSpec::choice("rule", "Values", "minmax", {"minmax", "mse", "pow2", "pow2_mse"},
                           "minmax: evenly spaced up to the largest weight; mse: up to the clip of least "
                           "squared error; pow2: powers of two; pow2_mse: those times the scale of least "
                           "squared error"),
        OptionSpec::choice("per", "One scale per", "layer", {"layer", "filter"}, "Layer, or output channel")
            .when("rule", {"minmax", "mse"}),
        OptionSpec::integer("batch_norm_batches", "Batches for batch norms", 50, 0, 100000,
                            "Training batches from which the batch norms' statistics are taken anew "
                            "afterwards; 0: none, no data is used")};
}

std::string remarkPtq(std::int64_t bits, const Options& options) {
    if (bits == 2) return "3 values: zero and one with both signs";
    if (isPowerRule(options) && bits >= 6)
        return "Practically the network of 6 bits, and nearly that of 5: more bits only add ever smaller "
               "powers "
               "of two";
    return {};
}

} // namespace

WeightMethod ptqMethod() {
    WeightMethod method;
    method.schema = {"ptq", "Rounding after training",
                     "Rounds trained weights once, evenly or to powers of two, and trains no weight", "",
                     ptqOptions()};
    method.minimumBits = 2;
    method.maximumBits = 8;
    method.defaultBits = 8;
    method.wantsPretrained = true;
    method.multiplications = [](std::int64_t, const Options& options) {
        return MultiplicationFlags{!isPowerRule(options), options.text("rule") != "pow2"};
    };
    method.levels = [](std::int64_t bits, const Options& options) {
        return isPowerRule(options) ? (std::int64_t{1} << (bits - 1)) + 1 : (std::int64_t{1} << bits) - 1;
    };
    method.sideBits = [](const LayerContext& layer, std::int64_t, const Options& options) {
        if (options.text("rule") == "pow2") return kExponentBits;
        return kScaleBits * (isPerFilter(options) ? layer.shape.at(0) : 1);
    };
    method.trainingFloatsPerWeight = [](std::int64_t, const Options&) {
        return 3.0; // starting weight, rounded weight, and a gradient of zeros
    };
    method.remark = remarkPtq;
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<PtqQuantizer>(arguments);
    };
    method.after = reestimate;
    return method;
}

} // namespace quantarium::quant
