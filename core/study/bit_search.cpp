// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/bit_search.h"

#include <cmath>
#include <optional>

#include <ATen/Parallel.h>

#include "core/base/error.h"
#include "core/train/calibration.h"
#include "core/train/evaluation.h"
#include "core/train/resolve.h"
#include "core/train/session.h"
#include "core/train/training_step.h"

namespace quantarium::study {

namespace {

/// The width of each group; nothing: float.
struct Widths {
    std::optional<std::int64_t> convolutions;
    std::optional<std::int64_t> linears;
    std::optional<std::int64_t> inputs;
};

class BitSearch {
public:
    BitSearch(const RunConfig& config, const std::filesystem::path& startFile,
              const BitSearchSettings& settings, const train::Registries& registries,
              const std::function<void(const BitSearchTrial&)>& report)
        : m_config(config), m_startFile(startFile), m_settings(settings), m_registries(registries),
          m_report(report) {
        if (!std::isfinite(settings.margin))
            throw Error(ErrorKind::Config, "the margin is no number", "--margin");
        checkMethods();
        at::set_num_threads(static_cast<int>(config.machine.threads));
        for (const auto& layer : train::planRun(configFor({}), registries).layers)
            (layer.kind == "linear" ? m_linears : m_convolutions).push_back(layer.layer);
    }

    BitSearchResult run() {
        m_result.reference = measure(configFor({}));
        Widths best;
        if (!m_convolutions.empty())
            best.convolutions = smallest("convolution weights", &Widths::convolutions,
                                         reachable(m_registries.methods.at(m_settings.weights, "--method")));
        if (!m_linears.empty())
            best.linears = smallest("linear weights", &Widths::linears,
                                    reachable(m_registries.methods.at(m_settings.weights, "--method")));
        if (m_settings.activations != "none")
            best.inputs =
                smallest("layer inputs", &Widths::inputs,
                         reachable(m_registries.activations.at(m_settings.activations, "--activations")));
        m_result.chosen = configFor(best);
        m_result.chosenMetric = measure(m_result.chosen);
        record({best.convolutions || best.linears || best.inputs ? "all together" : "nothing", 0,
                m_result.chosenMetric, within(m_result.chosenMetric)});
        return m_result;
    }

private:
    /// What can't be tried is refused before anything is measured.
    void checkMethods() const {
        (void)m_registries.methods.at(m_settings.weights, "--method");
        if (m_settings.activations == "none") return;
        const auto& inputs = m_registries.activations.at(m_settings.activations, "--activations");
        if (const auto widths = reachable(inputs); !widths.empty()) {
            Widths alone;
            alone.inputs = widths.front();
            (void)configFor(alone);
        }
    }

    template <class Method> std::vector<std::int64_t> reachable(const Method& method) const {
        std::vector<std::int64_t> widths;
        for (const auto bits : m_settings.widths)
            if (bits >= method.minimumBits && bits <= method.maximumBits) widths.push_back(bits);
        return widths;
    }

    /// The smallest width before the first that loses too much; nothing when even the first does.
    std::optional<std::int64_t> smallest(const std::string& group,
                                         std::optional<std::int64_t> Widths::*member,
                                         const std::vector<std::int64_t>& widths) {
        std::optional<std::int64_t> found;
        for (const auto bits : widths) {
            Widths alone;
            alone.*member = bits;
            const double metric = measure(configFor(alone));
            record({group, bits, metric, within(metric)});
            if (!within(metric)) break;
            found = bits;
        }
        return found;
    }

    bool within(double metric) const { return metric >= m_result.reference - m_settings.margin; }

    void record(const BitSearchTrial& trial) {
        m_result.trials.push_back(trial);
        if (m_report) m_report(trial);
    }

    /// Everything quantized at the given widths. The larger group is the section's own width, the other is
    /// overridden layer by layer.
    RunConfig configFor(const Widths& widths) const {
        RunConfig config = m_config;
        config.name.clear();
        config.weights = {"float"};
        config.activations = {"none"};
        if (const auto main = widths.convolutions ? widths.convolutions : widths.linears) {
            config.weights.method = m_settings.weights;
            config.weights.bits = *main;
            config.weights.policy = "all";
            const auto override = [&](const std::vector<std::string>& parameters,
                                      std::optional<std::int64_t> bits) {
                if (bits == main) return;
                for (const auto& parameter : parameters)
                    config.weights.overrides[parameter.substr(0, parameter.rfind('.'))] =
                        bits ? Json{{"bits", *bits}} : Json{{"method", "float"}};
            };
            override(m_convolutions, widths.convolutions);
            override(m_linears, widths.linears);
        }
        if (widths.inputs) {
            config.activations.method = m_settings.activations;
            config.activations.bits = *widths.inputs;
            config.activations.policy = "all";
        }
        return train::resolve(config, m_registries);
    }

    double measure(const RunConfig& config) {
        auto session = train::openSession(config, m_registries, m_startFile);
        if (!session.splits.validation)
            throw Error(ErrorKind::Config, "there are no validation images to measure on",
                        "dataset.validation", "Use a run with a validation share above 0.");
        train::calibrateActivations(session);
        train::finishMethods(session);
        const auto metric = session.task->metrics().front().name;
        m_result.metric = "validation_" + metric;
        return train::evaluate(session, session.splits.validation, quant::Mode::Eval, "").at(metric);
    }

    RunConfig m_config;
    std::filesystem::path m_startFile;
    BitSearchSettings m_settings;
    const train::Registries& m_registries;
    const std::function<void(const BitSearchTrial&)>& m_report;
    std::vector<std::string> m_convolutions; ///< parameter names
    std::vector<std::string> m_linears;
    BitSearchResult m_result;
};

} // namespace

BitSearchResult searchBits(const RunConfig& config, const std::filesystem::path& startFile,
                           const BitSearchSettings& settings, const train::Registries& registries,
                           const std::function<void(const BitSearchTrial&)>& report) {
    return BitSearch(config, startFile, settings, registries, report).run();
}

} // namespace quantarium::study
