// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QMap>
#include <QSet>
#include <QString>
#include <QStringList>

namespace quantarium::testing {

/// The sources as text by path relative to the root ("core/base/error.h"): app, cmake, core, datasets, docs,
/// packaging, resources, tests, widgets and the files beside them; no build output.
using SourceTree = QMap<QString, QString>;

SourceTree readSourceTree();

bool isCpp(const QString& path);

/// What the #include lines of a C++ text name, quoted and angled alike, in order.
QStringList includesOf(const QString& text);

/// The layer a path belongs to: "base" … "study" for core, "widgets", "app"; empty for others.
QString layerOf(const QString& path);

/// The layers that files of this one may include besides their own (architecture: who may include whom).
QSet<QString> allowedLayers(const QString& layer);

/// "path: includes other" for every include that the table forbids.
QStringList forbiddenIncludes(const SourceTree& tree);

/// Library headers that a file reaches through the tree's own headers.
QSet<QString> reachedLibraries(const SourceTree& tree, const QString& path);

} // namespace quantarium::testing
