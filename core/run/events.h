// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/run/snapshot.h"

namespace quantarium {

enum class RunState { Queued, Running, Paused, Stopped, Finished, Failed };

/// "queued", "running", …; the words in files and tables.
std::string toString(RunState state);
/// Throws Error(Data) naming `where`.
RunState runStateFromString(const std::string& text, const std::string& where);

/// What a layer is and what its weights cost, known before the first step.
struct LayerReport {
    std::string layer; ///< parameter name, "layer1.0.conv1.weight"
    std::string kind;  ///< "conv", "depthwise conv", "linear"
    std::vector<std::int64_t> weightShape;
    std::vector<std::int64_t> outputShape; ///< for one sample, without the batch dimension
    std::int64_t weights = 0;
    std::int64_t macs = 0;
    std::string method; ///< "float" when kept
    std::int64_t bits = 32;
    std::int64_t levels = 0;               ///< how many values the method can use here; 0: unlimited (float)
    std::int64_t sideBits = 0;             ///< scales and codebooks stored beside the codes
    bool macMultiplies = true;             ///< the inner loop needs a multiplier
    bool postScale = false;                ///< a real scale per layer or channel after accumulation
    std::string remark;                    ///< why it is kept, what bits mean here
    std::string activationMethod = "none"; ///< what happens to the layer's input
    std::int64_t activationBits = 32;
    std::int64_t activationLevels = 0; ///< values that the input can take; 0: float

    bool operator==(const LayerReport&) const = default;
};

/// Memory of the weights as the papers count (32 / b over the quantized weights) and with everything counted.
struct MemoryReport {
    std::int64_t parameters = 0; ///< all learnable parameters
    std::int64_t quantizedWeights = 0;
    double floatBits = 0;            ///< 32 × parameters
    double storedBits = 0;           ///< codes + everything kept in FP32 + side data
    double reductionWeightsOnly = 1; ///< 32 N_q / sum b_l N_l
    double reductionEverything = 1;  ///< floatBits / storedBits

    bool operator==(const MemoryReport&) const = default;
};

struct RunReport {
    std::vector<LayerReport> layers;
    MemoryReport memory;
    std::int64_t macs = 0;
    double trainingBytes = 0;       ///< estimate of the training's peak memory
    std::vector<std::string> notes; ///< "data_batch_1.bin has 761 records instead of 10,000", …

    bool operator==(const RunReport&) const = default;
};

struct RunStarted {
    Json config;      ///< resolved
    Json environment; ///< versions, processor, threads, commit
    RunReport report;
    std::int64_t totalEpochs = 0;
    std::int64_t stepsPerEpoch = 0;
    std::int64_t firstEpoch = 0; ///< > 0 when resumed
};

/// At most ten a second.
struct Progress {
    std::int64_t epoch = 0; ///< epochs finished
    std::int64_t step = 0;  ///< optimizer steps done
    std::int64_t totalSteps = 0;
    std::string phase; ///< "loading", "training", "validating", "testing"
    double loss = 0;   ///< of the last step
    double learningRate = 0;
    double imagesPerSecond = 0;
    double secondsSpent = 0;    ///< by this process in this run
    double secondsLeft = 0;     ///< negative: unknown yet
    double snapshotShare = 0;   ///< share of the training thread's time spent on snapshots, 0 … 1
    std::vector<double> losses; ///< of the steps since the previous Progress, oldest first
};

/// Everything measured in one epoch. `values` are named "train_loss", "train_top1", "validation_loss",
/// "validation_top1", "validation_top1_mixed" (INQ before the last portion), "learning_rate", "temperature",
/// "noise", "frozen_share", "flip_rate", "seconds" (of this epoch, validation included); accuracies in
/// percent. The recorded series: nothing is thinned out.
struct EpochDone {
    std::int64_t epoch = 0; ///< epochs finished, counted from 1
    std::int64_t step = 0;
    std::map<std::string, double> values;
    std::vector<double> stepLosses; ///< one per optimizer step of this epoch
    std::shared_ptr<const WeightSnapshot> weights;
    bool best = false; ///< best on validation data so far
};

struct WeightsSeen {
    std::shared_ptr<const WeightSnapshot> weights;
};

/// What came up while the run went on and a person should know: "train/a/x.JPEG is left out: the file ends
/// early". Each sentence once; they join the report's notes.
struct Noted {
    std::vector<std::string> notes;
};

/// The last event of every run. `result` is null unless finished.
struct RunEnded {
    RunState state = RunState::Finished;
    std::string reason; ///< error text for Failed, how to resume for Stopped and Paused
    Json result;        ///< see RunResult in core/train/run_folder.h
    std::optional<ErrorKind> error = std::nullopt; ///< what kind of error, for Failed
};

using RunEvent = std::variant<RunStarted, Progress, EpochDone, WeightsSeen, Noted, RunEnded>;

/// "started", "progress", "epoch", "weights", "note", "ended": one JSON object per event for `--json`.
Json toJson(const RunEvent& event);
Json toJson(const EpochDone& epoch);
/// Throws Error(Data) naming `where`.
EpochDone epochDoneFromJson(const Json& document, const std::string& where);
Json toJson(const RunReport& report);
RunReport runReportFromJson(const Json& document, const std::string& where);

/// Sees a run's events in order. Called in the run's thread: return quickly, don't throw.
class RunObserver {
public:
    virtual ~RunObserver() = default;
    virtual void onEvent(const std::string& runId, const RunEvent& event) = 0;
    /// Whether live weight snapshots between epochs are wanted now; polled at most a few times a second.
    virtual bool watchesWeights(const std::string& runId) const {
        (void)runId;
        return false;
    }
};

} // namespace quantarium
