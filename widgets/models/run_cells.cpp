// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/models/run_cells.h"

#include <cmath>
#include <limits>

#include <QCoreApplication>

#include "core/base/text.h"
#include "core/run/first_and_last.h"
#include "widgets/models/runs_model.h"

namespace quantarium::widgets {

namespace {

QString translated(const char* text) {
    return QCoreApplication::translate("Runs", text);
}

QString decimal(double value, int digits) {
    return std::isfinite(value) ? QString::number(value, 'f', digits) : QStringLiteral("–");
}

QString duration(double seconds) {
    return QString::fromStdString(formatDuration(seconds));
}

QString signedDecimal(double value) {
    auto text = QString::number(std::abs(value), 'f', 2);
    if (text == QLatin1String("0.00")) return text;
    return (value < 0 ? QStringLiteral("−") : QStringLiteral("+")) + text;
}

QString bitsText(const RunRow& row) {
    const auto& activations = row.config.activations;
    const auto weights =
        row.config.weights.method == "float" ? translated("float") : QString::number(row.config.weights.bits);
    return activations.method == "none" ? weights
                                        : QStringLiteral("W %1 · A %2").arg(weights).arg(activations.bits);
}

/// The dataset with what is known of the run's data and layers; of many notes the first ones.
QString datasetHelp(const RunRow& row) {
    constexpr std::size_t kShown = 12;
    QStringList lines{QString::fromStdString(row.config.dataset.id)};
    const auto notes = row.report ? row.report->notes : std::vector<std::string>();
    for (std::size_t i = 0; i < std::min(notes.size(), kShown); ++i)
        lines << QString::fromStdString(notes[i]);
    if (notes.size() > kShown) lines << translated("… and %1 more").arg(notes.size() - kShown);
    return lines.join(QLatin1Char('\n'));
}

QString testHelp(const RunRow& row) {
    if (!std::isfinite(epochValue(row.best, "test_top1"))) return translated("Measured when the run ends.");
    auto text = translated("Epoch %1, the best on validation data").arg(row.bestEpoch);
    const double last = epochValue(row.last, "test_top1");
    if (std::isfinite(last)) text += translated("; after the last epoch %1 %").arg(decimal(last, 2));
    return text;
}

QString deltaHelp(const RunRow& row) {
    if (row.deltaToFloat)
        return (row.deltaOnTest ? translated("Percentage points on test data, against %1")
                                : translated("Percentage points on validation data, against %1"))
            .arg(row.deltaReference);
    if (row.config.isFloat()) return translated("A float run is compared only with a float run that it starts from.");
    if (row.state != RunState::Finished) return translated("Known when the run has finished.");
    return translated("Its float run has not finished, or there is none.");
}

QVariant numberOrNothing(double value) {
    return std::isfinite(value) ? QVariant(value) : QVariant();
}

} // namespace

QString stateText(RunState state) {
    return QString::fromStdString(toString(state));
}

double epochValue(const QMap<QString, double>& values, const char* name) {
    return values.value(QLatin1String(name), std::numeric_limits<double>::quiet_NaN());
}

QString runCellText(const RunRow& row, int column) {
    switch (column) {
    case RunsModel::Name:
        return row.name.isEmpty() ? row.id : row.name;
    case RunsModel::State:
        return row.state == RunState::Running && !row.phase.isEmpty() ? row.phase : stateText(row.state);
    case RunsModel::Progress:
        return QString::number(std::floor(row.progress * 100), 'f', 0) + QStringLiteral(" %");
    case RunsModel::TimeLeft:
        return row.state == RunState::Running && row.secondsLeft >= 0 ? duration(row.secondsLeft) : QString();
    case RunsModel::Network:
        return QString::fromStdString(row.config.network.id);
    case RunsModel::Dataset:
        return QString::fromStdString(row.config.dataset.id);
    case RunsModel::Method:
        return QString::fromStdString(row.config.weights.method);
    case RunsModel::Bits:
        return bitsText(row);
    case RunsModel::Policy:
        if (row.config.weights.method == "float") return QStringLiteral("–");
        return QString::fromStdString(row.report && !row.report->layers.empty()
                                          ? firstAndLastText(*row.report)
                                          : row.config.weights.policy);
    case RunsModel::Last:
        return decimal(epochValue(row.last, "validation_top1"), 2);
    case RunsModel::Best:
        return decimal(epochValue(row.best, "validation_top1"), 2);
    case RunsModel::Test:
        return decimal(epochValue(row.best, "test_top1"), 2);
    case RunsModel::Delta:
        return row.deltaToFloat ? signedDecimal(*row.deltaToFloat) : QStringLiteral("–");
    case RunsModel::Memory:
        return row.report ? decimal(row.report->memory.reductionEverything, 1) + QStringLiteral("×")
                          : QStringLiteral("–");
    case RunsModel::Seconds:
        return row.seconds > 0 ? duration(row.seconds) : QStringLiteral("–");
    default:
        return {};
    }
}

QString runCellHelp(const RunRow& row, int column) {
    switch (column) {
    case RunsModel::Name:
        return row.name + QStringLiteral("\n") + row.id;
    case RunsModel::State:
        return row.reason.isEmpty() ? stateText(row.state) : row.reason;
    case RunsModel::Progress:
        return translated("%1 of %2 epochs").arg(row.epochsDone).arg(row.epochsTotal);
    case RunsModel::Dataset:
        return datasetHelp(row);
    case RunsModel::Last:
        return row.epochsDone > 0 ? translated("Epoch %1, on validation data").arg(row.epochsDone)
                                  : QString();
    case RunsModel::Best:
        return row.bestEpoch > 0 ? translated("Epoch %1, on validation data").arg(row.bestEpoch) : QString();
    case RunsModel::Test:
        return testHelp(row);
    case RunsModel::Delta:
        return deltaHelp(row);
    case RunsModel::Memory:
        return row.report ? translated("Everything counted %1×, quantized weights alone %2×")
                                .arg(decimal(row.report->memory.reductionEverything, 2),
                                     decimal(row.report->memory.reductionWeightsOnly, 2))
                          : QString();
    default:
        return runCellText(row, column);
    }
}

QVariant runSortValue(const RunRow& row, int column) {
    switch (column) {
    case RunsModel::State:
        return static_cast<int>(row.state);
    case RunsModel::Progress:
        return row.progress;
    case RunsModel::TimeLeft:
        return row.state == RunState::Running && row.secondsLeft >= 0 ? QVariant(row.secondsLeft)
                                                                      : QVariant();
    case RunsModel::Bits:
        return static_cast<qlonglong>(row.config.weights.bits);
    case RunsModel::Last:
        return numberOrNothing(epochValue(row.last, "validation_top1"));
    case RunsModel::Best:
        return numberOrNothing(epochValue(row.best, "validation_top1"));
    case RunsModel::Test:
        return numberOrNothing(epochValue(row.best, "test_top1"));
    case RunsModel::Delta:
        return row.deltaToFloat ? QVariant(*row.deltaToFloat) : QVariant();
    case RunsModel::Memory:
        return row.report ? QVariant(row.report->memory.reductionEverything) : QVariant();
    case RunsModel::Seconds:
        return row.seconds;
    default:
        return runCellText(row, column);
    }
}

} // namespace quantarium::widgets
