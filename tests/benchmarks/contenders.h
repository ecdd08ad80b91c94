// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/data/dataset.h"
#include "core/run/run_config.h"

namespace quantarium::benchmarks {

/// Something that makes training steps of ResNet-20 on 3x32x32 images.
class Contender {
public:
    explicit Contender(std::string name) : m_name(std::move(name)) {}
    virtual ~Contender() = default;
    const std::string& name() const { return m_name; }
    virtual double step() = 0; ///< seconds of one whole training step

private:
    std::string m_name;
};

struct StepSettings {
    std::int64_t batch = 128;
    std::int64_t threads = 2;
    std::filesystem::path dataFolder; ///< of writeRandomImages (random_images.h)
};

/// Where in the training the steps are: what methods change by epoch (INQ's frozen share) is in force.
enum class Stage { FirstEpoch, LastEpoch };

/// A session of ours: float ResNet-20, but for what `change` sets.
std::unique_ptr<Contender> sessionContender(const std::string& name, const StepSettings& settings,
                                            const std::function<void(RunConfig&)>& change,
                                            Stage stage = Stage::FirstEpoch);

/// RDHS as paper B's Figure 3 draws it: each convolution over m times the channels, through autograd.
std::unique_ptr<Contender> expandedContender(const std::string& name, const StepSettings& settings,
                                             std::int64_t bits);

/// The same network in PyTorch eager as people write it, in a Python process that takes one step at a time.
std::unique_ptr<Contender> eagerContender(const std::string& name, const StepSettings& settings);

} // namespace quantarium::benchmarks
