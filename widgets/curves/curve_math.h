// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include <QString>
#include <QVector>

#include "widgets/bridge/run_source.h"
#include "widgets/plot/decimation.h"

namespace quantarium::widgets {

enum class CurveAxis { Epoch, Step, Seconds };

/// "train_loss" taken apart: which quantity, measured on what.
struct SeriesName {
    QString quantity; ///< "loss", "top1", "learning_rate", …
    QString part; ///< "train", "validation", "test", "validation, mixed precision"; empty when the quantity
                  ///< has no parts
};

SeriesName parseSeriesName(const QString& name);
/// A quantity's axis title, with its unit: "top1" → "top-1 accuracy (%)".
QString quantityTitle(const QString& quantity);
QString axisTitle(CurveAxis axis);

/// Optimizer steps in one epoch, from the newest recorded snapshot; empty while there is none or it is still
/// being read.
std::optional<double> recordedStepsPerEpoch(const RunSource& source, const QString& runId);
/// The same guessed from how far the run has come; 0: unknown.
double estimatedStepsPerEpoch(const RunRow& row, const Curve& stepLosses);

/// Where epochs and steps of one run lie on an axis.
class RunAxis {
public:
    /// `stepsPerEpoch` 0: unknown. `seconds`: wall-clock seconds at each epoch's end.
    RunAxis(CurveAxis axis, double stepsPerEpoch, Curve seconds);
    /// Epoch values on the axis; epochs that have no place there yet are left out.
    LinePoints ofEpochs(const Curve& curve) const;
    /// Step values on the axis.
    LinePoints ofSteps(const Curve& curve) const;

private:
    double epochAt(double epoch) const;

    CurveAxis m_axis;
    double m_stepsPerEpoch;
    Curve m_seconds;
};

/// Exponential moving average with start-up correction (as TensorBoard draws it): s = w s + (1 − w) y, shown
/// s / (1 − w^n). Values that are not finite are passed through and not averaged. `weight` in 0 … 1, 0
/// returns y.
QVector<double> smoothed(const QVector<double>& y, double weight);

/// Mean and sample standard deviation over runs.
struct MeanBand {
    QVector<double> x;
    QVector<double> mean;
    QVector<double> low;  ///< mean − std
    QVector<double> high; ///< mean + std
};

/// Point by point (epoch by epoch) over curves that start together; a point counts while at least two curves
/// have it. x is the mean of theirs.
MeanBand meanBand(const QVector<LinePoints>& curves);

} // namespace quantarium::widgets
