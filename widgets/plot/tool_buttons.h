// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include "widgets/theme/theme.h"

class QToolButton;

namespace quantarium::widgets {

/// A button of a panel's tool row: reachable by Tab, with a name for screen readers and for tests.
QToolButton* makeToolButton(const QString& text, const QString& objectName, const QString& hint,
                            bool checkable);

/// Style sheet of a tool row: pressed ones are filled with the accent.
QString toolRowStyle(const Theme& theme);

} // namespace quantarium::widgets
