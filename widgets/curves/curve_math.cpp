// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/curves/curve_math.h"

#include <algorithm>
#include <cmath>

#include <QHash>

namespace quantarium::widgets {
std::optional<double> recordedStepsPerEpoch(const RunSource& source, const QString& runId) {
    const QVector<qint64> epochs = source.snapshotEpochs(runId);
    if (epochs.isEmpty() || epochs.last() < 1) return std::nullopt;
    const auto snapshot = source.snapshot(runId, epochs.last());
    if (!snapshot || snapshot->epoch < 1 || snapshot->step < 1) return std::nullopt;
    return double(snapshot->step) / double(snapshot->epoch);
}

double estimatedStepsPerEpoch(const RunRow& row, const Curve& stepLosses) {
    if (stepLosses.x.isEmpty()) return 0;
    const double steps = stepLosses.x.last();
    const bool ended = row.epochsDone > 0 && row.state != RunState::Running && row.state != RunState::Paused;
    if (ended) return std::round(steps / double(row.epochsDone));
    return row.progress > 0 && row.epochsTotal > 0
               ? std::round(steps / (row.progress * double(row.epochsTotal)))
               : 0;
}

SeriesName parseSeriesName(const QString& name) {
    for (const char* part : {"train", "validation", "test"}) {
        const QString prefix = QLatin1String(part) + QLatin1Char('_');
        if (!name.startsWith(prefix)) continue;
        const QString quantity = name.mid(prefix.size());
        if (quantity.endsWith(QLatin1String("_mixed"))) {
            return {quantity.chopped(6), QLatin1String(part) + QStringLiteral(", partly quantized")};
        }
        return {quantity, QLatin1String(part)};
    }
    return {name, {}};
}

QString quantityTitle(const QString& quantity) {
    static const QHash<QString, QString> kTitles{
        {"loss", "loss"},
        {"top1", "top-1 accuracy (%)"},
        {"top5", "top-5 accuracy (%)"},
        {"learning_rate", "learning rate"},
        {"temperature", "temperature τ"},
        {"noise", "noise μ"},
        {"frozen_share", "frozen weights (share, 0 … 1)"},
        {"flip_rate", "flip rate (share of weights per epoch)"},
        {"seconds", "time per epoch (s)"},
    };
    QString plain = quantity;
    return kTitles.value(quantity, plain.replace(QLatin1Char('_'), QLatin1Char(' ')));
}

QString axisTitle(CurveAxis axis) {
    switch (axis) {
    case CurveAxis::Epoch:
        return QStringLiteral("epoch");
    case CurveAxis::Step:
        return QStringLiteral("optimizer step");
    case CurveAxis::Seconds:
        return QStringLiteral("wall-clock time (s)");
    }
    return {};
}

RunAxis::RunAxis(CurveAxis axis, double stepsPerEpoch, Curve seconds)
    : m_axis(axis), m_stepsPerEpoch(stepsPerEpoch), m_seconds(std::move(seconds)) {}

double RunAxis::epochAt(double epoch) const {
    if (m_axis == CurveAxis::Epoch) return epoch;
    if (m_axis == CurveAxis::Step) return m_stepsPerEpoch > 0 ? epoch * m_stepsPerEpoch : std::nan("");
    if (epoch <= 0) return 0;
    const auto next = std::lower_bound(m_seconds.x.begin(), m_seconds.x.end(), epoch);
    const qsizetype after = next - m_seconds.x.begin();
    if (m_seconds.x.isEmpty()) return std::nan("");
    if (after == m_seconds.x.size()) { // the running epoch: at the pace of the last one
        const qsizetype last = after - 1;
        const double before = last > 0 ? m_seconds.y[last - 1] : 0,
                     beforeEpoch = last > 0 ? m_seconds.x[last - 1] : 0;
        const double pace = (m_seconds.y[last] - before) / std::max(1.0, m_seconds.x[last] - beforeEpoch);
        return m_seconds.y[last] + pace * (epoch - m_seconds.x[last]);
    }
    const double startEpoch = after > 0 ? m_seconds.x[after - 1] : 0,
                 start = after > 0 ? m_seconds.y[after - 1] : 0;
    const double share = (epoch - startEpoch) / (m_seconds.x[after] - startEpoch);
    return start + share * (m_seconds.y[after] - start);
}

LinePoints RunAxis::ofEpochs(const Curve& curve) const {
    LinePoints points;
    for (qsizetype i = 0; i < curve.x.size(); ++i) {
        const double x = epochAt(curve.x[i]);
        if (!std::isfinite(x)) continue;
        points.x.append(x);
        points.y.append(curve.y[i]);
    }
    return points;
}

LinePoints RunAxis::ofSteps(const Curve& curve) const {
    if (m_axis == CurveAxis::Step) return {curve.x, curve.y};
    LinePoints points;
    if (!(m_stepsPerEpoch > 0)) return points;
    points.x.reserve(curve.x.size());
    for (qsizetype i = 0; i < curve.x.size(); ++i) {
        const double x = epochAt(curve.x[i] / m_stepsPerEpoch);
        if (!std::isfinite(x)) return {};
        points.x.append(x);
    }
    points.y = curve.y;
    return points;
}

QVector<double> smoothed(const QVector<double>& y, double weight) {
    if (!(weight > 0)) return y;
    QVector<double> result;
    result.reserve(y.size());
    double average = 0, left = 1; // left: weight of the start value, w^n
    for (const double value : y) {
        if (!std::isfinite(value)) {
            result.append(value);
            continue;
        }
        average = weight * average + (1 - weight) * value;
        left *= weight;
        result.append(average / (1 - left));
    }
    return result;
}

MeanBand meanBand(const QVector<LinePoints>& curves) {
    MeanBand band;
    qsizetype longest = 0;
    for (const LinePoints& curve : curves)
        longest = std::max(longest, curve.x.size());
    for (qsizetype i = 0; i < longest; ++i) {
        double count = 0, sumX = 0, sum = 0;
        for (const LinePoints& curve : curves) {
            if (i >= curve.x.size() || !std::isfinite(curve.y[i])) continue;
            ++count;
            sumX += curve.x[i];
            sum += curve.y[i];
        }
        if (count < 2) continue;
        const double mean = sum / count;
        double squares = 0;
        for (const LinePoints& curve : curves) {
            if (i < curve.x.size() && std::isfinite(curve.y[i]))
                squares += (curve.y[i] - mean) * (curve.y[i] - mean);
        }
        const double deviation = std::sqrt(squares / (count - 1));
        band.x.append(sumX / count);
        band.mean.append(mean);
        band.low.append(mean - deviation);
        band.high.append(mean + deviation);
    }
    return band;
}

} // namespace quantarium::widgets
