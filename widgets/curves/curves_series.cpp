// SPDX-License-Identifier: GPL-3.0-or-later
// CurvesPanel: which lines a plot gets.
#include "widgets/curves/curves_panel.h"

#include <algorithm>

#include <QCheckBox>
#include <QSlider>
#include <QToolButton>

namespace quantarium::widgets {
namespace {

constexpr double kFaint = 0.3;
constexpr int kMostInLegend = 12; // runs

QColor faded(QColor colour, double opacity) {
    colour.setAlphaF(float(opacity));
    return colour;
}

/// Training dashed, validation solid, test dotted, partly quantized dash-dotted.
Qt::PenStyle penOf(const QString& part) {
    if (part == QLatin1String("train")) return Qt::DashLine;
    if (part == QLatin1String("test")) return Qt::DotLine;
    return part.contains(QLatin1Char(',')) ? Qt::DashDotLine : Qt::SolidLine;
}

QString labelled(const QString& run, const QString& part) {
    return part.isEmpty() ? run : run + QStringLiteral(" · ") + part;
}

bool isMain(const QString& part) {
    return part.isEmpty() || part == QLatin1String("validation");
}

} // namespace

QSet<QString> CurvesPanel::averagedGroups(const QVector<RunRow>& runs) const {
    QSet<QString> seen, averaged;
    if (!m_means->isChecked()) return averaged;
    for (const RunRow& row : runs) {
        if (row.group.isEmpty()) continue;
        if (seen.contains(row.group)) averaged.insert(row.group);
        seen.insert(row.group);
    }
    return averaged;
}

void CurvesPanel::updatePlot(const QString& quantity, const QVector<RunRow>& runs) {
    PlotView* view = m_plots.value(quantity);
    QVector<PlotSeries> series;
    QVector<PlotBand> bands;
    const QSet<QString> averaged = averagedGroups(runs);
    for (const RunRow& row : runs) {
        if (quantity == QLatin1String("loss")) addStepLoss(row, averaged.contains(row.group), series);
    }
    for (const RunRow& row : runs)
        addRun(quantity, row, averaged.contains(row.group), series);
    addMeans(quantity, runs, series, bands);
    addKey(series);
    shortenLegend(series);
    PlotAxis x{axisTitle(axis())};
    x.integers = axis() != CurveAxis::Seconds;
    PlotAxis y{quantityTitle(quantity)};
    y.logarithmic = quantity == QLatin1String("loss") && m_log->isChecked();
    view->setXAxis(x);
    view->setYAxis(y);
    view->setSeries(series);
    view->setBands(bands);
}

const CurvesPanel::StepCurve& CurvesPanel::stepCurve(const QString& runId) {
    const Curve losses = m_source->stepLosses(runId);
    StepCurve& kept = m_steps[runId];
    const LinePoints raw = m_axes.find(runId)->ofSteps(losses);
    const double lastX = raw.x.isEmpty() ? 0 : raw.x.last();
    const bool same = kept.size == losses.x.size() && kept.smoothing == m_smoothing->value() &&
                      kept.axis == axis() && kept.lastX == lastX;
    if (!same)
        kept = {losses.x.size(),
                m_smoothing->value(),
                axis(),
                lastX,
                raw,
                smoothed(raw.y, m_smoothing->value() / 100.0)};
    return kept;
}

void CurvesPanel::addStepLoss(const RunRow& row, bool faint, QVector<PlotSeries>& series) {
    const StepCurve& steps = stepCurve(row.id);
    if (steps.raw.x.isEmpty()) return;
    const QColor colour = m_theme.runColour(row.colour);
    PlotSeries raw{row.id + QStringLiteral("/step raw"), labelled(row.name, QStringLiteral("step loss")),
                   steps.raw.x, steps.raw.y};
    raw.colour = faded(colour, 0.22);
    raw.width = 1;
    raw.inLegend = false;
    raw.inCursor = false;
    PlotSeries smooth{row.id + QStringLiteral("/step"),
                      labelled(row.name, QStringLiteral("step loss, smoothed")), steps.raw.x, steps.smooth};
    smooth.colour = faded(colour, faint ? kFaint : 0.75);
    smooth.width = 1.1;
    smooth.inLegend = !faint && m_source->seriesNames(row.id).isEmpty(); // until its first epoch has ended
    if (smooth.inLegend) smooth.label = row.name;
    smooth.inCursor = !faint;
    if (m_smoothing->value() > 0) series.append(raw);
    series.append(smooth);
}

void CurvesPanel::addRun(const QString& quantity, const RunRow& row, bool faint,
                         QVector<PlotSeries>& series) {
    const QStringList names = m_source->seriesNames(row.id);
    bool hasMain = false;
    for (const QString& name : names) {
        const SeriesName parsed = parseSeriesName(name);
        hasMain = hasMain || (parsed.quantity == quantity && isMain(parsed.part));
    }
    for (const QString& name : names) {
        const SeriesName parsed = parseSeriesName(name);
        if (parsed.quantity != quantity) continue;
        const LinePoints points = m_axes.find(row.id)->ofEpochs(m_source->series(row.id, name));
        PlotSeries line{row.id + QLatin1Char('/') + name, labelled(row.name, parsed.part), points.x,
                        points.y};
        line.colour = faded(m_theme.runColour(row.colour), faint ? kFaint : 1);
        line.pen = penOf(parsed.part);
        line.width = faint ? 1 : 2;
        line.inLegend = !faint && (isMain(parsed.part) || !hasMain);
        if (line.inLegend) line.label = labelled(row.name, parsed.part);
        line.inCursor = !faint;
        series.append(line);
    }
}

void CurvesPanel::addMeans(const QString& quantity, const QVector<RunRow>& runs, QVector<PlotSeries>& series,
                           QVector<PlotBand>& bands) {
    for (const QString& group : averagedGroups(runs)) {
        QVector<RunRow> members;
        for (const RunRow& row : runs) {
            if (row.group == group) members.append(row);
        }
        for (const QString& seriesName : m_source->seriesNames(members.first().id)) {
            const SeriesName parsed = parseSeriesName(seriesName);
            if (parsed.quantity != quantity) continue;
            QVector<LinePoints> curves;
            for (const RunRow& row : members)
                curves.append(m_axes.find(row.id)->ofEpochs(m_source->series(row.id, seriesName)));
            const MeanBand band = meanBand(curves);
            if (band.x.isEmpty()) continue;
            const QColor colour = m_theme.runColour(members.first().colour);
            const QString id = group + QStringLiteral("/mean/") + seriesName;
            const auto name = QString::fromStdString(
                members.first().config.withoutSeed(members.first().name.toStdString()));
            PlotSeries mean{id,
                            labelled(tr("%1, mean ± std of %2").arg(name).arg(members.size()), parsed.part),
                            band.x, band.mean};
            mean.colour = colour;
            mean.pen = penOf(parsed.part);
            mean.width = 2.4;
            mean.inLegend = isMain(parsed.part);
            mean.reading = [band](qsizetype i) {
                return QStringLiteral("%1 ± %2")
                    .arg(band.mean[i], 0, 'g', 4)
                    .arg(band.high[i] - band.mean[i], 0, 'g', 2);
            };
            series.append(mean);
            bands.append({id, band.x, band.low, band.high, colour, 0.18});
        }
    }
}

void CurvesPanel::shortenLegend(QVector<PlotSeries>& series) {
    int shown = 0;
    int left = 0;
    for (PlotSeries& one : series) {
        if (!one.inLegend) continue;
        const bool key = one.id.startsWith(QLatin1String("key/"));
        const QString what = key ? one.id : one.id.section(QLatin1Char('/'), 0, 0); // a run, a group
        one.inLegend = !m_explained.contains(what);
        if (!one.inLegend) continue;
        m_explained.insert(what);
        if (key || ++shown <= kMostInLegend) continue;
        one.inLegend = false;
        ++left;
    }
    if (left == 0) return;
    PlotSeries rest{QStringLiteral("key/rest"), tr("… and %1 more").arg(left)};
    rest.colour = m_theme.mutedText;
    rest.pen = Qt::NoPen;
    rest.inCursor = false;
    rest.inRange = false;
    series.append(rest);
}

void CurvesPanel::addKey(QVector<PlotSeries>& series) const {
    QSet<int> pens;
    for (const PlotSeries& one : std::as_const(series))
        pens.insert(one.pen);
    const bool steps = std::any_of(series.begin(), series.end(), [](const PlotSeries& one) {
        return one.id.endsWith(QLatin1String("/step"));
    });
    const QVector<QPair<Qt::PenStyle, QString>> keys{{Qt::DashLine, tr("dashed: training")},
                                                     {Qt::DotLine, tr("dotted: test")},
                                                     {Qt::DashDotLine, tr("dash-dot: partly quantized")}};
    for (const auto& [pen, text] : keys) {
        if (!pens.contains(pen)) continue;
        PlotSeries key{QStringLiteral("key/%1").arg(int(pen)), text};
        key.colour = m_theme.mutedText;
        key.pen = pen;
        key.inCursor = false;
        key.inRange = false;
        series.append(key);
    }
    if (!steps) return;
    PlotSeries key{QStringLiteral("key/step"), tr("thin: loss of each step, smoothed")};
    key.colour = m_theme.mutedText;
    key.width = 1;
    key.inCursor = false;
    key.inRange = false;
    series.append(key);
}

} // namespace quantarium::widgets
