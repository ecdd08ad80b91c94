// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/options.h"
#include "core/base/registry.h"

namespace quantarium::tasks {

/// One number a task measures.
struct MetricSpec {
    std::string name;  ///< "top1"; events prefix it with "train_", "validation_", "test_"
    std::string title; ///< "Top-1 accuracy"
    std::string unit;  ///< "%"
    bool higherIsBetter = true;
};

/// Sums up one pass over data.
class MetricSum {
public:
    virtual ~MetricSum() = default;
    /// predictions [N, …] float32 detached, targets as the dataset gives them, loss of this batch (mean over
    /// its samples).
    virtual void add(const torch::Tensor& predictions, const torch::Tensor& targets, double loss) = 0;
    /// By metric name, and "loss". Empty data gives NaN.
    virtual std::map<std::string, double> values() const = 0;
    /// The sums, exactly, for a checkpoint in the middle of an epoch.
    virtual Json save() const = 0;
    virtual void load(const Json& sums) = 0;
};

/// What a network is trained for: loss, metrics.
class Task {
public:
    virtual ~Task() = default;
    /// Scalar loss, mean over the batch, float32.
    virtual torch::Tensor loss(const torch::Tensor& predictions, const torch::Tensor& targets) const = 0;
    virtual std::unique_ptr<MetricSum> newSum() const = 0;
    virtual std::vector<MetricSpec> metrics() const = 0; ///< the first one picks the best epoch
};

struct TaskEntry {
    EntrySchema schema;
    std::function<std::unique_ptr<Task>(std::int64_t classes, const Options&)> make;
};

using Tasks = Registry<TaskEntry>;

/// All tasks of this program. core/tasks/builtin.cpp lists them.
const Tasks& builtinTasks();

} // namespace quantarium::tasks
