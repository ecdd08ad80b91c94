// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringList>

namespace quantarium::testing {

/// Whether a file has to name its licence.
bool isSource(const QString& path);
/// In the first line, or behind a "#!" line.
bool hasLicenceLine(const QString& text);
/// The first path in a text that exists only on somebody's machine, or nothing.
QString machinePath(const QString& text);
/// Whether the name in an #include "…" starts at the root (or is generated).
bool isOwnInclude(const QString& include);
/// Names of all #include "…" lines.
QStringList quotedIncludes(const QString& text);
bool isSnakeCase(const QString& fileName);

} // namespace quantarium::testing
