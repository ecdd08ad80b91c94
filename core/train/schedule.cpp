// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/error.h"

namespace quantarium::train {

namespace {

double share(const SchedulePoint& point) {
    return static_cast<double>(point.step) / static_cast<double>(std::max<std::int64_t>(1, point.steps));
}

/// 1 at t = 0, 0 at t = 1.
double halfCosine(double t) {
    return 0.5 * (1.0 + std::cos(std::numbers::pi * std::clamp(t, 0.0, 1.0)));
}

ScheduleEntry constantEntry() {
    return {{"constant", "Constant", "The learning rate never changes", "", {}},
            [](const Options&) -> Schedule { return [](const SchedulePoint&) { return 1.0; }; }};
}

ScheduleEntry stepEntry() {
    ScheduleEntry entry;
    entry.schema = {
        "step",
        "Step",
        "Multiplied by a factor at each milestone",
        "paper B 3.1: decaying by a factor of 10",
        {OptionSpec::realList("milestones", "Milestones", {0.5, 0.75}, 0.0, 1e6, "Where the rate drops"),
         OptionSpec::choice("unit", "Unit", "share", {"share", "epochs"},
                            "Milestones as shares of the schedule (0 … 1) or as epochs"),
         OptionSpec::real("factor", "Factor", 0.1, 1e-9, 1.0,
                          "What the rate is multiplied by at a milestone"),
         OptionSpec::realList("factors", "Factors", {}, 1e-9, 1.0,
                              "One factor for each milestone instead; empty: the same everywhere")
             .asAdvanced()}};
    entry.make = [](const Options& options) -> Schedule {
        const auto milestones = options.reals("milestones");
        const bool epochs = options.text("unit") == "epochs";
        auto factors = options.reals("factors");
        if (factors.empty()) factors.assign(milestones.size(), options.real("factor"));
        if (factors.size() != milestones.size())
            throw Error(ErrorKind::Config,
                        std::to_string(factors.size()) + " factors for " + std::to_string(milestones.size()) +
                            " milestones",
                        "training.schedule.options.factors", "Give one for each milestone, or none.");
        return [=](const SchedulePoint& point) {
            const double now = epochs
                                   ? static_cast<double>(point.step) /
                                         static_cast<double>(std::max<std::int64_t>(1, point.stepsPerEpoch))
                                   : share(point);
            double rate = 1.0;
            for (std::size_t i = 0; i < milestones.size(); ++i)
                if (now >= milestones[i]) rate *= factors[i];
            return rate;
        };
    };
    return entry;
}

ScheduleEntry cosineEntry() {
    ScheduleEntry entry;
    entry.schema = {"cosine",
                    "Cosine",
                    "Half a cosine from the full rate to the final one",
                    "Loshchilov, Hutter 2017, equation 5",
                    {OptionSpec::real("final_factor", "Final factor", 0.0, 0.0, 1.0,
                                      "Rate at the end, relative to the start"),
                     OptionSpec::real("warmup", "Warm-up", 0.0, 0.0, 0.9,
                                      "Share of the schedule in which the rate rises linearly from 0")}};
    entry.make = [](const Options& options) -> Schedule {
        const double last = options.real("final_factor");
        const double warmup = options.real("warmup");
        return [=](const SchedulePoint& point) {
            const double t = share(point);
            if (t < warmup)
                return static_cast<double>(point.step + 1) /
                       (warmup * static_cast<double>(point.steps) + 1.0);
            return last + (1.0 - last) * halfCosine((t - warmup) / (1.0 - warmup));
        };
    };
    return entry;
}

ScheduleEntry oneCycleEntry() {
    ScheduleEntry entry;
    entry.schema = {"one-cycle",
                    "One cycle",
                    "Up to the full rate, then down to almost nothing; momentum stays constant",
                    "Smith, Topin 2018; cosine form",
                    {OptionSpec::real("peak", "Peak", 0.3, 0.01, 0.99,
                                      "Share of the schedule at which the rate is largest"),
                     OptionSpec::real("start_factor", "Start factor", 0.04, 1e-9, 1.0,
                                      "Rate at the start, relative to the peak"),
                     OptionSpec::real("final_factor", "Final factor", 4e-6, 0.0, 1.0,
                                      "Rate at the end, relative to the peak")}};
    entry.make = [](const Options& options) -> Schedule {
        const double peak = options.real("peak");
        const double first = options.real("start_factor");
        const double last = options.real("final_factor");
        return [=](const SchedulePoint& point) {
            const double t = static_cast<double>(point.step) /
                             static_cast<double>(std::max<std::int64_t>(1, point.steps - 1));
            if (t < peak) return 1.0 + (first - 1.0) * halfCosine(t / peak);
            return last + (1.0 - last) * halfCosine((t - peak) / (1.0 - peak));
        };
    };
    return entry;
}

ScheduleEntry timeDecayEntry() {
    ScheduleEntry entry;
    entry.schema = {"time-decay",
                    "Time-based decay",
                    "Rate / (1 + decay × step), as Keras' \"decay\"",
                    "paper A 3.2: learning rate decay 1e-6",
                    {OptionSpec::real("decay", "Decay", 1e-6, 0.0, 1.0,
                                      "How much a step adds to the denominator", "per step")}};
    entry.make = [](const Options& options) -> Schedule {
        const double decay = options.real("decay");
        return
            [=](const SchedulePoint& point) { return 1.0 / (1.0 + decay * static_cast<double>(point.step)); };
    };
    return entry;
}

ScheduleEntry exponentialEntry() {
    ScheduleEntry entry;
    entry.schema = {"exponential",
                    "Exponential",
                    "Multiplied by the same factor after every epoch",
                    "Courbariaux et al. 2015, section 3: an exponentially decaying learning rate",
                    {OptionSpec::real("final_factor", "Final factor", 0.001, 1e-9, 1.0,
                                      "Rate after the last epoch, relative to the start")}};
    entry.make = [](const Options& options) -> Schedule {
        const double last = options.real("final_factor");
        return [=](const SchedulePoint& point) {
            const auto perEpoch = std::max<std::int64_t>(1, point.stepsPerEpoch);
            const double epochs = static_cast<double>(point.steps) / static_cast<double>(perEpoch);
            return std::pow(last, static_cast<double>(point.step / perEpoch) / std::max(1.0, epochs));
        };
    };
    return entry;
}

} // namespace

const Schedules& builtinSchedules() {
    static const Schedules schedules("schedule", {cosineEntry(), constantEntry(), stepEntry(),
                                                  oneCycleEntry(), timeDecayEntry(), exponentialEntry()});
    return schedules;
}

} // namespace quantarium::train
