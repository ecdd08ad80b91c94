// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QVariant>

#include "widgets/bridge/run_source.h"

namespace quantarium::widgets {

/// The text of a RunsModel cell as people read it: "3 min 20 s", "−1.32", "10.3×"; "–" where nothing was
/// measured.
QString runCellText(const RunRow& row, int column);

/// The cell's tool tip: the whole story where the cell shows a part, else the same text.
QString runCellHelp(const RunRow& row, int column);

/// What the column sorts by: a number, or a text; invalid where nothing was measured.
QVariant runSortValue(const RunRow& row, int column);

/// "running", "queued", …, for people.
QString stateText(RunState state);

/// One of an epoch's values ("validation_top1"). NaN: not measured.
double epochValue(const QMap<QString, double>& values, const char* name);

} // namespace quantarium::widgets
