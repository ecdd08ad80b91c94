// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QIcon>
#include <QString>

#include "widgets/theme/theme.h"

namespace quantarium::widgets {

/// An icon of resources/icons by its name ("play"), drawn in the theme's text colour, crisp at every size and
/// scale. An unknown name gives an empty icon.
QIcon themedIcon(const QString& name, const Theme& theme);

/// The same in one given colour.
QIcon colouredIcon(const QString& name, const QColor& normal, const QColor& disabled);

} // namespace quantarium::widgets
