// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/quant/inq_partition.h"
#include "core/quant/layer_statistics.h"
#include "core/quant/methods.h"
#include "core/quant/power_grid.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kExponentBits = 8; ///< n1 of a layer
constexpr std::int64_t kScaleBits = 32;
constexpr std::int64_t kNoFullCode = 9; ///< from here on all codes would leave float32's exponents

int largestPowerBelow(double value) {
    int exponent = 0;
    std::frexp(value, &exponent);
    return exponent - 1;
}

/// The layer's values from its starting weights; see `max_value_mode` in the options.
PowerGrid gridOf(const torch::Tensor& weight, std::int64_t bits, const Options& options) {
    const double largest =
        weight.numel() > 0 ? weight.detach().abs().max().to(torch::kFloat64).item<double>() : 0;
    const int limit = largestPowerBelow(options.real("max_value"));
    const bool allCodes = options.text("code_use") == "full";
    const auto mode = options.text("max_value_mode");
    if (!(largest > 0) || !std::isfinite(largest)) return PowerGrid::of(std::min(0, limit), bits, allCodes);
    if (mode == "cap") return PowerGrid::of(std::min(powerNear(largest), limit), bits, allCodes);
    auto grid = PowerGrid::of(limit, bits, allCodes);
    if (mode == "rescale") grid.scale = largest / std::ldexp(1.0, limit);
    return grid;
}

/// Incremental network quantization (Zhou et al. 2017, arXiv 1702.03044). In portions, the largest weights
/// (or random ones) are rounded to zero or a signed power of two (PowerGrid, Eq. 4) and frozen; the others go
/// on training (Eq. 8: w ← w − lr · dL/dw · T, T = 0 for frozen ones) and make up for the loss.
///
/// Trainable: a latent weight of which frozen elements hold their rounded value. Train form: the latent
/// weight. Eval form: all of it rounded. Frozen elements are put back after each optimizer step, so that
/// momentum, weight decay and Adam leave their bits alone.
///
/// Differs from the paper: n1 stays as the starting weights set it, because a grid that shifts between
/// portions would leave frozen values outside it; masks are kept, never recomputed from magnitudes, because a
/// weight frozen to zero would then be freed again.
class InqQuantizer final : public WeightQuantizer {
public:
    explicit InqQuantizer(const QuantizerArguments& arguments)
        : m_parameter(arguments.parameter), m_layer(arguments.layer), m_bits(arguments.bits),
          m_seed(arguments.seed), m_portions(arguments.options.reals("portions")),
          m_random(arguments.options.text("partition") == "random"),
          m_grid(gridOf(arguments.parameter, arguments.bits, arguments.options)),
          m_codebook(m_grid.codebook()), m_latent(arguments.parameter.detach().clone().requires_grad_()),
          m_frozen(torch::zeros_like(m_latent.detach(), torch::kBool)),
          m_held(torch::zeros_like(m_latent.detach())), m_flips(codes()) {}

    void materialize(Mode mode, int) override {
        const torch::NoGradGuard guard;
        m_parameter.detach().copy_(
            mode == Mode::Train || m_frozenCount == m_latent.numel() ? m_latent.detach() : rounded());
    }

    void backward(const torch::Tensor& g, int) override {
        const torch::NoGradGuard guard;
        if (!m_latent.grad().defined()) m_latent.mutable_grad() = torch::empty_like(m_latent);
        m_latent.mutable_grad().copy_(g);
        if (m_frozenCount > 0) m_latent.mutable_grad().masked_fill_(m_frozen, 0);
    }

    std::vector<ParameterGroup> parameterGroups() override { return {{{m_latent}, std::nullopt, 1.0}}; }

    EpochRequests onEpoch(const TrainingPoint& point) override {
        const auto starts = portionStarts(static_cast<std::int64_t>(m_portions.size()), point.epochs);
        const auto due = std::upper_bound(starts.begin(), starts.end(), point.epoch) - starts.begin() - 1;
        if (due <= m_portion) return {};
        m_portion = due;
        freezeShare(m_portions[static_cast<std::size_t>(due)]);
        return {true};
    }

    std::vector<std::int64_t> scheduleRestarts(std::int64_t epochs) const override {
        auto starts = portionStarts(static_cast<std::int64_t>(m_portions.size()), epochs);
        starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
        std::erase_if(starts, [&](std::int64_t start) { return start <= 0 || start >= epochs; });
        return starts;
    }

    void afterStep() override {
        const torch::NoGradGuard guard;
        if (m_frozenCount > 0) m_latent.detach().copy_(torch::where(m_frozen, m_held, m_latent.detach()));
    }

    bool trainFormDiffers() const override { return m_frozenCount < m_latent.numel(); }

    FrozenWeight freeze() const override {
        FrozenWeight frozen;
        frozen.shape = m_parameter.sizes().vec();
        frozen.bits = m_bits;
        frozen.codes = codes();
        frozen.codebook = m_codebook;
        frozen.sideBits = m_grid.scale == 1.0 ? kExponentBits : kScaleBits;
        return frozen;
    }

    LayerSnapshot snapshot(bool markFlips) override {
        const torch::NoGradGuard guard;
        auto snapshot = emptySnapshot("inq", m_bits, m_layer, m_parameter);
        const auto now = freeze();
        const auto latent = plainFloats(m_latent);
        const auto frozen = m_frozen.cpu().contiguous().view({-1});
        describeLevels(snapshot, now, latent);
        const double reach = std::max(robustReach(latent), 1.05 * static_cast<double>(m_codebook.back()));
        snapshot.latent = histogramOf(latent, reach, frozen, false);
        snapshot.latentFrozen = histogramOf(latent, reach, frozen, true);
        snapshot.frozenShare = frozenShare();
        snapshot.flips = m_flips.count(now.codes, markFlips);
        snapshot.diagnostics = {{"n1", m_grid.n1}, {"n2", m_grid.n2}, {"scale", m_grid.scale}};
        return snapshot;
    }

    void save(torch::OrderedDict<std::string, torch::Tensor>& tensors, Json& numbers) const override {
        tensors.insert("latent", m_latent.detach().contiguous().clone());
        tensors.insert("frozen", m_frozen.to(torch::kUInt8).contiguous().clone());
        tensors.insert("marked", m_flips.marked().clone());
        numbers["portion"] = m_portion;
        numbers["n1"] = m_grid.n1;
        numbers["n2"] = m_grid.n2;
        numbers["scale"] = m_grid.scale;
    }

    void load(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers) override;

    std::map<std::string, double> epochValues() const override { return {{"frozen_share", frozenShare()}}; }

private:
    double frozenShare() const {
        return static_cast<double>(m_frozenCount) / static_cast<double>(m_latent.numel());
    }

    /// int16 [N] on the CPU, of the whole weight rounded.
    torch::Tensor codes() const {
        const auto latent = m_latent.detach().cpu().contiguous();
        auto codes = torch::empty({latent.numel()}, torch::kInt16);
        auto* out = codes.data_ptr<std::int16_t>();
        AT_DISPATCH_FLOATING_TYPES(latent.scalar_type(), "inq", [&] {
            const auto* weight = latent.data_ptr<scalar_t>();
            for (std::int64_t i = 0; i < latent.numel(); ++i)
                out[i] = m_grid.code(static_cast<double>(weight[i]));
        });
        return codes;
    }

    torch::Tensor rounded() const {
        const auto values = torch::tensor(m_codebook).index_select(0, codes().to(torch::kInt32));
        return values.view(m_latent.sizes()).to(m_latent.device(), m_latent.scalar_type());
    }

    /// Rounds and freezes further weights until this share is frozen.
    void freezeShare(double share) {
        const torch::NoGradGuard guard;
        auto mask = m_frozen.to(torch::kCPU, torch::kUInt8).contiguous().view({-1});
        std::vector<std::uint8_t> frozen(mask.data_ptr<std::uint8_t>(),
                                         mask.data_ptr<std::uint8_t>() + mask.numel());
        if (m_random) {
            const auto seed = deriveSeed(m_seed, streams::kSampling, static_cast<std::uint64_t>(m_portion));
            freezeRandom(frozen, share, deriveSeed(seed, m_layer.name));
        } else {
            const auto size = m_latent.detach().to(torch::kCPU, torch::kFloat64).abs().contiguous();
            freezeLargest(frozen, {size.data_ptr<double>(), size.data_ptr<double>() + size.numel()}, share);
        }
        std::copy(frozen.begin(), frozen.end(), mask.data_ptr<std::uint8_t>());
        setFrozen(mask.view(m_latent.sizes()));
        m_latent.detach().copy_(torch::where(m_frozen, rounded(), m_latent.detach()));
        m_held.copy_(m_latent.detach());
    }

    void setFrozen(const torch::Tensor& mask) {
        m_frozen.copy_(mask);
        m_frozenCount = m_frozen.sum().item<std::int64_t>();
    }

    torch::Tensor m_parameter;
    LayerContext m_layer;
    std::int64_t m_bits;
    std::uint64_t m_seed;
    std::vector<double> m_portions; ///< accumulated shares, the last is 1
    bool m_random;
    PowerGrid m_grid;
    std::vector<float> m_codebook;
    torch::Tensor m_latent; ///< in the parameter's memory format
    torch::Tensor m_frozen; ///< bool, T = 0
    torch::Tensor m_held;   ///< the values of frozen elements
    FlipCounter m_flips;
    std::int64_t m_portion = -1; ///< index of the portion in force; −1 before the first
    std::int64_t m_frozenCount = 0;
};

void InqQuantizer::load(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers) {
    const torch::NoGradGuard guard;
    const StateReader state(tensors, numbers, m_layer.name);
    const auto latent = state.tensor("latent", m_latent.sizes(), m_latent.scalar_type());
    const auto frozen = state.tensor("frozen", m_latent.sizes(), torch::kUInt8);
    const auto marked = state.tensor("marked", {m_latent.numel()}, torch::kInt16);
    const auto portion = state.integer("portion");
    const PowerGrid grid{static_cast<int>(state.integer("n1")), static_cast<int>(state.integer("n2")),
                         state.real("scale")};
    const bool known = portion >= -1 && portion < static_cast<std::int64_t>(m_portions.size());
    if (!known || grid.n1 - grid.n2 != m_grid.n1 - m_grid.n2 || !(grid.scale > 0))
        throw Error(ErrorKind::Data, "the state's portion or exponents don't fit these settings",
                    m_layer.name);
    m_grid = grid;
    m_codebook = grid.codebook();
    m_latent.detach().copy_(latent);
    m_held.copy_(latent);
    setFrozen(frozen);
    m_flips.restore(marked.cpu());
    m_portion = portion;
}

void checkInq(std::int64_t bits, const Options& options, const std::string& where) {
    const auto portions = options.reals("portions");
    if (portions.empty() || portions.back() != 1 ||
        std::adjacent_find(portions.begin(), portions.end(), std::greater_equal<>()) != portions.end())
        throw Error(ErrorKind::Config, "\"portions\" are not ascending accumulated shares that end with 1",
                    where, "For example [0.5, 0.75, 0.875, 1].");
    if (options.text("code_use") == "full" && bits >= kNoFullCode)
        throw Error(ErrorKind::Config,
                    "\"code_use\" can't be \"full\" at " + std::to_string(bits) +
                        " bits: the exponents would leave float32's range",
                    where, "Use at most 8 bits, or \"paper\".");
}

std::string remarkInq(std::int64_t bits, const Options& options) {
    if (options.text("max_value_mode") == "fixed" && bits <= 4 && options.text("code_use") != "full")
        return "The largest value is fixed at 4, so that the smallest magnitude is " +
               std::string(bits == 2   ? "4"
                           : bits == 3 ? "2"
                                       : "0.5") +
               ": nearly all weights of ordinary networks become 0";
    if (bits == 2) return "3 values: zero and one power of two with both signs";
    // With all codes in use, b bits have nearly as many powers of two as b + 1 have otherwise.
    const auto alike = options.text("code_use") == "full" ? bits + 1 : bits;
    if (alike == 6)
        return "Nearly the network of 5 bits as published: only ever smaller powers of two are added (1.2 % "
               "of Gaussian "
               "weights are below the smallest one at 5 bits)";
    if (alike > 6)
        return "Practically the network of 6 bits as published, and nearly that of 5: more bits only add "
               "ever smaller "
               "powers of two (of Gaussian weights, 1.2 % are below the smallest one at 5 bits and 0.005 % "
               "at 6)";
    return {};
}

std::string epochsRemarkInq(std::int64_t epochs, const Options& options) {
    const auto trained = static_cast<std::int64_t>(options.reals("portions").size()) - 1;
    if (epochs >= trained) return {};
    return std::to_string(trained) + " portions want as many epochs; in " + std::to_string(epochs) +
           " some are frozen together";
}

std::vector<OptionSpec> inqOptions() {
    return {OptionSpec::realList("portions", "Portions", {0.5, 0.75, 0.875, 1.0}, 0.0, 1.0,
                                 "Accumulated shares of frozen weights, ending with 1; the epochs are split "
                                 "evenly over those below 1")
                .withSource("JETC, section 3.2.2"),
            OptionSpec::choice("partition", "Freeze first", "magnitude", {"magnitude", "random"},
                               "The largest weights, or random ones")
                .withSource("Zhou et al. 2017, section 2.2"),
            OptionSpec::choice("max_value_mode", "Largest value", "cap", {"cap", "fixed", "rescale"},
                               "cap: at most the value below; fixed: exactly that in every layer; rescale: "
                               "weights are scaled so that the largest is that")
                .withSource("JETC, section 3.2.2"),
            OptionSpec::real("max_value", "Value", 4.0, 1e-6, 1e6,
                             "The largest quantized value; the power of two at or below counts"),
            OptionSpec::choice("code_use", "Codes", "paper", {"paper", "full"},
                               "paper: 2^(bits−1) powers of two and zero; full: all codes but one")
                .withSource("Zhou et al. 2017, section 2.1")
                .asAdvanced()};
}

} // namespace

WeightMethod inqMethod() {
    WeightMethod method;
    method.schema = {
        "inq", "Incremental quantization (INQ)",
        "Rounds weights to zero or signed powers of two, portion by portion, and retrains the rest",
        "Zhou et al. 2017, arXiv 1702.03044", inqOptions()};
    method.minimumBits = 2;
    method.maximumBits = 9;
    method.defaultBits = 5;
    method.wantsPretrained = true;
    method.multiplications = [](std::int64_t, const Options& options) {
        return MultiplicationFlags{false, options.text("max_value_mode") == "rescale"};
    };
    method.levels = [](std::int64_t bits, const Options& options) {
        return options.text("code_use") == "full" ? (std::int64_t{1} << bits) - 1
                                                  : (std::int64_t{1} << (bits - 1)) + 1;
    };
    method.sideBits = [](const LayerContext&, std::int64_t, const Options& options) {
        return options.text("max_value_mode") == "rescale" ? kScaleBits : kExponentBits;
    };
    method.trainingFloatsPerWeight = [](std::int64_t, const Options&) {
        return 4.25; // latent weight, its gradient, momentum, values of frozen weights, and the mask's byte
    };
    method.check = checkInq;
    method.remark = remarkInq;
    method.epochsRemark = epochsRemarkInq;
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<InqQuantizer>(arguments);
    };
    return method;
}

} // namespace quantarium::quant
