// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include <ATen/CPUGeneratorImpl.h>

#include "core/base/random.h"
#include "core/quant/kernels.h"
#include "core/quant/methods.h"
#include "core/quant/parallel.h"
#include "core/quant/search_quantizer.h"

namespace quantarium::quant {

namespace {

constexpr double kSmallestAlpha = 1e-6;
constexpr double kSmallestExponential = 1e-20;
constexpr std::int64_t kShiftBits = 8; ///< the exponent of a fixed scale

/// start · decay^epoch, not below floor.
struct Decay {
    double start = 0;
    double factor = 1;
    double floor = 0;

    double at(std::int64_t epoch) const {
        return std::max(floor, start * std::pow(factor, static_cast<double>(epoch)));
    }
};

/// Reparameterization with deterministic hard sampling (ASP-DAC 2023, sections 2.3 and 2.5). Each weight has
/// a logit a_k for each of the values q_k:
///
///   u_k = a_k + μ n_k, n_k ~ Gumbel(0, 1)     w = q_k of the largest u_k (the lowest of several)
///   y = softmax(u / τ)                        dL/da_j = (g / τ) y_j (q_j − sum_k y_k q_k),  g = dL/dw
///
/// The gradient is the exact one of the softmax behind a straight-through choice. Evaluation has μ = 0. τ and
/// μ fall geometrically by epoch; μ = 0 is the published best.
///
/// Differs from the paper: logits are trained themselves (param "log_alpha"), because α = exp(a) trained by
/// SGD can turn negative; "alpha_clamped" trains α ≥ 1e-6. Where no batch norm is known to follow the layer,
/// the values carry a fixed power of two (fixedScale), which inference does by a shift.
class RdhsQuantizer final : public SearchQuantizer {
public:
    RdhsQuantizer(const QuantizerArguments& arguments, const ValueSpace& space, float scale)
        : SearchQuantizer(arguments, "rdhs", space.scaled(scale), trainableOf(arguments, space)),
          m_seed(arguments.seed), m_scale(scale), m_alpha(arguments.options.text("param") == "alpha_clamped"),
          m_temperatures{arguments.options.real("temperature"), arguments.options.real("temperature_decay"),
                         arguments.options.real("temperature_floor")},
          m_noises{arguments.options.real("noise"), arguments.options.real("noise_decay"),
                   arguments.options.real("noise_floor")},
          m_temperature(m_temperatures.at(0)), m_noiseWeight(m_noises.at(0)) {
        startCountingFlips();
    }

    void backward(const torch::Tensor& g, int) override {
        const torch::NoGradGuard guard;
        auto grad = gradient();
        auto flat = grad.view({-1, g.numel()});
        rdhsGradient(search(), m_temperature, flatGradient(g), flat);
        if (m_alpha) grad.div_(trainable());
    }

    bool tryFusedStep(const torch::Tensor& g, const SgdSettings& settings) override {
        const auto in = flatGradient(g);
        if (m_alpha || !canFuse(in)) return false;
        const auto view = search();
        const auto planes = planesOf(view);
        auto rule = stepRule(settings, 0);
        rule.weightDecay = 0; // logits have none: it would pull decided weights back to a tie
        auto* logits = trainable().data_ptr<float>();
        auto* velocity = momentum(settings);
        const auto* gradient = in.data_ptr<float>();
        parallelFor(planes.n, [&](auto begin, auto end) {
            kernels().search.rdhsStep(planes, static_cast<float>(m_temperature), gradient, rule, logits,
                                      velocity, begin, end);
        });
        return true;
    }

    EpochRequests onEpoch(const TrainingPoint& point) override {
        const auto epoch =
            std::min(point.epoch, std::max<std::int64_t>(0, point.epochs - 1)); // then it has ended
        m_temperature = m_temperatures.at(epoch);
        m_noiseWeight = m_noises.at(epoch);
        return {};
    }

    void afterStep() override {
        const torch::NoGradGuard guard;
        if (m_alpha) trainable().detach().clamp_min_(kSmallestAlpha);
    }

    bool trainFormDiffers() const override { return m_noiseWeight > 0; }
    bool blursBatchNorm() const override { return m_noises.start > 0 || m_noises.floor > 0; }

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

    void save(torch::OrderedDict<std::string, torch::Tensor>& tensors, Json& numbers) const override {
        SearchQuantizer::save(tensors, numbers);
        numbers["draws"] = m_draws;
        numbers["temperature"] = m_temperature;
        numbers["noise"] = m_noiseWeight;
    }

    void load(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers) override {
        const StateReader state(tensors, numbers, layer().name);
        const auto draws = state.integer("draws");
        const auto temperature = state.real("temperature");
        const auto noiseWeight = state.real("noise");
        SearchQuantizer::load(tensors, numbers);
        m_draws = draws;
        m_temperature = temperature;
        m_noiseWeight = noiseWeight;
        m_noise = torch::Tensor();
    }

    std::map<std::string, double> epochValues() const override {
        return {{"temperature", m_temperature}, {"noise", m_noiseWeight}};
    }

protected:
    torch::Tensor logits() const override {
        const auto stored = planes(trainable());
        return m_alpha ? stored.clamp_min(kSmallestAlpha).log() : stored;
    }

    /// Fresh noise for the coming step, from a generator seeded by the step: no generator state has to be
    /// stored.
    void drawNoise() override {
        const auto step = static_cast<std::uint64_t>(m_draws++);
        m_noise = torch::Tensor();
        if (m_noiseWeight == 0) return;
        const auto seed = deriveSeed(deriveSeed(m_seed, streams::kSampling, step), layer().name);
        auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
        const auto stored = planes(trainable());
        auto noise = torch::empty(stored.sizes(), torch::kFloat32).exponential_(1, generator);
        m_noise =
            noise.clamp_min_(kSmallestExponential).log_().neg_().to(stored.device(), stored.scalar_type());
    }

    torch::Tensor noise() const override { return m_noise; }
    double noiseWeight() const override { return m_noiseWeight; }
    std::optional<double> temperature() const override { return m_temperature; }

private:
    static torch::Tensor trainableOf(const QuantizerArguments& arguments, const ValueSpace& space) {
        const auto logits = startingLogits(arguments, space);
        return arguments.options.text("param") == "alpha_clamped" ? logits.exp().clamp_min(kSmallestAlpha)
                                                                  : logits;
    }

    std::uint64_t m_seed;
    float m_scale;
    bool m_alpha; ///< trainables are α, not a = log α
    Decay m_temperatures;
    Decay m_noises;
    double m_temperature;
    double m_noiseWeight;
    std::int64_t m_draws = 0; ///< training passes materialized
    torch::Tensor m_noise;    ///< of the current step, or undefined
};

std::vector<OptionSpec> rdhsOptions() {
    auto options = searchOptions();
    const auto add = [&](OptionSpec spec) { options.push_back(std::move(spec)); };
    add(OptionSpec::real("temperature", "Temperature τ", 1.0, 1e-6, 1000,
                         "Softmax temperature of the first epoch")
            .withSource("ASP-DAC 2023, section 3"));
    add(OptionSpec::real("temperature_decay", "Temperature decay", 0.97, 0.01, 1,
                         "Factor on the temperature at each epoch")
            .withSource("ASP-DAC 2023, section 3"));
    add(OptionSpec::real("temperature_floor", "Lowest temperature", 1e-4, 1e-6, 1000,
                         "The temperature falls no further")
            .asAdvanced());
    add(OptionSpec::real("noise", "Noise weight μ", 0.0, 0, 1000,
                         "Weight of the Gumbel noise in training; 0 was best as published")
            .withSource("ASP-DAC 2023, table 3"));
    add(OptionSpec::real("noise_decay", "Noise decay", 1.0, 0, 1, "Factor on the noise weight at each epoch")
            .asAdvanced());
    add(OptionSpec::real("noise_floor", "Lowest noise weight", 0.0, 0, 1000,
                         "The noise weight falls no further")
            .asAdvanced());
    add(OptionSpec::choice("param", "Parameters", "log_alpha", {"log_alpha", "alpha_clamped"},
                           "Train the logits a = log α, or α itself, kept at 1e-6 and above")
            .asAdvanced());
    return options;
}

} // namespace

WeightMethod rdhsMethod() {
    WeightMethod method;
    method.schema = {"rdhs", "Deterministic hard sampling (RDHS)",
                     "Searches each weight among a few powers of two by gradient descent on logits",
                     "ASP-DAC 2023, sections 2.3 and 2.5", rdhsOptions()};
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
        const bool noisy = options.real("noise") > 0 || options.real("noise_floor") > 0;
        return static_cast<double>(spaceOf(bits, options).size() *
                                   (noisy ? 3 : 2)); // logits, momentum, noise
    };
    method.check = checkSpace;
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        const auto space = spaceOf(arguments.bits, arguments.options);
        return std::make_unique<RdhsQuantizer>(arguments, space, fixedScale(arguments.layer, space));
    };
    return method;
}

} // namespace quantarium::quant
