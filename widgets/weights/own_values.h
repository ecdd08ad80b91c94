// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringList>

#include "core/run/snapshot.h"

namespace quantarium::widgets {

/// What the methods of a layer's weights and of its inputs tell of themselves, as rich text of one line each:
/// "Weights  n1 = −2 · n2 = −3", "Inputs  clip = 4.2125". Empty when they tell nothing.
QString ownValuesHtml(const LayerSnapshot& layer);

/// The same for a file: {"weights: n1", "-2"}, …; names as recorded, values exact.
QList<QStringList> ownValueFields(const LayerSnapshot& layer);

} // namespace quantarium::widgets
