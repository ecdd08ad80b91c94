// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/optim/optimizer.h>

#include "core/base/options.h"
#include "core/base/registry.h"
#include "core/quant/weight_quantizer.h"

namespace quantarium::train {

/// A LibTorch optimizer with what the trainer needs of it: a learning rate per step, state that can be
/// forgotten, and state that can be stored. The keys of torch's optimizer state differ between LibTorch 1.13
/// and 2.x; only optimizer.cpp knows that.
class Optimizer {
public:
    Optimizer(std::unique_ptr<torch::optim::Optimizer> optimizer, std::vector<double> multipliers,
              double learningRate, std::optional<quant::SgdSettings> sgd);

    void setLearningRate(double factor);                   ///< base rate × factor × the group's multiplier
    double learningRate() const { return m_learningRate; } ///< of a group with multiplier 1
    void step();
    void zeroGradients();
    void resetState();

    /// SGD's settings at the present learning rate, when this optimizer is SGD: quantizers may then fuse the
    /// step.
    std::optional<quant::SgdSettings> sgdSettings() const;

    void save(torch::OrderedDict<std::string, torch::Tensor>& tensors, Json& numbers) const;
    void load(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers);

private:
    std::unique_ptr<torch::optim::Optimizer> m_optimizer;
    std::vector<double> m_multipliers; ///< per parameter group
    double m_baseRate;
    double m_learningRate;
    std::optional<quant::SgdSettings> m_sgd;
};

struct OptimizerEntry {
    EntrySchema schema;
    double stateFloatsPerParameter = 0; ///< for the memory estimate
    std::function<std::unique_ptr<Optimizer>(std::vector<quant::ParameterGroup> groups, const Options&)> make;
};

using Optimizers = Registry<OptimizerEntry>;

/// sgd, adam.
const Optimizers& builtinOptimizers();

} // namespace quantarium::train
