// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/kernels.h"
#include "core/quant/methods.h"
#include "core/quant/parallel.h"
#include "core/quant/search_quantizer.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kShiftBits = 8;

/// Stochastic gradient transfer (ASP-DAC 2023, section 2.4). Each weight has a logit α_r for each of the
/// values q_r:
///
///   k = argmax_r α_r, w = q_k                 dL/dα_r = g sign(q_r − q_k),  g = dL/dw      (Eqs. 5, 6)
///
/// Eq. 6 is a gradient, followed by ordinary descent: where g > 0 the weight should fall, and the logits of
/// smaller values rise. Options: `distance_weighted` multiplies by |q_r − q_k|; `clip` keeps logits within
/// ±clip.
///
/// Two values: only d = α_high − α_low matters, and dL/dd = g whichever is chosen. So d alone is kept, half
/// the memory; for ±1 this is BinaryConnect with the identity straight-through estimator on d. `clip` then
/// holds for d.
///
/// Where no batch norm is known to follow the layer, the values carry a fixed power of two (fixedScale).
class SgtQuantizer final : public SearchQuantizer {
public:
    SgtQuantizer(const QuantizerArguments& arguments, const ValueSpace& space, float scale)
        : SearchQuantizer(arguments, "sgt", space.scaled(scale), trainableOf(arguments, space)),
          m_scale(scale), m_binary(space.size() == 2),
          m_byDistance(arguments.options.boolean("distance_weighted")),
          m_clip(arguments.options.optionalReal("clip").value_or(0)) {
        startCountingFlips();
    }

    void backward(const torch::Tensor& g, int) override {
        const torch::NoGradGuard guard;
        auto grad = gradient().view({-1, g.numel()});
        if (m_binary)
            grad.copy_((g.detach().contiguous() * differenceFactor()).view({1, -1}));
        else
            sgtGradient(search(), m_byDistance, flatGradient(g), grad);
    }

    bool tryFusedStep(const torch::Tensor& g, const SgdSettings& settings) override {
        const auto in = flatGradient(g);
        if (!canFuse(in)) return false;
        auto rule = stepRule(settings, m_clip);
        rule.weightDecay = 0; // logits have none
        auto* logits = trainable().data_ptr<float>();
        auto* velocity = momentum(settings);
        const auto* gradient = in.data_ptr<float>();
        const auto view = search();
        parallelFor(in.numel(), [&](auto begin, auto end) {
            if (m_binary)
                kernels().search.differenceStep(gradient, differenceFactor(), rule, logits, velocity, begin,
                                                end);
            else
                kernels().search.sgtStep(planesOf(view), m_byDistance, gradient, rule, logits, velocity,
                                         begin, end);
        });
        return true;
    }

    void afterStep() override {
        const torch::NoGradGuard guard;
        if (m_clip > 0) trainable().detach().clamp_(-m_clip, m_clip);
    }

    FrozenWeight freeze() const override {
        auto frozen = SearchQuantizer::freeze();
        frozen.sideBits = m_scale == 1.0F ? 0 : kShiftBits;
        return frozen;
    }

    LayerSnapshot snapshot(bool markFlips) override {
        auto snapshot = SearchQuantizer::snapshot(markFlips);
        snapshot.diagnostics["scale"] = m_scale;
        return snapshot;
    }

protected:
    /// ±d / 2 stand for the two logits where only d is kept.
    torch::Tensor logits() const override {
        const auto stored = planes(trainable());
        return m_binary ? torch::cat({stored * -0.5, stored * 0.5}) : stored;
    }

    void chooseInto(const torch::Tensor& flat, Mode mode) const override {
        if (!m_binary) return SearchQuantizer::chooseInto(flat, mode);
        const auto d = planes(trainable()).view({-1});
        const float low = codebook().front();
        const float high = codebook().back();
        if (!runsKernels(d) || !runsKernels(flat)) {
            flat.copy_(torch::where(d > 0, torch::full_like(d, high), torch::full_like(d, low)));
            return;
        }
        const auto* from = d.data_ptr<float>();
        auto* to = flat.data_ptr<float>();
        parallelFor(d.numel(), [&](auto begin, auto end) {
            kernels().search.differenceValues(from, low, high, to, begin, end);
        });
    }

    torch::Tensor codes() const override {
        if (!m_binary) return SearchQuantizer::codes();
        const torch::NoGradGuard guard;
        return (planes(trainable()).view({-1}) > 0).to(torch::kInt16).to(torch::kCPU);
    }

private:
    static torch::Tensor trainableOf(const QuantizerArguments& arguments, const ValueSpace& space) {
        const auto logits = startingLogits(arguments, space);
        return space.size() == 2 ? logits[1] - logits[0] : logits;
    }

    float differenceFactor() const { return m_byDistance ? codebook().back() - codebook().front() : 1.0F; }

    float m_scale;
    bool m_binary; ///< two values: the trainable is d
    bool m_byDistance;
    double m_clip; ///< 0: none
};

std::vector<OptionSpec> sgtOptions() {
    auto options = searchOptions();
    options.push_back(OptionSpec::real("clip", "Clip logits at", 1.0, 1e-3, 1000,
                                       "Keeps logits within ± this; not set: no limit")
                          .orNull());
    options.push_back(
        OptionSpec::boolean("distance_weighted", "Weight by distance", false,
                            "Multiplies a value's gradient by its distance to the chosen value"));
    return options;
}

} // namespace

WeightMethod sgtMethod() {
    WeightMethod method;
    method.schema = {
        "sgt", "Stochastic gradient transfer (SGT)",
        "Searches each weight among a few powers of two; the gradient moves all logits but the chosen one's",
        "ASP-DAC 2023, section 2.4", sgtOptions()};
    method.minimumBits = 1;
    method.maximumBits = 9;
    method.defaultBits = 1;
    method.firstAndLast = FirstAndLast::Float;
    method.multiplications = [](std::int64_t bits, const Options& options) {
        return multiplicationsOf(spaceOf(bits, options));
    };
    method.levels = [](std::int64_t bits, const Options& options) { return spaceOf(bits, options).size(); };
    method.sideBits = [](const LayerContext& layer, std::int64_t bits, const Options& options) {
        return fixedScale(layer, spaceOf(bits, options)) == 1.0F ? std::int64_t{0} : kShiftBits;
    };
    method.trainingFloatsPerWeight = [](std::int64_t bits, const Options& options) {
        const auto values = spaceOf(bits, options).size();
        return static_cast<double>(
            values == 2 ? 2 : 2 * values); // logits and momentum; two values: d and its momentum
    };
    method.check = checkSpace;
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        const auto space = spaceOf(arguments.bits, arguments.options);
        return std::make_unique<SgtQuantizer>(arguments, space, fixedScale(arguments.layer, space));
    };
    return method;
}

} // namespace quantarium::quant
