// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <numeric>
#include <optional>

#include "core/base/error.h"
#include "core/quant/latent_quantizer.h"
#include "core/quant/methods.h"
#include "core/quant/ternary_solver.h"

namespace quantarium::quant {

namespace {

constexpr std::int64_t kScaleBits = 32;
constexpr std::int64_t kPositions = 16384;       ///< of a layer's output, about, that a solution is fitted to
constexpr std::int64_t kChunkElements = 1 << 24; ///< of the patches that are in memory at once, about

/// Two-step quantization (Wang et al. 2018, CVPR, "Two-Step Quantization for Low-bit Neural Networks").
///
/// Step 1, code learning (section 3.1): the weights stay float and train with quantized activations, best
/// `sparse` ones. Step 2, transformation function learning (section 3.2), after the last epoch: layer by
/// layer, filters α_f t_f with t in {−1, 0, 1} reproduce the trained network's outputs Y from the inputs X
/// that the layers before, already ternary, give, so that errors don't build up; then batch norms are
/// re-estimated. Until then the evaluated weight is the best ternary fit of the float weight itself.
///
/// Differs from the paper: Y is matched before the non-linearity (Z = Y), not behind its quantized form,
/// because batch norm and residual sums lie between a layer and the next one's quantizer.
class TsqQuantizer final : public LatentQuantizer {
public:
    explicit TsqQuantizer(const QuantizerArguments& arguments)
        : LatentQuantizer(arguments, "tsq"), m_batches(arguments.options.integer("batches")),
          m_sweeps(arguments.options.integer("sweeps")),
          m_batchNormBatches(arguments.options.integer("batch_norm_batches")),
          m_codes(torch::zeros_like(latent())), m_scales(torch::zeros({filters()}, latent().options())),
          m_solved(torch::zeros({1}, torch::kInt64)) {
        keep("codes", m_codes);
        keep("scales", m_scales);
        keep("solved", m_solved);
        startCountingFlips();
    }

    bool trainFormDiffers() const override { return !solved(); }

    std::int64_t batches() const { return m_batches; }
    std::int64_t sweeps() const { return m_sweeps; }
    std::int64_t batchNormBatches() const { return m_batchNormBatches; }
    const LayerContext& context() const { return layer(); }

    torch::Tensor floatRows() const {
        return latent().to(torch::kCPU, torch::kFloat64).view({filters(), -1});
    }

    void adopt(const TernaryFilters& found, double error) {
        const torch::NoGradGuard guard;
        m_codes.copy_(found.codes.view(latent().sizes()));
        m_scales.copy_(found.scales);
        m_solved.fill_(1);
        m_error = error;
    }

protected:
    torch::Tensor forTraining() override { return latent(); }

    torch::Tensor deployed() const override {
        const auto [codes, scales] = ternary();
        return codes * scales.view(scaleShape());
    }

    torch::Tensor levels() const override {
        const auto scales = ternary().second.view({-1, 1});
        return torch::cat({-1.0 * scales, 0.0 * scales, 1.0 * scales}, 1);
    }

    torch::Tensor latentGradient(const torch::Tensor& g) override { return g; }
    std::int64_t sideBits() const override { return kScaleBits * filters(); }

    std::map<std::string, double> diagnostics() const override {
        const auto [codes, scales] = ternary();
        std::map<std::string, double> values{{"mean_scale", scales.mean().item<double>()},
                                             {"zeros", codes.eq(0).to(torch::kFloat64).mean().item<double>()},
                                             {"solved", solved() ? 1.0 : 0.0}};
        if (m_error) values["output_error"] = *m_error;
        return values;
    }

private:
    bool solved() const { return m_solved.item<std::int64_t>() != 0; }

    std::pair<torch::Tensor, torch::Tensor> ternary() const {
        if (solved()) return {m_codes, m_scales};
        const auto fit = optimalTernary(floatRows());
        return {fit.codes.to(latent().options()).view(latent().sizes()), fit.scales.to(latent().options())};
    }

    std::vector<std::int64_t> scaleShape() const {
        std::vector<std::int64_t> shape(static_cast<std::size_t>(latent().dim()), 1);
        shape[0] = filters();
        return shape;
    }

    std::int64_t m_batches;
    std::int64_t m_sweeps;
    std::int64_t m_batchNormBatches;
    torch::Tensor m_codes;         ///< like the weight: −1, 0, +1
    torch::Tensor m_scales;        ///< [filters]
    torch::Tensor m_solved;        ///< 1 after step 2
    std::optional<double> m_error; ///< ‖Y − α t X‖² / ‖Y‖² after step 2, in the sample
};

/// A layer's inputs as columns of what each filter sees: [groups, n, positions].
torch::Tensor patches(const torch::Tensor& input, const LayerContext& layer) {
    if (layer.shape.size() == 2) return input.reshape({-1, layer.shape[1]}).t().unsqueeze(0);
    const auto columns = torch::im2col(input, {layer.shape[2], layer.shape[3]}, {1, 1},
                                       {layer.padding, layer.padding}, {layer.stride, layer.stride});
    const auto n = layer.shape[1] * layer.shape[2] * layer.shape[3];
    const auto groups = columns.size(1) / n;
    return columns.view({columns.size(0), groups, n, columns.size(2)})
        .permute({1, 2, 0, 3})
        .reshape({groups, n, -1});
}

/// XᵀX and XᵀY of a layer for each group of channels, and ‖Y‖², summed over batches.
struct Normal {
    torch::Tensor gram;  ///< [groups, n, n]
    torch::Tensor cross; ///< [groups, filters / groups, n]
    double energy = 0;

    /// @param input from the ternary layers before; `reference` from the float ones.
    void add(const torch::Tensor& input, const torch::Tensor& reference, const TsqQuantizer& layer,
             std::int64_t every) {
        const auto x = patches(input, layer.context()).slice(2, 0, INT64_MAX, every).to(torch::kFloat64);
        const auto z = patches(reference, layer.context()).slice(2, 0, INT64_MAX, every).to(torch::kFloat64);
        const auto weight = layer.floatRows().view({x.size(0), -1, x.size(1)});
        const auto y = weight.bmm(z); // [groups, filters / groups, positions]
        const auto xt = x.transpose(1, 2);
        gram = gram.defined() ? gram + x.bmm(xt) : x.bmm(xt);
        cross = cross.defined() ? cross + y.bmm(xt) : y.bmm(xt);
        energy += y.square().sum().item<double>();
    }
};

/// How many positions of the output one image has.
std::int64_t positionsPerImage(const torch::Tensor& input, const LayerContext& layer) {
    if (layer.shape.size() == 2) return 1;
    const auto side = [&](std::int64_t size, std::int64_t kernel) {
        return (size + 2 * layer.padding - kernel) / layer.stride + 1;
    };
    return side(input.size(2), layer.shape[2]) * side(input.size(3), layer.shape[3]);
}

/// Every so many-th position, so that about kPositions remain: a step without a common divisor with the map's
/// size, which would leave out whole columns of it.
std::int64_t samplingStep(std::int64_t positionsPerImage, std::int64_t images) {
    auto step = std::max<std::int64_t>(1, positionsPerImage * images / kPositions);
    while (std::gcd(step, positionsPerImage) != 1)
        ++step;
    return step;
}

class TwoStepSolution {
public:
    TwoStepSolution(CalibrationContext& context, const std::vector<WeightQuantizer*>& quantizers)
        : m_context(context) {
        for (auto* quantizer : quantizers)
            m_layers.push_back(&dynamic_cast<TsqQuantizer&>(*quantizer));
        context.forEachBatch(m_layers.front()->batches(),
                             [this](const torch::Tensor& images, const torch::Tensor&) {
                                 m_images.push_back(images.clone());
                             });
    }

    void run() {
        const torch::NoGradGuard guard;
        for (std::size_t i = 0; i < m_layers.size(); ++i)
            solve(i);
        for (auto* layer : m_layers)
            layer->materialize(Mode::Eval, 0);
        if (const auto batches = m_layers.front()->batchNormBatches(); batches > 0)
            m_context.reestimateBatchNorm(batches);
    }

private:
    /// The layer's input when the first `ternary` layers are ternary and the others float.
    torch::Tensor input(std::size_t layer, std::size_t ternary, const torch::Tensor& images) {
        for (std::size_t i = 0; i < m_layers.size(); ++i)
            m_layers[i]->materialize(i < ternary ? Mode::Eval : Mode::Train, 0);
        const auto& parameter = m_layers[layer]->context().name;
        return m_context.siteInput(parameter.substr(0, parameter.rfind('.')), images).to(torch::kCPU);
    }

    void solve(std::size_t index) {
        auto& layer = *m_layers[index];
        Normal normal;
        for (const auto& images : m_images) {
            const auto x = input(index, index, images);
            const auto reference = input(index, 0, images);
            const auto positions = positionsPerImage(x, layer.context());
            const auto count = x.size(0) * static_cast<std::int64_t>(m_images.size());
            const auto every = samplingStep(positions, count);
            const auto chunk = std::max<std::int64_t>(
                1, kChunkElements / std::max<std::int64_t>(1, positions * layer.context().fanIn));
            for (std::int64_t from = 0; from < x.size(0); from += chunk)
                normal.add(x.slice(0, from, from + chunk), reference.slice(0, from, from + chunk), layer,
                           every);
        }
        const auto rows = layer.floatRows();
        const auto groups = normal.gram.size(0);
        const auto perGroup = rows.size(0) / groups;
        std::vector<torch::Tensor> codes, scales;
        double error = normal.energy;
        for (std::int64_t g = 0; g < groups; ++g) {
            auto found = optimalTernary(rows.slice(0, g * perGroup, (g + 1) * perGroup));
            solveTernary(found, normal.gram[g], normal.cross[g], layer.sweeps());
            const auto filters = found.codes * found.scales.unsqueeze(1);
            error += ((filters.matmul(normal.gram[g]) - 2 * normal.cross[g]) * filters).sum().item<double>();
            codes.push_back(found.codes);
            scales.push_back(found.scales);
        }
        layer.adopt({torch::cat(codes), torch::cat(scales)},
                    normal.energy > 0 ? std::max(0.0, error / normal.energy) : 0.0);
    }

    CalibrationContext& m_context;
    std::vector<TsqQuantizer*> m_layers;
    std::vector<torch::Tensor> m_images;
};

std::vector<OptionSpec> tsqOptions() {
    return {
        OptionSpec::integer("batches", "Batches for step 2", 4, 1, 10000,
                            "Batches of training images whose layer outputs the ternary filters reproduce"),
        OptionSpec::integer("sweeps", "Sweeps", 20, 1, 1000,
                            "Passes over a filter's weights in step 2, at most")
            .asAdvanced(),
        OptionSpec::integer("batch_norm_batches", "Batches for batch norms", 50, 0, 100000,
                            "Training batches from which the batch norms' statistics are taken anew "
                            "after step 2; 0: none")
            .asAdvanced()};
}

} // namespace

WeightMethod tsqMethod() {
    WeightMethod method;
    method.schema = {"tsq", "Two-step quantization (TSQ)",
                     "Trains float weights, then solves for ternary filters layer by layer",
                     "Wang et al. 2018, Two-Step Quantization for Low-bit Neural Networks (CVPR)",
                     tsqOptions()};
    method.minimumBits = method.maximumBits = method.defaultBits = 2;
    method.firstAndLast = FirstAndLast::Float;
    method.wantsPretrained = true;
    method.multiplications = [](std::int64_t, const Options&) { return MultiplicationFlags{false, true}; };
    method.levels = [](std::int64_t, const Options&) { return std::int64_t{3}; };
    method.sideBits = [](const LayerContext& layer, std::int64_t, const Options&) {
        return kScaleBits * layer.shape.at(0);
    };
    method.trainingFloatsPerWeight = latentFloatsPerWeight;
    method.remark = [](std::int64_t, const Options&) -> std::string {
        return "3 values: 3 of the 4 codes of 2 bits are used";
    };
    method.make = [](const QuantizerArguments& arguments) -> std::unique_ptr<WeightQuantizer> {
        return std::make_unique<TsqQuantizer>(arguments);
    };
    method.after = [](CalibrationContext& context, const std::vector<WeightQuantizer*>& layers) {
        TwoStepSolution(context, layers).run();
    };
    return method;
}

} // namespace quantarium::quant
