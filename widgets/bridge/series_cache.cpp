// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/bridge/series_cache.h"

#include <algorithm>

namespace quantarium::widgets {

namespace {

/// Removes the points beyond `lastStep`.
void cutAfter(QVector<double>& steps, QVector<double>& losses, double lastStep) {
    const auto end = std::upper_bound(steps.begin(), steps.end(), lastStep) - steps.begin();
    steps.resize(end);
    losses.resize(end);
}

} // namespace

void RunSeries::begin(std::int64_t firstEpoch) {
    for (auto& [name, values] : m_values)
        values.erase(values.upper_bound(firstEpoch), values.end());
    m_snapshots.erase(m_snapshots.upper_bound(firstEpoch), m_snapshots.end());
    m_liveSteps.clear();
    m_liveLosses.clear();
    if (firstEpoch > 0) return;
    m_steps.clear();
    m_losses.clear();
    m_firstLiveEpoch = 1;
    m_firstLiveStep = 0;
    recorded = Recorded::Read; // nothing was there before
}

void RunSeries::addEpoch(const EpochDone& epoch) {
    for (const auto& [name, value] : epoch.values)
        m_values[name][epoch.epoch] = value;
    const auto before = epoch.step - static_cast<std::int64_t>(epoch.stepLosses.size());
    if (m_firstLiveEpoch < 0) {
        m_firstLiveEpoch = epoch.epoch;
        m_firstLiveStep = before;
    }
    cutAfter(m_steps, m_losses, static_cast<double>(before));
    for (std::size_t i = 0; i < epoch.stepLosses.size(); ++i) {
        m_steps.push_back(static_cast<double>(before + static_cast<std::int64_t>(i) + 1));
        m_losses.push_back(epoch.stepLosses[i]);
    }
    m_liveSteps.clear();
    m_liveLosses.clear();
}

void RunSeries::addLosses(const std::vector<double>& losses, std::int64_t lastStep) {
    const auto before = static_cast<double>(lastStep - static_cast<std::int64_t>(losses.size()));
    cutAfter(m_liveSteps, m_liveLosses, before);
    for (std::size_t i = 0; i < losses.size(); ++i) {
        m_liveSteps.push_back(before + static_cast<double>(i) + 1);
        m_liveLosses.push_back(losses[i]);
    }
}

void RunSeries::setRecorded(const RecordedSeries& given) {
    recorded = Recorded::Read;
    const auto isOld = [this](std::int64_t epoch) {
        return m_firstLiveEpoch < 0 || epoch < m_firstLiveEpoch;
    };
    for (const auto& [name, points] : given.byName)
        for (const auto& [epoch, value] : points)
            if (isOld(epoch)) m_values[name][epoch] = value;
    for (const auto epoch : given.snapshotEpochs)
        if (isOld(epoch)) m_snapshots.insert(epoch);
    QVector<double> steps;
    QVector<double> losses;
    for (const auto& [step, loss] : given.stepLosses) {
        if (m_firstLiveEpoch >= 0 && step > m_firstLiveStep) break;
        steps.push_back(static_cast<double>(step));
        losses.push_back(loss);
    }
    m_steps = steps + m_steps;
    m_losses = losses + m_losses;
}

QStringList RunSeries::names() const {
    QStringList names;
    for (const auto& [name, values] : m_values)
        names.push_back(QString::fromStdString(name));
    return names;
}

Curve RunSeries::byEpoch(const QString& name) const {
    Curve curve;
    const auto found = m_values.find(name.toStdString());
    if (found == m_values.end()) return curve;
    for (const auto& [epoch, value] : found->second) {
        curve.x.push_back(static_cast<double>(epoch));
        curve.y.push_back(value);
    }
    return curve;
}

Curve RunSeries::stepLosses() const {
    Curve curve{m_steps, m_losses};
    const double last = m_steps.isEmpty() ? 0 : m_steps.back();
    for (qsizetype i = 0; i < m_liveSteps.size(); ++i) {
        if (m_liveSteps[i] <= last) continue;
        curve.x.push_back(m_liveSteps[i]);
        curve.y.push_back(m_liveLosses[i]);
    }
    return curve;
}

Curve RunSeries::seconds() const {
    auto curve = byEpoch(QStringLiteral("seconds"));
    double sum = 0;
    for (auto& value : curve.y)
        value = sum += value;
    return curve;
}

QVector<qint64> RunSeries::snapshotEpochs() const {
    QVector<qint64> epochs;
    for (const auto epoch : m_snapshots)
        epochs.push_back(epoch);
    return epochs;
}

} // namespace quantarium::widgets
