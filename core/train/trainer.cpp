// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <new>
#include <optional>

#include <ATen/Parallel.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/train/calibration.h"
#include "core/train/checkpoint.h"
#include "core/train/environment.h"
#include "core/train/evaluation.h"
#include "core/train/memory.h"
#include "core/train/mixed_precision.h"
#include "core/train/training_step.h"

namespace quantarium::train {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double kProgressSeconds = 0.25;
constexpr double kSnapshotSeconds = 0.5; ///< least time between two live snapshots
constexpr double kSnapshotShare = 0.008; ///< live snapshots take at most this share of the training time

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Time this thread has worked, whatever other programs did meanwhile.
double threadCpuSeconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Ends the loop early at a batch border; the checkpoint has been written.
struct Interrupted {
    RunState state;
};

class TrainingLoop {
public:
    TrainingLoop(const std::string& runId, const RunFolder& folder, Session session, const PeakMeter& meter,
                 RunObserver& observer, const RunControl& control)
        : m_runId(runId), m_folder(folder), m_session(std::move(session)), m_meter(meter),
          m_observer(observer), m_control(control), m_metric(m_session.task->metrics().front()) {}

    RunEnded run() {
        m_trainLoader = m_session.loader(m_session.splits.train, LoaderUse::Train);
        m_stepsPerEpoch = m_trainLoader->batchesPerEpoch();
        restore();
        announce();
        try {
            return train();
        } catch (...) {
            passOnRemarks(); // they may say why
            throw;
        }
    }

private:
    RunEnded train() {
        if (m_state.step == 0) runProcedures(m_session, &quant::WeightMethod::before);
        for (;;) {
            if (m_state.epoch >= m_session.config.training.epochs) break;
            trainEpoch();
            finishEpoch();
        }
        return finish();
    }

    /// Goes on from the checkpoint, or, when that is damaged or gone, from the best epoch's; the epochs after
    /// it are trained again and give the same bits.
    void restore() {
        std::optional<Error> problem; ///< of the first file
        for (const auto& file : {m_folder.checkpointFile(), m_folder.bestFile()}) {
            std::error_code ignored;
            if (!std::filesystem::exists(file, ignored)) {
                if (file == m_folder.checkpointFile() &&
                    std::filesystem::exists(m_folder.bestFile(), ignored))
                    problem = Error(ErrorKind::Data, "the checkpoint is gone", file.string());
                continue;
            }
            try {
                m_state = loadCheckpoint(file, m_session);
                if (problem)
                    note(problem->where() + ": " + problem->problem() + ". Training goes on after epoch " +
                         std::to_string(m_state.epoch) + ", from " + file.filename().string() + ".");
                problem.reset();
                break;
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::Data) throw;
                if (!problem) problem = error;
            }
        }
        if (problem) throw *problem;
        if (m_state.step == 0 && !m_folder.epochs().empty())
            note(
                "The run's checkpoint is gone; training begins again with the first epoch and gives the same "
                "bits.");
        m_restarts = scheduleRestarts(m_session);
        m_secondsBefore = m_state.seconds;
        m_started = Clock::now();
        if (m_state.epoch == 0) return;
        const auto epochs = m_folder.epochs();
        const auto last = std::find_if(epochs.begin(), epochs.end(),
                                       [&](const EpochDone& e) { return e.epoch == m_state.epoch; });
        if (last != epochs.end()) m_last = last->values;
        const auto best = std::find_if(epochs.begin(), epochs.end(),
                                       [&](const EpochDone& e) { return e.epoch == m_state.bestEpoch; });
        if (best != epochs.end()) m_best = best->values;
    }

    void note(const std::string& sentence) { m_session.report.notes.push_back(sentence); }

    void announce() {
        m_start.config = m_session.config.toJson();
        m_start.environment = environment(m_session.config.machine.threads);
        m_start.report = m_session.report;
        m_start.totalEpochs = m_session.config.training.epochs;
        m_start.stepsPerEpoch = m_stepsPerEpoch;
        m_start.firstEpoch = m_state.epoch;
        m_folder.writeStarted(m_start);
        m_observer.onEvent(m_runId, m_start);
    }

    /// What the dataset has found wrong since the last time.
    void passOnRemarks() {
        if (!m_session.splits.remarks) return;
        Noted noted{m_session.splits.remarks->take()};
        if (noted.notes.empty()) return;
        auto& notes = m_start.report.notes;
        notes.insert(notes.end(), noted.notes.begin(), noted.notes.end());
        m_folder.writeStarted(m_start);
        m_observer.onEvent(m_runId, noted);
    }

    void trainEpoch() {
        const auto& training = m_session.config.training;
        if (m_state.batch == 0) applyRequests(m_session, {m_state.epoch, training.epochs});
        const auto sum = m_session.task->newSum();
        if (m_state.batch > 0) sum->load(m_state.partialSums);
        m_session.network->train();
        m_trainLoader->start(m_state.epoch, m_state.batch);
        while (auto batch = m_trainLoader->next()) {
            interruptIfAsked(*sum);
            const auto begin = Clock::now();
            const double cpuBegin = threadCpuSeconds();
            m_session.optimizer->setLearningRate(m_session.schedule(
                schedulePoint(m_restarts, training.epochs, m_stepsPerEpoch, m_state.step)));
            const double loss = trainingStep(m_session, m_session.onDevice(std::move(*batch)), *sum);
            m_state.stepSeconds += secondsSince(begin);
            m_state.stepCpuSeconds += threadCpuSeconds() - cpuBegin;
            ++m_state.step;
            ++m_state.batch;
            m_state.partialLosses.push_back(loss);
            if (!std::isfinite(loss)) failNotFinite(loss);
            m_newLosses.push_back(loss);
            progress("training", false);
            snapshotIfWatched();
        }
        m_epochValues = sum->values();
    }

    void finishEpoch() {
        progress("validating", true);
        EpochDone done;
        for (const auto& [name, value] : m_epochValues)
            done.values["train_" + name] = value;
        done.values["learning_rate"] = m_session.optimizer->learningRate();
        const auto& validation = m_session.splits.validation;
        if (validation && anyTrainFormDiffers(m_session))
            done.values["validation_" + m_metric.name + "_mixed"] =
                evaluate(m_session, validation, quant::Mode::Train, "").at(m_metric.name);
        // The last portions come due with the last epoch, so that its record shows the finished network.
        const auto epochs = m_session.config.training.epochs;
        if (m_state.epoch + 1 == epochs) applyRequests(m_session, {epochs, epochs});
        for (const auto& [name, value] : evaluate(m_session, validation, quant::Mode::Eval, "validation_"))
            done.values[name] = value;
        addMethodValues(m_session, done.values);
        ++m_state.epoch;
        m_state.batch = 0;
        done.epoch = m_state.epoch;
        done.step = m_state.step;
        done.weights = takeSnapshot(true);
        addFlipRate(*done.weights, done.values);
        done.stepLosses = std::move(m_state.partialLosses);
        m_state.partialLosses.clear();
        m_state.partialSums = nullptr;
        done.values["seconds"] = now() - m_state.epochBegan;
        m_state.epochBegan = now();
        done.best = rateEpoch(done.values);
        m_last = done.values;
        if (done.best) m_best = done.values;
        m_state.seconds = now();
        m_folder.appendEpoch(done);
        if (done.best) saveCheckpoint(m_folder.bestFile(), m_session, m_state);
        saveCheckpoint(m_folder.checkpointFile(), m_session, m_state);
        m_observer.onEvent(m_runId, done);
        if (m_state.epoch < epochs) progress("training", true);
    }

    /// Best on validation data; without a validation split the last epoch counts as the best. Where a method
    /// makes its weights only after the last epoch from those that train, the latter are what is rated.
    bool rateEpoch(const std::map<std::string, double>& values) {
        auto found = values.find("validation_" + m_metric.name + "_mixed");
        if (found == values.end() || !anyFinishesAfterwards(m_session))
            found = values.find("validation_" + m_metric.name);
        if (found != values.end()) {
            const double value = found->second;
            const bool better =
                m_metric.higherIsBetter ? value > m_state.bestMetric : value < m_state.bestMetric;
            if (!std::isnan(m_state.bestMetric) && !better) return false;
            m_state.bestMetric = value;
        }
        m_state.bestEpoch = m_state.epoch;
        return true;
    }

    RunEnded finish() {
        progress("testing", true);
        if (m_state.step == 0) calibrateActivations(m_session);
        finishMethods(m_session);
        measureFinished(m_last);
        const bool same = m_state.bestEpoch == m_state.epoch;
        if (same) {
            m_best = m_last;
        } else {
            loadCheckpoint(m_folder.bestFile(), m_session);
            finishMethods(m_session);
            measureFinished(m_best);
        }
        passOnRemarks();
        saveModel(m_folder.modelFile(), m_session);
        m_state.seconds = now();
        RunEnded ended{RunState::Finished, "", result()};
        m_folder.writeResult(ended);
        return ended;
    }

    /// Test data, and validation data again where the weights have changed since.
    void measureFinished(std::map<std::string, double>& values) {
        const auto measure = [&](const std::shared_ptr<const data::Dataset>& dataset, const char* prefix) {
            for (const auto& [name, value] : evaluate(m_session, dataset, quant::Mode::Eval, prefix))
                values[name] = value;
        };
        if (anyFinishesAfterwards(m_session)) measure(m_session.splits.validation, "validation_");
        measure(m_session.splits.test, "test_");
    }

    Json result() const {
        const auto numbers = [](const std::map<std::string, double>& values) {
            Json document = Json::object();
            for (const auto& [name, value] : values)
                document[name] = numberToJson(value);
            return document;
        };
        const auto perStep = [&](double sum) {
            return m_state.step > 0 ? Json(sum / static_cast<double>(m_state.step)) : Json();
        };
        const auto images = static_cast<double>(m_state.step * m_session.config.training.batch);
        const auto measured = [](std::optional<double> bytes) { return bytes ? Json(*bytes) : Json(); };
        return {{"last", numbers(m_last)},
                {"best", numbers(m_best)},
                {"best_epoch", m_state.bestEpoch},
                {"epochs", m_state.epoch},
                {"seconds", m_state.seconds},
                {"step_seconds", perStep(m_state.stepSeconds)},
                {"step_cpu_seconds", perStep(m_state.stepCpuSeconds)},
                {"images_per_second", m_state.stepSeconds > 0 ? Json(images / m_state.stepSeconds) : Json()},
                {"snapshot_share", m_state.seconds > 0 ? m_state.snapshotSeconds / m_state.seconds : 0.0},
                {"peak_bytes", measured(m_meter.peak())},
                {"tensor_bytes", measured(m_meter.tensors())}};
    }

    void interruptIfAsked(const tasks::MetricSum& sum) {
        const bool stop = m_control.stop.stop_requested();
        const bool pause = m_control.pause != nullptr && m_control.pause->load();
        if (!stop && !pause) return;
        m_state.partialSums = sum.save();
        m_state.seconds = now();
        saveCheckpoint(m_folder.checkpointFile(), m_session, m_state);
        throw Interrupted{pause && !stop ? RunState::Paused : RunState::Stopped};
    }

    [[noreturn]] void failNotFinite(double loss) const {
        throw Error(ErrorKind::Run,
                    "the loss became " + std::string(std::isnan(loss) ? "not a number" : "infinite") +
                        " at step " + std::to_string(m_state.step) + " (epoch " +
                        std::to_string(m_state.epoch + 1) + ")",
                    "run " + m_runId, "Use a smaller learning rate or set training.gradient_clip.");
    }

    double now() const { return m_secondsBefore + secondsSince(m_started); }

    void progress(const char* phase, bool always) {
        passOnRemarks();
        if (!always && secondsSince(m_lastProgress) < kProgressSeconds) return;
        m_lastProgress = Clock::now();
        Progress event;
        event.epoch = m_state.epoch;
        event.step = m_state.step;
        event.totalSteps = m_session.config.training.epochs * m_stepsPerEpoch;
        event.phase = phase;
        event.loss = m_newLosses.empty() ? 0.0 : m_newLosses.back();
        event.learningRate = m_session.optimizer->learningRate();
        event.secondsSpent = now();
        const double perStep =
            m_state.step > 0 ? event.secondsSpent / static_cast<double>(m_state.step) : 0.0;
        event.secondsLeft =
            m_state.step > 0 ? perStep * static_cast<double>(event.totalSteps - m_state.step) : -1.0;
        const double step = m_state.step > 0 ? m_state.stepSeconds / static_cast<double>(m_state.step) : 0.0;
        event.imagesPerSecond = step > 0 ? static_cast<double>(m_session.config.training.batch) / step : 0.0;
        event.snapshotShare = event.secondsSpent > 0 ? m_state.snapshotSeconds / event.secondsSpent : 0.0;
        event.losses = std::move(m_newLosses);
        m_newLosses.clear();
        m_observer.onEvent(m_runId, event);
    }

    std::shared_ptr<const WeightSnapshot> takeSnapshot(bool markFlips) {
        const auto begin = Clock::now();
        auto snapshot = std::make_shared<WeightSnapshot>();
        snapshot->epoch = m_state.epoch;
        snapshot->step = m_state.step;
        for (auto& layer : m_session.layers) {
            snapshot->layers.push_back(layer.quantizer->snapshot(markFlips));
            if (layer.activation) snapshot->layers.back().inputDiagnostics = layer.activation->diagnostics();
        }
        const double seconds = secondsSince(begin);
        m_state.snapshotSeconds += seconds;
        m_nextSnapshot =
            Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                               std::max(kSnapshotSeconds, seconds / kSnapshotShare)));
        return snapshot;
    }

    void snapshotIfWatched() {
        if (Clock::now() < m_nextSnapshot || !m_observer.watchesWeights(m_runId)) return;
        m_observer.onEvent(m_runId, WeightsSeen{takeSnapshot(false)});
    }

    std::string m_runId;
    const RunFolder& m_folder;
    Session m_session;
    const PeakMeter& m_meter;
    RunObserver& m_observer;
    const RunControl& m_control;
    tasks::MetricSpec m_metric;
    std::unique_ptr<data::Loader> m_trainLoader;
    std::int64_t m_stepsPerEpoch = 1;
    std::vector<std::int64_t> m_restarts;
    RunStarted m_start; ///< as announced, with what was noted since
    TrainingState m_state;
    std::map<std::string, double> m_epochValues;
    std::map<std::string, double> m_last;
    std::map<std::string, double> m_best;
    std::vector<double> m_newLosses;
    double m_secondsBefore = 0;
    Clock::time_point m_started = Clock::now();
    Clock::time_point m_lastProgress{};
    Clock::time_point m_nextSnapshot{};
};

ErrorKind kindOf(const std::exception& error) {
    if (const auto* ours = dynamic_cast<const Error*>(&error)) return ours->kind();
    return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ? ErrorKind::Resource : ErrorKind::Run;
}

bool hasCheckpoint(const RunFolder& folder) {
    std::error_code ignored;
    return std::filesystem::exists(folder.checkpointFile(), ignored) ||
           std::filesystem::exists(folder.bestFile(), ignored);
}

std::string errorText(const std::exception& error) {
    if (const auto* torchError = dynamic_cast<const c10::Error*>(&error))
        return torchError->what_without_backtrace();
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
        return "out of memory. Use a smaller batch or network.";
    return error.what();
}

} // namespace

RunEnded runTraining(const std::string& runId, const RunConfig& resolved, const RunFolder& folder,
                     const std::filesystem::path& startFile, const Registries& registries,
                     RunObserver& observer, const RunControl& control) {
    RunEnded ended;
    try {
        Progress loading;
        loading.phase = "loading";
        loading.totalSteps = 1;
        loading.secondsLeft = -1;
        observer.onEvent(runId, loading);
        at::set_num_threads(static_cast<int>(resolved.machine.threads));
        keepFreedMemory();
        const PeakMeter meter;
        folder.create(resolved);
        folder.removeResult();
        // A run that has a checkpoint needs nothing of the one it started from any more.
        const auto start = hasCheckpoint(folder) ? std::filesystem::path() : startFile;
        ended =
            TrainingLoop(runId, folder, openSession(resolved, registries, start), meter, observer, control)
                .run();
    } catch (const Interrupted& interrupted) {
        ended = {interrupted.state, "Checkpointed; it can be resumed from where it stopped.", nullptr};
    } catch (const std::exception& error) {
        ended = {RunState::Failed, errorText(error), nullptr, kindOf(error)};
    }
    if (ended.state != RunState::Finished) {
        try {
            folder.writeResult(ended);
        } catch (const std::exception& error) {
            ended.reason += " The outcome couldn't be written: " + std::string(error.what());
        }
    }
    observer.onEvent(runId, ended);
    return ended;
}

} // namespace quantarium::train
